package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"noren"
)

type ranksCmd struct {
	Check ranksCheckCmd `cmd:"" help:"Run the check of ranks that is due, and show who rises and falls."`
}

type ranksCheckCmd struct {
	databaseFlag
	Tenant string `placeholder:"CONTRACT" help:"That of one tenant only."`
	At     string `placeholder:"TIME" help:"The check of a month or day of the tenant's, such as 2026-12 or 2026-12-01, or of a time, such as 2026-12-01T00:00:00+09:00; default what is due now."`
	DryRun bool   `help:"Only show who would rise, fall or stay."`
}

// Help is what `noren ranks check --help` says besides the flags.
func (ranksCheckCmd) Help() string {
	return "A running server does it by itself, within a minute after the 1st of a month has begun in the tenant's zone, and " +
		"catches up after it was down. A check that was run is not run again: --at with a time to come runs it ahead, for good."
}

// Run runs checks and prints whom they moved. A check that is cut short goes on the next time.
func (c *ranksCheckCmd) Run(ctx context.Context, std streams) error {
	if _, err := c.instant(time.UTC); err != nil {
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
	ctx, stop := untilSignal(ctx)
	defer stop()
	for _, t := range tenants {
		if err := c.tenant(ctx, h.service, t, std); err != nil {
			return fmt.Errorf("checking ranks of %s: %w", t.Contract, err)
		}
	}
	return nil
}

// lastCheckYear is after the last year in which a check may fall.
const lastCheckYear = 2999

// instant reads --at, which is a month or day in the zone or a moment; nil where it is not given.
func (c *ranksCheckCmd) instant(zone *time.Location) (*time.Time, error) {
	if c.At == "" {
		return nil, nil
	}
	at, err := time.Parse(time.RFC3339, c.At)
	if err != nil {
		at, err = time.ParseInLocation(time.DateOnly, c.At, zone)
	}
	var month noren.Month
	switch {
	case err != nil:
		month, err = noren.ParseMonth(c.At)
	case len(c.At) == len(time.DateOnly) && at.Day() == 1:
		month = noren.Month(c.At[:len("2006-01")])
	}
	switch {
	case err != nil:
		return nil, usageError{fmt.Errorf(
			"--at: %q is neither a month such as 2026-12, nor a day such as 2026-12-01, nor a time such as 2026-12-01T00:00:00+09:00", c.At)}
	case month != "":
		at = month.Begin(zone) // which need not be midnight
	}
	if at.Year() >= lastCheckYear {
		return nil, usageError{fmt.Errorf("--at: %q is too far away: checks of ranks fall before the year %d", c.At, lastCheckYear)}
	}
	return &at, nil
}

// tenants answers the tenant that is asked for, or all that have a programme.
func (c *ranksCheckCmd) tenants(ctx context.Context, service *noren.Service) ([]noren.Tenant, error) {
	if c.Tenant == "" {
		all, err := service.Tenants(ctx)
		if err != nil {
			return nil, fmt.Errorf("listing the tenants: %w", err)
		}
		return slices.DeleteFunc(all, func(t noren.Tenant) bool { return t.Programme == nil }), nil
	}
	t, err := service.TenantByContract(ctx, c.Tenant)
	switch {
	case err != nil:
		return nil, unknownTenant(err, c.Tenant)
	case t.Programme == nil:
		return nil, usageError{fmt.Errorf("--tenant: %s has no rank_programme", c.Tenant)}
	}
	return []noren.Tenant{t}, nil
}

// tenant runs or previews one tenant's checks.
func (c *ranksCheckCmd) tenant(ctx context.Context, service *noren.Service, t noren.Tenant, std streams) error {
	ladder, err := service.Ladder(ctx, noren.Caller{Tenant: t})
	if err != nil {
		return err
	}
	r := &ranksRun{service: service, tenant: t, ladder: ladder, std: std, now: service.Now(), dryRun: c.DryRun}
	at, err := c.instant(t.Location())
	switch {
	case err != nil:
		return err
	case at != nil:
		return r.one(ctx, *at)
	}
	due, err := service.DueRankCheck(ctx, t)
	if err != nil {
		return err
	}
	if due == nil {
		next := r.unrun().At
		say(std.out, "%s: no check of ranks is due; the next is that of %s\n", t.Contract, r.when(next))
		if !c.DryRun {
			return nil
		}
		due = &next
	}
	// A dry run ends with the first: what later ones would do depends on it.
	for due != nil {
		if err := r.one(ctx, *due); err != nil || c.DryRun {
			return err
		}
		if due, err = service.DueRankCheck(ctx, t); err != nil {
			return err
		}
	}
	return nil
}
