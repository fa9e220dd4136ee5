package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"noren"
	"noren/app"
	"noren/app/shop"
)

// dailySince is how long ago members joined who are registered one day after another; those before them are registered month by
// month, because nobody looks closer at what is long past.
const dailySince = 400 * 24 * time.Hour

// join registers the members of the shop at the times at which they joined, into a database that has no such shop yet. Otherwise all
// of them would be new members of today.
func join(ctx context.Context, h *house, wanted shop.Shop, now time.Time) error {
	var at time.Time
	c := h.configured
	c.Clock = func() time.Time { return at }
	rooms := app.New(c)
	name, _ := wanted.Tenant.Timezone.Value()
	zone := noren.Tenant{Timezone: name}.Location()
	groups := make(map[time.Time][]noren.MemberPatch)
	for _, m := range wanted.Members {
		entry, _ := m.EntryDate.Value()
		day, err := time.ParseInLocation(time.DateOnly, string(entry), zone)
		if err != nil {
			return fmt.Errorf("member %d of the demo: %w", m.ID, err)
		}
		if now.Sub(day) > dailySince {
			day = time.Date(day.Year(), day.Month()+1, 0, 0, 0, 0, 0, zone) // the last of its month
		}
		// Not always at the same time of day.
		then := day.Add(10*time.Hour + time.Duration(day.YearDay()*97%520)*time.Minute)
		if then.After(now) {
			then = now.Add(-time.Minute)
		}
		groups[then] = append(groups[then], m)
	}
	times := slices.SortedFunc(maps.Keys(groups), time.Time.Compare)
	// Without clients and users, whose secrets are told by who applies the whole shop.
	part := shop.Shop{
		Contract: wanted.Contract, Tenant: wanted.Tenant, Ranks: wanted.Ranks, StaffRanks: wanted.StaffRanks, Stores: wanted.Stores,
	}
	for _, at = range times {
		part.Members = groups[at]
		if _, err := rooms.Shop.Apply(ctx, part); err != nil {
			return fmt.Errorf("members of the demo who joined on %s: %w", at.Format(time.DateOnly), err)
		}
		part = shop.Shop{Contract: wanted.Contract}
	}
	return nil
}
