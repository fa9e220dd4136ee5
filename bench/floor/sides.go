package floor

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"noren"
	"noren/bench/figures"
	"noren/bench/seed"
)

// Sides are Noren and the floor, each on a copy of the same database, so that neither finds pages that the other has read
// in the engine's cache, and the tables of both grow alike.
type Sides struct {
	Place   seed.Place
	Members int
	URLs    []string

	Noren      *Subject
	NorenWorks *Maker

	DB         *sql.DB // the floor's
	Floor      *Floor
	FloorWorks *Maker
}

// NewSides copies the database made by seed.Seed twice. conns is how many connections the floor may have.
func NewSides(ctx context.Context, p seed.Place, seeded string, members, conns int) (s *Sides, err error) {
	s = &Sides{Place: p, Members: members}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close(context.WithoutCancel(ctx)))
			s = nil
		}
	}()
	// One for each, and not the seeded one, which may be copied again.
	for range 2 {
		url, err := p.Copied(ctx, seeded)
		if err != nil {
			return s, fmt.Errorf("copying the database: %w", err)
		}
		s.URLs = append(s.URLs, url)
	}
	if s.Noren, err = OpenSubject(ctx, s.URLs[0]); err != nil {
		return s, err
	}
	if s.DB, err = p.Open(s.URLs[1], conns); err != nil {
		return s, err
	}
	tenant := s.Noren.Caller.Tenant.ID
	// Two makers with one seed: both sides write the same rows.
	s.NorenWorks, s.FloorWorks = NewMaker(tenant, members), NewMaker(tenant, members)
	s.Floor, err = New(ctx, p, s.DB, tenant)
	return s, err
}

// Close closes and removes both databases.
func (s *Sides) Close(ctx context.Context) error {
	var all []error
	if s.Noren != nil {
		all = append(all, s.Noren.Engine.Close())
	}
	if s.Floor != nil {
		all = append(all, s.Floor.Conn.Close())
	}
	if s.DB != nil {
		all = append(all, s.DB.Close())
	}
	for _, url := range s.URLs {
		// Behind the connections, which would keep a database from being dropped.
		all = append(all, s.Place.Drop(ctx, url))
	}
	return errors.Join(all...)
}

// ApplyNoren accepts the next work, which is not measured, and applies it, which is.
func (s *Sides) ApplyNoren(ctx context.Context, c Change) (time.Duration, error) {
	w := s.NorenWorks.Next(c)
	if err := s.Noren.Accept(ctx, &w); err != nil {
		return 0, fmt.Errorf("noren: accept: %w", err)
	}
	begin := time.Now()
	// From here, since accepting is what MeasureApply leaves out on both sides.
	err := s.Noren.Apply(ctx)
	return time.Since(begin), Wrap("noren: apply", err)
}

// ApplyFloor is ApplyNoren by hand.
func (s *Sides) ApplyFloor(ctx context.Context, c Change) (time.Duration, error) {
	w := s.FloorWorks.Next(c)
	rows, err := w.request().Rows.Encode()
	if err != nil {
		return 0, err
	}
	now := time.Now()
	if err := s.Floor.accept(ctx, noren.NewSecret(""), rows, len(w.Members), now); err != nil {
		return 0, fmt.Errorf("floor: accept: %w", err)
	}
	begin := time.Now()
	err = s.Floor.apply(ctx, &w, now)
	return time.Since(begin), Wrap("floor: apply", err)
}

// MeasureApply lets Noren and the floor apply bulk requests in turns, and returns the times of both.
func (s *Sides) MeasureApply(ctx context.Context, c Change, rounds int) (noren, floor figures.Samples, err error) {
	all, err := figures.Turns(ctx, rounds,
		func(ctx context.Context) (time.Duration, error) { return s.ApplyNoren(ctx, c) },
		func(ctx context.Context) (time.Duration, error) { return s.ApplyFloor(ctx, c) },
	)
	if err != nil {
		return nil, nil, err
	}
	return all[0], all[1], nil
}

func Wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
