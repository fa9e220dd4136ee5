// Package member measures the ReCORE dialect's members: reading one over HTTP, pages, and bulk writes.
package member

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"noren"
	"noren/app/points"
	"noren/bench/figures"
	"noren/bench/floor"
	"noren/bench/load"
	"noren/bench/seed"
)

// memberRows is how many rows the bulk writes have: the most that the ReCORE dialect takes.
const memberRows = 1000

// sides are Noren and the floor as the members' measurements use them.
type sides struct {
	*floor.Sides
	byHand *byHand
}

// newSides is floor.NewSides for a database to which addShop has added.
func newSides(ctx context.Context, p seed.Place, seeded string, members int) (*sides, error) {
	s, err := floor.NewSides(ctx, p, seeded, members, 2)
	if err != nil {
		return nil, err
	}
	s.NorenWorks.Rows, s.FloorWorks.Rows = memberRows, memberRows
	byHand, err := newByHand(ctx, p, s.Floor)
	if err != nil {
		return nil, errors.Join(err, s.Close(context.WithoutCancel(ctx)))
	}
	return &sides{s, byHand}, nil
}

// Run is how members are measured.
type Run struct {
	Place       seed.Place
	Dir         string // for what is made on the way
	Program     string // the server's
	Connections []int
	Rounds      int
	Length      time.Duration // of a burst
	To          figures.Section
	Doing       func(what string)
}

// Measure measures the ReCORE dialect's members, over HTTP and at the service, on a database made by seed.Seed.
func (m Run) Measure(ctx context.Context, seeded string) (err error) {
	m.Doing("members: points")
	key, err := addShop(ctx, m.Place, seeded, m.To.Members)
	if err != nil {
		return err
	}
	s, err := newSides(ctx, m.Place, seeded, m.To.Members)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close(context.WithoutCancel(ctx))) }()
	if err := m.memberOverHTTP(ctx, seeded, s.URLs[1], key); err != nil {
		return err
	}
	if err := m.memberLists(ctx, s); err != nil {
		return err
	}
	for _, write := range s.writes() {
		m.Doing("members: " + write.name)
		// Each round writes a thousand rows, so there are fewer of them than of the small requests.
		took, err := figures.Turns(ctx, max(m.Rounds/5, 3), write.noren, write.floor)
		if err != nil {
			return err
		}
		m.To.Times(write.name, "the same rows by hand", took[0].Median(), took[1].Median(), 2)
	}
	return nil
}

// memberOverHTTP measures GET /members/{id} of the server on the seeded database, beside the bare server that does the
// same reads by hand on a copy.
func (m Run) memberOverHTTP(ctx context.Context, seeded, copied, key string) error {
	base, stop, err := load.StartBare(ctx, m.Place.Engine(), copied)
	if err != nil {
		return err
	}
	defer stop()
	server, err := load.StartServer(ctx, m.Program, seeded, m.Dir)
	if err != nil {
		return err
	}
	defer server.Stop()
	for _, callers := range m.Connections {
		m.Doing(fmt.Sprintf("GET /members/{id}, %d connections", callers))
		noren, bare := load.New(server.Base, "", callers), load.New(base, "", callers)
		noren.Header.Set("X-Identification", key)
		err := m.memberGet(ctx, m.To.With(callers), noren, bare)
		noren.Close()
		bare.Close()
		if err != nil {
			return fmt.Errorf("%w\nThe server's last words:\n%s", err, server.LastWords())
		}
	}
	return nil
}

// memberGet compares call by call where there is one caller, and in bursts where there are several.
func (m Run) memberGet(ctx context.Context, to figures.Section, noren, bare *load.Load) error {
	const what, beside = "GET /members/{id}", "the same reads by hand, over HTTP"
	answer, err := noren.Send(ctx, http.MethodGet, memberPath+"1", nil, http.StatusOK)
	if err != nil {
		return err
	}
	someone := func() string { return fmt.Sprintf("%s%d", memberPath, rand.IntN(to.Members)+1) }
	read, byHand := noren.Get(someone), bare.Get(func() string { return fmt.Sprintf("%s?bytes=%d", someone(), len(answer)) })
	if to.Callers == 1 {
		took, err := figures.Turns(ctx, m.Rounds,
			figures.Timed(func(ctx context.Context) error { return read(ctx, 0) }),
			figures.Timed(func(ctx context.Context) error { return byHand(ctx, 0) }))
		if err != nil {
			return err
		}
		to.Times(what, beside, took[0].Median(), took[1].Median(), 2)
		return nil
	}
	b, err := figures.Bursts(ctx, figures.Crowded(to.Callers, m.Length, read), figures.Crowded(to.Callers, m.Length, byHand))
	if err != nil {
		return err
	}
	to.Rates(what, beside, b[0].PerSecond(), b[1].PerSecond(), 0.5)
	return nil
}

