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

// callbacksCmd is `noren callbacks`. It works on the database alone, so it needs no server, and finds the same whichever
// of several nodes sent what.
type callbacksCmd struct {
	List   callbacksListCmd   `cmd:"" help:"List callbacks, newest first."`
	Resend callbacksResendCmd `cmd:"" help:"Send callbacks again, whatever became of them."`
}

// callbackState reads --state; empty is any.
func callbackState(text string) (noren.DeliveryState, error) {
	switch s := noren.DeliveryState(text); s {
	case "", noren.CallbackPending, noren.CallbackDelivered, noren.CallbackGivenUp:
		return s, nil
	}
	return "", usageError{fmt.Errorf("--state: %q is none of pending, delivered, given_up", text)}
}

// callbacksListCmd is `noren callbacks list`.
type callbacksListCmd struct {
	databaseFlag
	Tenant string `placeholder:"CONTRACT" help:"Those of one tenant only."`
	State  string `placeholder:"STATE" help:"Only pending, delivered or given_up."`
	Limit  int    `default:"100" help:"How many of each tenant at most; 0 is all."`
}

// Run prints callbacks as a table.
func (c *callbacksListCmd) Run(ctx context.Context, std streams) error {
	state, err := callbackState(c.State)
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
	tenants := []string{c.Tenant}
	if c.Tenant == "" {
		if tenants, err = contracts(ctx, h.service); err != nil {
			return err
		}
	}
	filter := noren.CallbackFilter{State: state, Page: noren.Page{Limit: c.Limit}}
	lists := make([][]noren.Callback, len(tenants))
	for i, contract := range tenants {
		if lists[i], err = h.service.Callbacks(ctx, contract, filter); err != nil {
			return unknownTenant(err, contract)
		}
	}
	return printCallbacks(std.out, tenants, lists)
}

// contracts lists the contract ids of all tenants.
func contracts(ctx context.Context, service *noren.Service) ([]string, error) {
	tenants, err := service.Tenants(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing the tenants: %w", err)
	}
	list := make([]string, len(tenants))
	for i, t := range tenants {
		list[i] = t.Contract
	}
	return list, nil
}

// unknownTenant words the error of a tenant that does not exist as one of --tenant.
func unknownTenant(err error, contract string) error {
	if noren.KindOf(err) == noren.NotFound {
		return usageError{fmt.Errorf("--tenant: there is no tenant %q in this database", contract)}
	}
	return fmt.Errorf("tenant %s: %w", contract, err)
}

// printCallbacks prints one list of callbacks for each tenant. Times are in UTC, as in the log: tenants of several zones
// may stand in one table. The URL comes last because it is as long as its owner likes.
func printCallbacks(out io.Writer, tenants []string, lists [][]noren.Callback) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	say(w, "TENANT\tREQUEST\tSTATE\tATTEMPTS\tOWED AT\tNEXT ATTEMPT\tURL\n")
	for i, list := range lists {
		for _, c := range list {
			next := "-"
			if c.State == noren.CallbackPending {
				next = c.NextAt.UTC().Format(time.RFC3339)
			}
			say(w, "%s\t%d\t%s\t%d\t%s\t%s\t%s\n", tenants[i], c.RequestID, c.State, c.Attempts,
				c.OwedAt.UTC().Format(time.RFC3339), next, c.URL)
		}
	}
	return w.Flush()
}

// callbacksResendCmd is `noren callbacks resend`. One of --request and --state is needed: sending everything again by
// forgetting a flag would be felt by every receiver.
type callbacksResendCmd struct {
	databaseFlag
	Tenant  string `required:"" placeholder:"CONTRACT" help:"Whose callbacks."`
	Request int64  `xor:"which" required:"" placeholder:"N" help:"The callback of one bulk request."`
	State   string `xor:"which" required:"" placeholder:"STATE" help:"All that are given_up, or pending, or delivered."`
}

// Help is what `noren callbacks resend --help` says besides the flags.
func (callbacksResendCmd) Help() string {
	return "A running server on the same database sends them within a second; otherwise the next one that starts does."
}

// Run makes callbacks due again and prints how many.
func (c *callbacksResendCmd) Run(ctx context.Context, std streams) error {
	state, err := callbackState(c.State)
	if err != nil {
		return err
	}
	if c.State == "" && c.Request <= 0 {
		return usageError{fmt.Errorf("--request: %d is no number of a bulk request", c.Request)}
	}
	if err := c.mustExist(); err != nil {
		return err
	}
	h, err := openHouse(ctx, c.Database, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer h.close()
	n, err := h.service.ResendCallbacks(ctx, c.Tenant, noren.CallbackFilter{RequestID: c.Request, State: state})
	if err != nil {
		return unknownTenant(err, c.Tenant)
	}
	if n == 0 && c.Request > 0 {
		return fmt.Errorf("request %d of %s owes no callback (yet)", c.Request, c.Tenant)
	}
	say(std.out, "%s will be sent again.\n", counted(n, "callback", "callbacks"))
	return nil
}
