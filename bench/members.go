package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"noren"
)

// memberRows is how many rows the bulk writes have: the most that the ReCORE dialect takes.
const memberRows = 1000

// pointNote is written with each movement of points.
const pointNote = "計測"

// memberSides are Noren and the floor as the members' measurements use them.
type memberSides struct {
	*sides
	byHand *memberFloor
}

// newMemberSides is newSides for a database to which addMemberShop has added.
func newMemberSides(ctx context.Context, p place, seeded string, members int) (*memberSides, error) {
	s, err := newSides(ctx, p, seeded, members, 2)
	if err != nil {
		return nil, err
	}
	s.norenWorks.rows, s.floorWorks.rows = memberRows, memberRows
	byHand, err := newMemberFloor(ctx, p, s.floor)
	if err != nil {
		return nil, errors.Join(err, s.close(context.WithoutCancel(ctx)))
	}
	return &memberSides{s, byHand}, nil
}

// ofMembers measures the ReCORE dialect's members, over HTTP and at the service.
func (m measurement) ofMembers(ctx context.Context, seeded string) (err error) {
	m.doing("members: points")
	key, err := addMemberShop(ctx, m.place, seeded, m.to.members)
	if err != nil {
		return err
	}
	s, err := newMemberSides(ctx, m.place, seeded, m.to.members)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(context.WithoutCancel(ctx))) }()
	if err := m.memberOverHTTP(ctx, seeded, s.urls[1], key); err != nil {
		return err
	}
	if err := m.memberLists(ctx, s); err != nil {
		return err
	}
	for _, write := range s.writes() {
		m.doing("members: " + write.name)
		// Each round writes a thousand rows, so there are fewer of them than of the small requests.
		took, err := turns(ctx, max(m.rounds/5, 3), write.noren, write.floor)
		if err != nil {
			return err
		}
		m.to.times(write.name, "the same rows by hand", took[0].median(), took[1].median(), 2)
	}
	return nil
}

// memberOverHTTP measures GET /members/{id} of the server on the seeded database, beside the bare server that does the
// same reads by hand on a copy.
func (m measurement) memberOverHTTP(ctx context.Context, seeded, copied, key string) error {
	base, stop, err := startBare(ctx, m.place.engine(), copied)
	if err != nil {
		return err
	}
	defer stop()
	server, err := startServer(ctx, m.noren, seeded, m.dir)
	if err != nil {
		return err
	}
	defer server.stop()
	for _, callers := range m.connections {
		m.doing(fmt.Sprintf("GET /members/{id}, %d connections", callers))
		noren, bare := newLoad(server.base, "", callers), newLoad(base, "", callers)
		noren.header.Set("X-Identification", key)
		err := m.memberGet(ctx, m.to.with(callers), noren, bare)
		noren.close()
		bare.close()
		if err != nil {
			return fmt.Errorf("%w\nThe server's last words:\n%s", err, server.lastWords())
		}
	}
	return nil
}

// memberGet compares call by call where there is one caller, and in bursts where there are several.
func (m measurement) memberGet(ctx context.Context, to section, noren, bare *load) error {
	const what, beside = "GET /members/{id}", "the same reads by hand, over HTTP"
	answer, err := noren.send(ctx, http.MethodGet, memberPath+"1", nil, http.StatusOK)
	if err != nil {
		return err
	}
	any := func() string { return fmt.Sprintf("%s%d", memberPath, rand.IntN(to.members)+1) }
	read, byHand := noren.get(any), bare.get(func() string { return fmt.Sprintf("%s?bytes=%d", any(), len(answer)) })
	if to.callers == 1 {
		took, err := turns(ctx, m.rounds,
			timed(func(ctx context.Context) error { return read(ctx, 0) }),
			timed(func(ctx context.Context) error { return byHand(ctx, 0) }))
		if err != nil {
			return err
		}
		to.times(what, beside, took[0].median(), took[1].median(), 2)
		return nil
	}
	b, err := bursts(ctx, crowded(to.callers, m.length, read), crowded(to.callers, m.length, byHand))
	if err != nil {
		return err
	}
	to.rates(what, beside, b[0].perSecond(), b[1].perSecond(), 0.5)
	return nil
}

