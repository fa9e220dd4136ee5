package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"text/tabwriter"
	"time"

	"noren"
)

type pointsCmd struct {
	Expire pointsExpireCmd `cmd:"" help:"Write off the points whose last day has passed."`
}

type pointsExpireCmd struct {
	databaseFlag
	Tenant string `placeholder:"CONTRACT" help:"Those of one tenant only."`
	At     string `placeholder:"DAY" help:"As of a day of the tenant's, such as 2026-11-22, or a time, such as 2026-11-22T00:00:00+09:00; default now."`
	DryRun bool   `help:"Only show which points would expire; the day may then be one to come."`
}

// Help is what `noren points expire --help` says besides the flags.
func (pointsExpireCmd) Help() string {
	return "A running server does it by itself, within an hour of each tenant's midnight. Doing it again changes nothing. " +
		"What members can use does not depend on it: it makes the ledger say what has expired."
}

// Run expires points and prints which. Where a tenant fails, what was done before is printed.
func (c *pointsExpireCmd) Run(ctx context.Context, std streams) error {
	day, err := c.day()
	if err != nil {
		return err
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
	for _, t := range tenants {
		expired, err := h.service.ExpirePoints(ctx, t, day(t, h.service.Now()), c.DryRun)
		if noren.KindOf(err) == noren.Invalid {
			return usageError{fmt.Errorf("--at: points of %s cannot expire before their day has passed; --dry-run shows which will", t.Contract)}
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

// day reads --at, which is a tenant's own day or a moment that falls on different days in different zones.
func (c *pointsExpireCmd) day() (func(t noren.Tenant, now time.Time) noren.Date, error) {
	if c.At == "" {
		return func(t noren.Tenant, now time.Time) noren.Date { return noren.DateOf(now, t.Location()) }, nil
	}
	if _, err := time.Parse(time.DateOnly, c.At); err == nil {
		return func(noren.Tenant, time.Time) noren.Date { return noren.Date(c.At) }, nil
	}
	at, err := time.Parse(time.RFC3339, c.At)
	if err != nil {
		return nil, usageError{fmt.Errorf("--at: %q is neither a day such as 2026-11-22 nor a time such as 2026-11-22T00:00:00+09:00", c.At)}
	}
	return func(t noren.Tenant, _ time.Time) noren.Date { return noren.DateOf(at, t.Location()) }, nil
}

// tenants answers the tenant that is asked for, or all.
func (c *pointsExpireCmd) tenants(ctx context.Context, service *noren.Service) ([]noren.Tenant, error) {
	if c.Tenant == "" {
		all, err := service.Tenants(ctx)
		if err != nil {
			return nil, fmt.Errorf("listing the tenants: %w", err)
		}
		// Whose points are switched off has a ledger that stands still.
		return slices.DeleteFunc(all, func(t noren.Tenant) bool { return !t.Points.Enabled }), nil
	}
	t, err := service.TenantByContract(ctx, c.Tenant)
	switch {
	case err != nil:
		return nil, unknownTenant(err, c.Tenant)
	case !t.Points.Enabled:
		return nil, usageError{fmt.Errorf("--tenant: the points of %s are switched off", c.Tenant)}
	}
	return []noren.Tenant{t}, nil
}

// print prints one tenant: a line for each grant of which something expired, then the sums by type.
func (c *pointsExpireCmd) print(out io.Writer, t noren.Tenant, expired []noren.PointExpiry) error {
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
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
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
