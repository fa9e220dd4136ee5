package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"noren"
)

// webhooksCmd is `noren webhooks`: messages received from other systems. Like callbacksCmd it works on the database
// alone.
type webhooksCmd struct {
	List webhooksListCmd `cmd:"" help:"List received webhooks and their outcome, newest first."`
}

// webhookOutcome reads --outcome; empty means any.
func webhookOutcome(text string) (noren.WebhookOutcome, error) {
	switch o := noren.WebhookOutcome(text); o {
	case "", noren.WebhookApplied, noren.WebhookHeld, noren.WebhookKnown, noren.WebhookIgnored, noren.WebhookRefused:
		return o, nil
	}
	return "", usageError{fmt.Errorf("--outcome: must be applied, held, known, ignored or refused, not %q", text)}
}

// webhooksListCmd is `noren webhooks list`.
type webhooksListCmd struct {
	listFlags
	Outcome string `placeholder:"OUTCOME" help:"Only this outcome: applied, held, known, ignored or refused."`
}

// Help is the text of `noren webhooks list --help` above the flags.
func (webhooksListCmd) Help() string {
	return "The outcome is the one at the time of arrival: an order that was held may have been credited since. A refused " +
		"message is processed again if it is sent again. Messages without a valid signature are not listed."
}

// Run prints webhooks as a table.
func (c *webhooksListCmd) Run(ctx context.Context, std streams) error {
	outcome, err := webhookOutcome(c.Outcome)
	if err != nil {
		return err
	}
	page, err := c.page()
	if err != nil {
		return err
	}
	h, tenants, err := c.openTenants(ctx, anyTenant)
	if err != nil {
		return err
	}
	defer h.close()
	filter := noren.WebhookFilter{Outcome: outcome, Page: page}
	lists := make([][]noren.Webhook, len(tenants))
	for i, t := range tenants {
		list, err := h.rooms.Inbox.List(ctx, noren.Caller{Tenant: t}, filter)
		if err != nil {
			return fmt.Errorf("tenant %s: %w", t.Contract, err)
		}
		lists[i] = list.Items
	}
	return printWebhooks(std.out, tenants, lists)
}

// printWebhooks prints the webhooks of each tenant in one table. Times are in UTC, as for callbacks. The detail comes
// last because it is a sentence.
func printWebhooks(out io.Writer, tenants []noren.Tenant, lists [][]noren.Webhook) error {
	w := newTable(out)
	say(w, "TENANT\tARRIVED AT\tSOURCE\tTOPIC\tSUBJECT\tOUTCOME\tID\tDETAIL\n")
	for i, list := range lists {
		for _, m := range list {
			subject := m.Subject
			if subject == "" {
				subject = "-"
			}
			say(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", tenants[i].Contract, m.At.UTC().Format(time.RFC3339), m.Source,
				m.Topic, subject, m.Outcome, m.ID, m.Detail)
		}
	}
	return w.Flush()
}
