package ranks_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"noren"
	"noren/app"
	"noren/app/apptest"
	"noren/app/ranks"
	"noren/ladder"
	"noren/sqlstore"
)

// story draws what happens to a shop over some years.
type story struct {
	*rankShop
	t *rapid.T
	n int // events
}

func (s *story) int(least, most int, what string) int {
	return rapid.IntRange(least, most).Draw(s.t, what)
}

func (s *story) member() int { return s.int(0, len(s.naive.members)-1, "member") }

func drawRules(t *rapid.T) noren.RankProgramme {
	return noren.RankProgramme{
		Start:            rapid.SampledFrom([]noren.Month{"2000-01", "2025-11", "2026-02", "2026-09"}).Draw(t, "start"),
		WindowMonths:     rapid.IntRange(1, 13).Draw(t, "window"),
		CheckEveryMonths: rapid.SampledFrom([]int{1, 1, 2, 3, 12}).Draw(t, "every"),
		NeverRankDown:    rapid.IntRange(0, 3).Draw(t, "never down") == 0,
		Demotion:         rapid.SampledFrom([]string{ladder.OneStep, ladder.ToEarned}).Draw(t, "demotion"),
	}
}

func (s *story) record(e noren.PurchaseEvent) {
	out, err := apptest.Record(s.ctx, s.App, s.caller, "story", e)
	if err != nil || out[0].Err != nil {
		s.t.Fatalf("%+v: %v, %v", e, out, err)
	}
}

// buy may be long ago, or on the border of a month.
func (s *story) buy() {
	paid := s.clock.Read().Add(-time.Duration(s.int(0, 400*24, "hours ago")) * time.Hour)
	if s.int(0, 3, "at the border") == 0 {
		paid = noren.Month(paid.In(s.zone).Format("2006-01")).Begin(s.zone).Add(time.Duration(s.int(-1, 0, "µs")) * time.Microsecond)
	}
	p := naivePurchase{member: s.member(), paid: paid, amount: int64(s.int(0, 6, "thousands")) * 500}
	s.naive.purchases = append(s.naive.purchases, p)
	s.record(noren.PurchaseEvent{
		Kind: noren.PurchasePaid, ExternalID: strconv.Itoa(len(s.naive.purchases)), Member: noren.MemberKey{ID: int64(p.member + 1)},
		Amount: p.amount, PaidAt: p.paid,
	})
}

func (s *story) refund() {
	if len(s.naive.purchases) == 0 {
		return
	}
	i := s.int(0, len(s.naive.purchases)-1, "purchase")
	e := noren.PurchaseEvent{Kind: noren.PurchaseRefunded, ExternalID: strconv.Itoa(i + 1), RefundID: strconv.Itoa(s.n), Amount: int64(s.int(1, 4, "refund")) * 500}
	if s.naive.purchases[i].refunds += e.Amount; s.int(0, 3, "cancel") == 0 {
		s.naive.purchases[i].refunds -= e.Amount
		s.naive.purchases[i].cancelled = true
		e.Kind, e.RefundID, e.Amount = noren.PurchaseCancelled, "", 0
	}
	s.record(e)
}

// pin sets something of a member by hand.
func (s *story) pin() {
	i := s.member()
	m, p := &s.naive.members[i], noren.MemberPatch{ID: int64(i + 1)}
	rank := int64(s.int(1, 3, "rank"))
	switch s.int(0, 5, "what") {
	case 0, 1:
		p.Rank = noren.Set(noren.Ref{ID: rank})
		if m.rank != rank {
			s.naive.changes = append(s.naive.changes, fmt.Sprintf("member %d from %d to %d: set", i+1, m.rank, rank))
			m.rank = rank
		}
	case 2:
		p.MinimumRank, m.minimum = noren.Set(noren.Ref{ID: rank}), rank
	case 3:
		p.MinimumRank, m.minimum = noren.Null[noren.Ref](), 0
	case 4:
		p.SkipNextCheck, m.skip = noren.Set(true), true
	case 5:
		if m.gone = !m.gone; m.gone {
			p.Status = noren.Set(noren.Left)
		} else {
			p.Status = noren.Set(noren.Active)
		}
	}
	if _, _, err := s.Members.Update(s.ctx, s.caller, []noren.MemberPatch{p}, nil); err != nil {
		s.t.Fatal(err)
	}
}

func (s *story) change() {
	p := drawRules(s.t)
	s.settle(s.t, s.caller.Tenant.Contract, p, rankSteps(int64(s.int(1, 3, "step"))*500))
}

func (s *story) wait() {
	s.clock.Advance(time.Duration(s.int(1, 70*24, "hours")) * time.Hour)
}

// ahead runs the next check before its time, and then one that was run again.
func (s *story) ahead() {
	s.catchUp()
	next, _ := s.naive.due(s.clock.Read(), s.zone)
	if s.naive.latest != nil && !next.After(*s.naive.latest) {
		return // it was run ahead already
	}
	s.run(s.t, next, func() int { return s.int(0, 3, "slices") }, func() {})
	again, err := s.checks.Ranks.Check(s.ctx, s.tenant(s.t), next, func(ranks.Slice) error { return errKilled })
	if err != nil || again.FinishedAt == nil {
		s.t.Fatalf("run again: %v, %v", again, err)
	}
}

func (s *story) catchUp() {
	s.runChecks(s.t, func() int { return s.int(0, 5, "slices before the crash") }, s.change)
}

// A shop lives through some years: purchases, refunds, pins, other rules, a server that is down for months, checks that
// are killed and continued, or run ahead of their time. Whatever happens, members have the ranks that a simple model
// of the events gives them, and each change is recorded once with its reason.
func TestRanksAreWhatTheEventsSay(t *testing.T) {
	t.Parallel()
	apptest.OnEngines(t, tellStories)
}

func tellStories(t *testing.T, url string) {
	clock := new(apptest.Clock)
	clock.Set(t, "2026-01-15 12:00:00")
	db := apptest.Open(t, sqlstore.Config{URL: url, Clock: clock.Read})
	shops, ctx := 0, t.Context()
	rapid.Check(t, func(t *rapid.T) {
		shops++
		s := &story{rankShop: &rankShop{engine: db, clock: clock, ctx: ctx}, t: t}
		s.App = app.New(app.Config{Engine: db, Clock: clock.Read})
		engine := noren.Engine(db)
		if rapid.Bool().Draw(t, "answers are lost") {
			engine = apptest.LostAnswers{Engine: db}
		}
		s.checks = app.New(app.Config{Engine: engine, Clock: clock.Read, RankSlice: s.int(1, 4, "slice")})
		zone := rapid.SampledFrom([]string{"Asia/Tokyo", "America/New_York", "America/Sao_Paulo", "America/Havana"}).Draw(t, "zone")
		s.open(t, fmt.Sprintf("shop%d", shops), zone, drawRules(t), s.int(1, 9, "members"))
		for s.n = range s.int(10, 40, "events") {
			steps := []func(){s.buy, s.buy, s.buy, s.buy, s.refund, s.pin, s.pin, s.wait, s.wait, s.change, s.catchUp, s.catchUp, s.ahead}
			steps[s.int(0, len(steps)-1, "step")]()
		}
		s.catchUp()
		s.compare(t)
	})
	sound(t, db)
}