// pageRows is the length of a page where a request does not say.
const pageRows = 50

// orderRead is how long an order is asked for before it is measured.
const orderRead = 3 * time.Second

// memberLists measures pages of members at the service.
func (m Run) memberLists(ctx context.Context, s *sides) error {
	service, caller := s.Noren.Service, s.Noren.Caller
	list := func(f noren.MemberFilter) func(context.Context) error {
		f.WithAttachments, f.NoTotal, f.Limit = true, true, pageRows
		return func(ctx context.Context) error {
			_, err := service.Members.List(ctx, caller, f)
			return err
		}
	}
	compare := func(what, beside string, noren, floor func(context.Context) error, atMost float64) error {
		m.Doing("members: " + what)
		took, err := figures.Turns(ctx, max(m.Rounds/3, 3), figures.Timed(noren), figures.Timed(floor))
		if err != nil {
			return err
		}
		m.To.Times(what, beside, took[0].Median(), took[1].Median(), atMost)
		return nil
	}
	m.Doing("members: loading the search index") // as a server does when it starts
	if err := s.Noren.Engine.LoadSearch(ctx); err != nil {
		return err
	}
	for _, search := range searches(m.To.Members) {
		f := search.filter
		f.NoTotal, f.Limit = true, pageRows
		// Once beforehand, for the ids of the page that it is compared with.
		found, err := service.Members.List(ctx, caller, f)
		if err != nil {
			return err
		}
		// Another order than that of the IDs is read in the background when it is first asked for.
		for begun := time.Now(); f.Sort != nil && time.Since(begun) < orderRead; {
			if err := list(f)(ctx); err != nil {
				return err
			}
		}
		ids := make([]int64, len(found.Items))
		for i, member := range found.Items {
			ids[i] = member.ID
		}
		// A page of nothing would be quick on both sides and tell nothing.
		if len(ids) == 0 {
			return fmt.Errorf("nothing is found for %s", search.what)
		}
		if err := compare(search.what, "the same page by ids", list(f), list(noren.MemberFilter{IDs: ids}), search.atMost); err != nil {
			return err
		}
	}
	deep := int64(m.To.Members) * 9 / 10
	return compare("cursor page at 90 %", "the first page", list(noren.MemberFilter{IDFrom: deep + 1}), list(noren.MemberFilter{IDFrom: 1}), 0)
}

// bulkWrite is a bulk write of both sides.
type bulkWrite struct {
	name         string
	noren, floor func(context.Context) (time.Duration, error)
}

// writes lists the bulk writes of the ReCORE dialect. What is written is made up before the time is taken.
func (s *sides) writes() []bulkWrite {
	rows := fmt.Sprintf(" %d rows", min(memberRows, s.Members))
	list := make([]bulkWrite, 0, 4)
	for _, c := range floor.Changes() {
		list = append(list, bulkWrite{
			"PUT /members/bulk" + rows + ": " + string(c),
			func(ctx context.Context) (time.Duration, error) {
				w := s.NorenWorks.Next(c)
				// Before the clock starts: a dialect has made them by then.
				patches := w.Patches()
				return figures.Timed(func(ctx context.Context) error {
					_, _, err := s.Noren.Service.Members.Update(ctx, s.Noren.Caller, patches, nil)
					return floor.Wrap("noren: update", err)
				})(ctx)
			},
			func(ctx context.Context) (time.Duration, error) {
				w := s.FloorWorks.Next(c)
				return figures.Timed(func(ctx context.Context) error {
					return floor.Wrap("floor: update", s.byHand.update(ctx, &w, time.Now()))
				})(ctx)
			},
		})
	}
	adjust := func(mode points.Mode, amount int64, byHand func(context.Context, []int64, int64, time.Time) error) bulkWrite {
		return bulkWrite{
			"PUT /members/point" + rows + ": " + string(mode),
			func(ctx context.Context) (time.Duration, error) {
				ids := s.NorenWorks.Next(floor.ChangeNote).Members
				return figures.Timed(func(ctx context.Context) error {
					_, err := s.Noren.Service.Points.Adjust(ctx, s.Noren.Caller, points.Adjustment{
						Query: noren.MemberQuery{IDs: ids}, Mode: mode, Amount: amount, Type: noren.DefaultPoint, Note: floor.PointNote,
					}, nil)
					return floor.Wrap("noren: points", err)
				})(ctx)
			},
			func(ctx context.Context) (time.Duration, error) {
				ids := s.FloorWorks.Next(floor.ChangeNote).Members
				return figures.Timed(func(ctx context.Context) error {
					return floor.Wrap("floor: points", byHand(ctx, ids, amount, time.Now()))
				})(ctx)
			},
		}
	}
	return append(list, adjust(points.Add, 10, s.byHand.grant), adjust(points.Subtract, 15, s.byHand.take))
}
