package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"noren"
)

// callbacksCmd is `noren callbacks`. It works on the database alone: it needs no server, and sees the callbacks of all
// nodes that share the database.
type callbacksCmd struct {
	List   callbacksListCmd   `cmd:"" help:"List callbacks, newest first."`
	Resend callbacksResendCmd `cmd:"" help:"Resend callbacks, delivered or not."`
}

// callbackState reads --state; empty means any.
func callbackState(text string) (noren.DeliveryState, error) {
	switch s := noren.DeliveryState(text); s {
	case "", noren.CallbackPending, noren.CallbackDelivered, noren.CallbackGivenUp:
		return s, nil
	}
	return "", usageError{fmt.Errorf("--state: must be pending, delivered or given_up, not %q", text)}
}

// callbacksListCmd is `noren callbacks list`.
type callbacksListCmd struct {
	listFlags
	State string `placeholder:"STATE" help:"Only this state: pending, delivered or given_up."`
}

// Run prints callbacks as a table.
func (c *callbacksListCmd) Run(ctx context.Context, std streams) error {
	state, err := callbackState(c.State)
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
	filter := noren.CallbackFilter{State: state, Page: page}
	lists := make([][]noren.Callback, len(tenants))
	for i, t := range tenants {
		if lists[i], err = h.rooms.Bulk.Callbacks(ctx, t, filter); err != nil {
			return err
		}
	}
	return printCallbacks(std.out, tenants, lists)
}

// printCallbacks prints the callbacks of each tenant in one table. Times are in UTC, as in the log, because the table may
// mix tenants of several zones. The URL comes last because its length is unbounded.
func printCallbacks(out io.Writer, tenants []noren.Tenant, lists [][]noren.Callback) error {
	w := newTable(out)
	say(w, "TENANT\tREQUEST\tSTATE\tATTEMPTS\tQUEUED AT\tNEXT ATTEMPT\tURL\n")
	for i, list := range lists {
		for _, c := range list {
			next := "-"
			if c.State == noren.CallbackPending {
				next = c.NextAt.UTC().Format(time.RFC3339)
			}
			say(w, "%s\t%d\t%s\t%d\t%s\t%s\t%s\n", tenants[i].Contract, c.RequestID, c.State, c.Attempts,
				c.OwedAt.UTC().Format(time.RFC3339), next, c.URL)
		}
	}
	return w.Flush()
}

// callbacksResendCmd is `noren callbacks resend`. Either --request or --state is required: forgetting a flag must not
// resend everything to every receiver.
type callbacksResendCmd struct {
	databaseFlag
	Tenant  string `required:"" placeholder:"CONTRACT" help:"Tenant whose callbacks are resent."`
	Request int64  `xor:"which" required:"" placeholder:"N" help:"The callback of this bulk update."`
	State   string `xor:"which" required:"" placeholder:"STATE" help:"All callbacks in this state: pending, delivered or given_up."`
}

// Help is the text of `noren callbacks resend --help` above the flags.
func (callbacksResendCmd) Help() string {
	return "A server running on the same database sends them within a second; otherwise the next one to start does."
}

// Run makes callbacks due again and prints how many. Nothing is sent here: the worker of a server does that.
func (c *callbacksResendCmd) Run(ctx context.Context, std streams) error {
	state, err := callbackState(c.State)
	if err != nil {
		return err
	}
	if c.State == "" && c.Request <= 0 {
		return usageError{fmt.Errorf("--request: %d is not the ID of a bulk update", c.Request)}
	}
	h, err := c.openExisting(ctx)
	if err != nil {
		return err
	}
	defer h.close()
	t, err := h.rooms.Access.TenantByContract(ctx, c.Tenant)
	if err != nil {
		return unknownTenant(err, c.Tenant)
	}
	n, err := h.rooms.Bulk.Resend(ctx, t, noren.CallbackFilter{RequestID: c.Request, State: state})
	if err != nil {
		return err
	}
	if n == 0 && c.Request > 0 {
		return fmt.Errorf("bulk update %d of %s has no callback to resend (yet)", c.Request, c.Tenant)
	}
	say(std.out, "%s will be resent.\n", counted(n, "callback", "callbacks"))
	return nil
}
