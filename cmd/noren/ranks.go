package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"noren"
	"noren/app"
)

// ranksCmd is `noren ranks`.
type ranksCmd struct {
	Check ranksCheckCmd `cmd:"" help:"Run the rank checks that are due, and show who is promoted and demoted."`
	Undo  ranksUndoCmd  `cmd:"" help:"Undo the latest rank check, such as one that ran because the clock was wrong."`
}

// ranksCheckCmd is `noren ranks check`.
type ranksCheckCmd struct {
	tenantsFlags
	At     string `placeholder:"TIME" help:"Run the check of this month or day in the tenant's zone, such as 2026-12 or 2026-12-01, or at this time, such as 2026-12-01T00:00:00+09:00; by default every check that is due."`
	DryRun bool   `help:"Only show who would be promoted or demoted."`
}

// Help is the text of `noren ranks check --help` above the flags.
func (ranksCheckCmd) Help() string {
	return "A running server does this within a minute of the start of a month in the tenant's zone, and catches up after " +
		"downtime. A check runs only once: --at with a future time runs that check early, and it will not run again when due."
}

// Run runs checks and prints whose rank they changed. A check that is interrupted continues at the next run.
func (c *ranksCheckCmd) Run(ctx context.Context, std streams) error {
	// A mistake in --at is reported before the database is opened; the zone does not matter for that.
	if _, err := checkInstant(c.At, time.UTC); err != nil {
		return err
	}
	h, tenants, err := c.openTenants(ctx, c.lacks)
	if err != nil {
		return err
	}
	defer h.close()
	// A check can take long. After Ctrl-C the counts so far are printed, and the next run continues.
	ctx, stop := untilSignal(ctx)
	defer stop()
	for _, t := range tenants {
		if err := c.tenant(ctx, h.rooms, t, std); err != nil {
			return fmt.Errorf("rank check of %s: %w", t.Contract, err)
		}
	}
	return nil
}

// lastCheckYear is the first year in which no check may fall.
const lastCheckYear = 2999

// checkInstant reads --at: a month or day in the zone, or a point in time. It returns nil if the flag is absent.
func checkInstant(flag string, zone *time.Location) (*time.Time, error) {
	if flag == "" {
		return nil, nil
	}
	at, err := time.Parse(time.RFC3339, flag)
	if err != nil {
		at, err = time.ParseInLocation(time.DateOnly, flag, zone)
	}
	var month noren.Month
	switch {
	case err != nil:
		month, err = noren.ParseMonth(flag)
	case len(flag) == len(time.DateOnly) && at.Day() == 1:
		month = noren.Month(flag[:len("2006-01")])
	}
	switch {
	case err != nil:
		return nil, usageError{fmt.Errorf(
			"--at: %q is not a month, date or time; write it as 2026-12, 2026-12-01 or 2026-12-01T00:00:00+09:00", flag)}
	case month != "":
		at = month.Begin(zone) // not always midnight: some zones change their clocks at midnight
	}
	if at.Year() >= lastCheckYear {
		return nil, usageError{fmt.Errorf("--at: %q must be before the year %d", flag, lastCheckYear)}
	}
	return &at, nil
}

// lacks says that a tenant has no programme, by which its members would be checked.
func (ranksCheckCmd) lacks(t noren.Tenant) string {
	if t.Programme != nil {
		return ""
	}
	return t.Contract + " has no rank_programme"
}

// tenant runs or previews the checks of one tenant.
func (c *ranksCheckCmd) tenant(ctx context.Context, rooms *app.App, t noren.Tenant, std streams) error {
	ladder, err := rooms.Ranks.Ladder(ctx, noren.Caller{Tenant: t})
	if err != nil {
		return err
	}
	r := &ranksRun{rooms: rooms, tenant: t, ladder: ladder, std: std, now: rooms.Now(), dryRun: c.DryRun}
	at, err := checkInstant(c.At, t.Location())
	switch {
	case err != nil:
		return err
	case at != nil:
		return r.one(ctx, *at)
	}
	due, err := rooms.Ranks.Due(ctx, t)
	if err != nil {
		return err
	}
	if due == nil {
		next := r.unrun().At
		say(std.out, "%s: no rank check is due; the next one is due at %s\n", t.Contract, r.when(next))
		if !c.DryRun {
			return nil
		}
		due = &next
	}
	// A dry run shows only the first check: what later ones would do depends on its result.
	for due != nil {
		if err := r.one(ctx, *due); err != nil || c.DryRun {
			return err
		}
		if due, err = rooms.Ranks.Due(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// ranksUndoCmd is `noren ranks undo`.
type ranksUndoCmd struct {
	tenantFlags
	At string `required:"" placeholder:"TIME" help:"The month, day or time of the check, as for noren ranks check."`
}

// Help is the text of `noren ranks undo --help` above the flags.
func (ranksUndoCmd) Help() string {
	return "Members get back the rank that they had before the check, unless theirs is another by now. The check may then run " +
		"again: a server runs it by itself when it is due. Only the latest check can be taken back, so undo a later one first. " +
		"Members who were to skip the check are not marked again; the audit log names them."
}

// Run undoes the check. If it is interrupted, running it again goes on.
func (c *ranksUndoCmd) Run(ctx context.Context, std streams) error {
	if _, err := checkInstant(c.At, time.UTC); err != nil {
		return err
	}
	h, t, err := c.openTenant(ctx)
	if err != nil {
		return err
	}
	defer h.close()
	at, err := checkInstant(c.At, t.Location())
	if err != nil {
		return err
	}
	when := at.In(t.Location()).Format(time.RFC3339)
	undone, err := h.rooms.Ranks.Undo(ctx, t, *at)
	switch e, known := errors.AsType[*noren.Error](err); {
	case known && e.Kind == noren.NotFound:
		return usageError{fmt.Errorf("--at: no rank check of %s has run at %s", t.Contract, when)}
	case known && e.Kind == noren.Conflict:
		return usageError{fmt.Errorf("--at: %s", e.Message)}
	case err != nil:
		return fmt.Errorf("undoing the rank check of %s: %w", t.Contract, err)
	}
	say(std.out, "%s: the rank check of %s is undone: %s have their earlier rank again, %s keep the one they were given since\n",
		t.Contract, when, number(int64(undone.Restored)), number(int64(undone.Kept)))
	return nil
}
