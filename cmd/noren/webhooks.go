package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"text/tabwriter"
	"time"

	"noren"
)

// webhooksCmd is `noren webhooks`: what other systems told us. It works on the database alone, as callbacksCmd does.
type webhooksCmd struct {
	List webhooksListCmd `cmd:"" help:"List what Shopify sent and what became of it, newest first."`
}

// webhookOutcome reads --outcome; empty is any.
func webhookOutcome(text string) (noren.WebhookOutcome, error) {
	switch o := noren.WebhookOutcome(text); o {
	case "", noren.WebhookApplied, noren.WebhookHeld, noren.WebhookKnown, noren.WebhookIgnored, noren.WebhookRefused:
		return o, nil
	}
	return "", usageError{fmt.Errorf("--outcome: %q is none of applied, held, known, ignored, refused", text)}
}

// webhooksListCmd is `noren webhooks list`.
type webhooksListCmd struct {
	databaseFlag
	Tenant  string `placeholder:"CONTRACT" help:"Those of one tenant only."`
	Outcome string `placeholder:"OUTCOME" help:"Only applied, held, known, ignored or refused."`
	Limit   int    `default:"100" help:"How many of each tenant at most; 0 is all."`
}

// Help is what `noren webhooks list --help` says besides the flags.
func (webhooksListCmd) Help() string {
	return "The outcome is what became of a message when it arrived: an order that was held then may be credited by now. " +
		"A message that was refused is judged again when it is sent again. What is not signed with the shop's secret is not listed."
}

// Run prints webhooks as a table.
func (c *webhooksListCmd) Run(ctx context.Context, std streams) error {
	outcome, err := webhookOutcome(c.Outcome)
	if err != nil {
		return err
	}
	if c.Limit < 0 {
		return usageError{fmt.Errorf("--limit: %d is less than nothing", c.Limit)}
	}
	if err := c.mustExist(); err != nil {
		return err
	}
	h, err := openHouse(ctx, c.Database, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer h.close()
	tenants, err := c.tenants(ctx, h.service)
	if err != nil {
		return err
	}
	filter := noren.WebhookFilter{Outcome: outcome, Page: noren.Page{Limit: c.Limit}}
	lists := make([][]noren.Webhook, len(tenants))
	for i, t := range tenants {
		list, err := h.service.Webhooks(ctx, noren.Caller{Tenant: t}, filter)
		if err != nil {
			return fmt.Errorf("tenant %s: %w", t.Contract, err)
		}
		lists[i] = list.Items
	}
	return printWebhooks(std.out, tenants, lists)
}

// tenants answers the tenant that is asked for, or all.
func (c *webhooksListCmd) tenants(ctx context.Context, service *noren.Service) ([]noren.Tenant, error) {
	if c.Tenant == "" {
		all, err := service.Tenants(ctx)
		if err != nil {
			return nil, fmt.Errorf("listing the tenants: %w", err)
		}
		return all, nil
	}
	t, err := service.TenantByContract(ctx, c.Tenant)
	if err != nil {
		return nil, unknownTenant(err, c.Tenant)
	}
	return []noren.Tenant{t}, nil
}

// printWebhooks prints one list of webhooks for each tenant. Times are in UTC, as those of callbacks. The detail comes
// last because it is a sentence.
func printWebhooks(out io.Writer, tenants []noren.Tenant, lists [][]noren.Webhook) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
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