// memberPage is the length of a page where a request does not say.
const memberPage = 50

// memberLists measures pages of members at the service.
func (m measurement) memberLists(ctx context.Context, s *memberSides) error {
	service, caller := s.noren.service, s.noren.caller
	list := func(f noren.MemberFilter) func(context.Context) error {
		f.WithAttachments, f.NoTotal, f.Limit = true, true, memberPage
		return func(ctx context.Context) error {
			_, err := service.Members(ctx, caller, f)
			return err
		}
	}
	compare := func(what, beside string, noren, floor func(context.Context) error, atMost float64) error {
		m.doing("members: " + what)
		took, err := turns(ctx, max(m.rounds/3, 3), timed(noren), timed(floor))
		if err != nil {
			return err
		}
		m.to.times(what, beside, took[0].median(), took[1].median(), atMost)
		return nil
	}
	for _, search := range searches(m.to.members) {
		f := search.filter
		f.NoTotal, f.Limit = true, memberPage
		found, err := service.Members(ctx, caller, f)
		if err != nil {
			return err
		}
		ids := make([]int64, len(found.Items))
		for i, member := range found.Items {
			ids[i] = member.ID
		}
		if len(ids) == 0 {
			return fmt.Errorf("nothing is found for %s", search.what)
		}
		if err := compare(search.what, "the same page by ids", list(f), list(noren.MemberFilter{IDs: ids}), search.atMost); err != nil {
			return err
		}
	}
	deep := int64(m.to.members) * 9 / 10
	return compare("cursor page at 90 %", "the first page", list(noren.MemberFilter{IDFrom: deep + 1}), list(noren.MemberFilter{IDFrom: 1}), 0)
}

// memberWrite is a bulk write of both sides.
type memberWrite struct {
	name         string
	noren, floor func(context.Context) (time.Duration, error)
}

// writes lists the bulk writes of the ReCORE dialect. What is written is made up before the time is taken.
func (s *memberSides) writes() []memberWrite {
	rows := fmt.Sprintf(" %d rows", min(memberRows, s.members))
	list := make([]memberWrite, 0, 4)
	for _, c := range changes() {
		list = append(list, memberWrite{
			"PUT /members/bulk" + rows + ": " + string(c),
			func(ctx context.Context) (time.Duration, error) {
				w := s.norenWorks.next(c)
				patches := w.patches()
				return timed(func(ctx context.Context) error {
					_, _, err := s.noren.service.UpdateMembers(ctx, s.noren.caller, patches, nil)
					return wrap("noren: update", err)
				})(ctx)
			},
			func(ctx context.Context) (time.Duration, error) {
				w := s.floorWorks.next(c)
				return timed(func(ctx context.Context) error {
					return wrap("floor: update", s.byHand.update(ctx, &w, time.Now()))
				})(ctx)
			},
		})
	}
	adjust := func(mode noren.PointMode, amount int64, byHand func(context.Context, []int64, int64, time.Time) error) memberWrite {
		return memberWrite{
			"PUT /members/point" + rows + ": " + string(mode),
			func(ctx context.Context) (time.Duration, error) {
				ids := s.norenWorks.next(changeNote).members
				return timed(func(ctx context.Context) error {
					_, err := s.noren.service.AdjustPoints(ctx, s.noren.caller, noren.PointAdjustment{
						Query: noren.MemberQuery{IDs: ids}, Mode: mode, Amount: amount, Type: noren.DefaultPoint, Note: pointNote,
					}, nil)
					return wrap("noren: points", err)
				})(ctx)
			},
			func(ctx context.Context) (time.Duration, error) {
				ids := s.floorWorks.next(changeNote).members
				return timed(func(ctx context.Context) error {
					return wrap("floor: points", byHand(ctx, ids, amount, time.Now()))
				})(ctx)
			},
		}
	}
	return append(list, adjust(noren.AddPoints, 10, s.byHand.grant), adjust(noren.SubtractPoints, 15, s.byHand.take))
}
