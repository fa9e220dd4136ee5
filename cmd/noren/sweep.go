package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"noren"
	"noren/app"
	"noren/sqlstore"
)

// sweepCmd is `noren sweep`.
type sweepCmd struct {
	tenantsFlags
	keepFlags
	DryRun bool `help:"Only show what would be removed."`
}

// Help is the text of `noren sweep --help` above the flags.
func (sweepCmd) Help() string {
	return "A running server does this by itself: every hour, and once a day for audit values and members who left. The shop " +
		"file says under keep how long a tenant keeps each kind of data; for the others, give the server's settings. Members who " +
		"left are erased, as by noren person erase."
}

// Run removes what is over and prints how much. If a tenant fails, what was done before is still printed.
func (c *sweepCmd) Run(ctx context.Context, std streams) (err error) {
	keep, err := c.durations()
	if err != nil {
		return err
	}
	if err := c.mustExist(); err != nil {
		return err
	}
	store := sqlstore.Config{URL: c.Database, LockWait: commandWait}
	h, err := openConfigured(ctx, store, app.Config{Keep: keep}, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer h.close()
	tenants, err := c.tenants(ctx, h.rooms, anyTenant)
	if err != nil {
		return err
	}
	w := newTable(std.out)
	defer func() { err = errors.Join(err, w.Flush()) }()
	if c.DryRun {
		say(w, "TENANT\tWHAT\tWOULD BE REMOVED\n")
	} else {
		say(w, "TENANT\tWHAT\tREMOVED\n")
	}
	for _, t := range tenants {
		due := func() (noren.Due, error) { return h.rooms.Privacy.Due(ctx, t, keep.Bulk, keep.Webhooks, keep.Imports) }
		before, err := due()
		var after noren.Due
		if err == nil && !c.DryRun {
			if err = sweepAll(ctx, h.rooms, t); err == nil {
				after, err = due()
			}
		}
		if err != nil {
			return fmt.Errorf("tenant %s: %w", t.Contract, err)
		}
		for _, line := range []struct {
			what string
			n    int
		}{
			{"bulk requests", before.Bulk - after.Bulk},
			{"webhooks", before.Webhooks - after.Webhooks},
			{"imports", before.Imports - after.Imports},
			{"audit values", before.AuditValues - after.AuditValues},
			{"members who left", before.LeftMembers - after.LeftMembers},
		} {
			say(w, "%s\t%s\t%s\n", t.Contract, line.what, number(line.n))
		}
	}
	return nil
}

// sweepAll removes what is over of one tenant, kind by kind, in transactions that each hold the writer only briefly.
func sweepAll(ctx context.Context, rooms *app.App, t noren.Tenant) error {
	for _, sweep := range []func(context.Context, noren.Tenant) (int, error){
		rooms.Bulk.Sweep, rooms.Inbox.Sweep, rooms.Imports.Sweep, rooms.Audit.Sweep,
	} {
		for {
			n, err := sweep(ctx, t)
			if err != nil {
				return err
			}
			if n == 0 {
				break
			}
		}
	}
	_, err := rooms.Privacy.Sweep(ctx, t)
	return err
}
