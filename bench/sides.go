package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"noren"
)

// epoch is a time for what no measurement depends on.
var epoch = time.Unix(1_800_000_000, 0)

// sides are Noren and the floor, each on a copy of the same database, so that neither finds the other's pages in
// the engine's cache and both tables grow alike.
type sides struct {
	place   place
	members int
	urls    []string

	noren      *subject
	norenWorks *maker

	db         *sql.DB // the floor's
	floor      *floor
	floorWorks *maker
}

// newSides copies the database made by seed twice. conns is how many connections the floor may have.
func newSides(ctx context.Context, p place, seeded string, members, conns int) (s *sides, err error) {
	s = &sides{place: p, members: members}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close(context.WithoutCancel(ctx)))
			s = nil
		}
	}()
	for range 2 {
		url, err := p.copied(ctx, seeded)
		if err != nil {
			return s, fmt.Errorf("copying the database: %w", err)
		}
		s.urls = append(s.urls, url)
	}
	if s.noren, err = openSubject(ctx, s.urls[0]); err != nil {
		return s, err
	}
	if s.db, err = p.open(s.urls[1], conns); err != nil {
		return s, err
	}
	tenant := s.noren.caller.Tenant.ID
	s.norenWorks, s.floorWorks = newMaker(tenant, members), newMaker(tenant, members)
	s.floor, err = newFloor(ctx, p, s.db, tenant)
	return s, err
}

// close closes and removes both databases.
func (s *sides) close(ctx context.Context) error {
	var all []error
	if s.noren != nil {
		all = append(all, s.noren.engine.Close())
	}
	if s.floor != nil {
		all = append(all, s.floor.conn.Close())
	}
	if s.db != nil {
		all = append(all, s.db.Close())
	}
	for _, url := range s.urls {
		all = append(all, s.place.drop(ctx, url))
	}
	return errors.Join(all...)
}

// applyNoren accepts the next work, which is not measured, and applies it, which is.
func (s *sides) applyNoren(ctx context.Context, c change) (time.Duration, error) {
	w := s.norenWorks.next(c)
	if err := s.noren.accept(ctx, &w); err != nil {
		return 0, fmt.Errorf("noren: accept: %w", err)
	}
	begin := time.Now()
	err := s.noren.apply(ctx)
	return time.Since(begin), wrap("noren: apply", err)
}

// applyFloor is applyNoren by hand.
func (s *sides) applyFloor(ctx context.Context, c change) (time.Duration, error) {
	w := s.floorWorks.next(c)
	rows, err := w.request().Rows.Encode()
	if err != nil {
		return 0, err
	}
	now := time.Now()
	if err := s.floor.accept(ctx, noren.NewSecret(""), rows, len(w.members), now); err != nil {
		return 0, fmt.Errorf("floor: accept: %w", err)
	}
	begin := time.Now()
	err = s.floor.apply(ctx, &w, now)
	return time.Since(begin), wrap("floor: apply", err)
}

// measureApply lets Noren and the floor apply bulk requests in turns, and answers each one's times.
func (s *sides) measureApply(ctx context.Context, c change, rounds int) (noren, floor samples, err error) {
	all, err := turns(ctx, rounds,
		func(ctx context.Context) (time.Duration, error) { return s.applyNoren(ctx, c) },
		func(ctx context.Context) (time.Duration, error) { return s.applyFloor(ctx, c) },
	)
	if err != nil {
		return nil, nil, err
	}
	return all[0], all[1], nil
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
