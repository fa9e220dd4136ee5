package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"noren"
	"noren/app/points"
)

// pointsCmd is `noren points`.
type pointsCmd struct {
	Expire pointsExpireCmd `cmd:"" help:"Expire the points whose last day has passed."`
}

// pointsExpireCmd is `noren points expire`.
type pointsExpireCmd struct {
	tenantsFlags
	At     string `placeholder:"DAY" help:"As of a day in the tenant's zone, such as 2026-11-22, or a time, such as 2026-11-22T00:00:00+09:00; default now."`
	DryRun bool   `help:"Only show which points would expire; --at may then be in the future."`
}

// Help is the text of `noren points expire --help` above the flags.
func (pointsExpireCmd) Help() string {
	return "A running server does this within an hour of each tenant's midnight, and running it again changes nothing. Members " +
		"cannot use expired points either way: this command only records the expiry in the ledger."
}

// Run expires points and prints which. If a tenant fails, what was done before is still printed.
func (c *pointsExpireCmd) Run(ctx context.Context, std streams) error {
	day, err := c.day()
	if err != nil {
		return err
	}
	h, tenants, err := c.openTenants(ctx, c.lacks)
	if err != nil {
		return err
	}
	defer h.close()
	for _, t := range tenants {
		expired, err := h.rooms.Points.Expire(ctx, t, day(t, h.rooms.Now()), c.DryRun)
		if noren.KindOf(err) == noren.Invalid {
			return usageError{fmt.Errorf("--at: the day must not be in the future for %s; use --dry-run to see what will expire", t.Contract)}
		}
		if printErr := c.print(std.out, t, expired); printErr != nil {
			return printErr
		}
		if err != nil {
			return fmt.Errorf("expiring points of %s: %w", t.Contract, err)
		}
	}
	return nil
}

// day reads --at. A date is a day in each tenant's own zone; a time may fall on different days in different zones.
func (c *pointsExpireCmd) day() (func(t noren.Tenant, now time.Time) noren.Date, error) {
	if c.At == "" {
		return func(t noren.Tenant, now time.Time) noren.Date { return noren.DateOf(now, t.Location()) }, nil
	}
	if _, err := time.Parse(time.DateOnly, c.At); err == nil {
		return func(noren.Tenant, time.Time) noren.Date { return noren.Date(c.At) }, nil
	}
	at, err := time.Parse(time.RFC3339, c.At)
	if err != nil {
		return nil, usageError{fmt.Errorf("--at: %q is not a date or time; write it as 2026-11-22 or 2026-11-22T00:00:00+09:00", c.At)}
	}
	return func(t noren.Tenant, _ time.Time) noren.Date { return noren.DateOf(at, t.Location()) }, nil
}

// lacks says that a tenant has its points switched off: then the ledger stays as it is.
func (pointsExpireCmd) lacks(t noren.Tenant) string {
	if t.Points.Enabled {
		return ""
	}
	return "points are switched off for " + t.Contract
}

// print prints one tenant: a line for each grant of which something expired, then the totals by type.
func (c *pointsExpireCmd) print(out io.Writer, t noren.Tenant, expired []points.Expiry) error {
	verb := "expired"
	if c.DryRun {
		verb = "would expire"
	}
	if len(expired) == 0 {
		say(out, "%s: nothing %s\n", t.Contract, verb)
		return nil
	}
	sums := make(map[noren.PointType]int64)
	members := make(map[int64]bool)
	w := newTable(out)
	say(w, "%s\n  MEMBER\tTYPE\tPOINTS\tLAST DAY\n", t.Contract)
	for _, e := range expired {
		sums[e.Lot.Type] += e.Lot.Remaining
		members[e.Lot.MemberID] = true
		say(w, "  %d\t%s\t%s\t%s\n", e.Lot.MemberID, e.Lot.Type, number(e.Lot.Remaining), *e.Lot.ExpiresOn)
	}
	for _, kind := range noren.PointTypes() {
		if sums[kind] > 0 {
			say(w, "  %s %s points %s\n", number(sums[kind]), kind, verb)
		}
	}
	say(w, "  of %s\n", counted(len(members), "member", "members"))
	return w.Flush()
}
