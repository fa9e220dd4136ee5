package ranks_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"noren"
	"noren/app"
	"noren/app/access"
	"noren/app/apptest"
	"noren/app/ranks"
	"noren/app/shop"
	"noren/ladder"
	"noren/sqlstore"
)

// rankShop is a tenant with a rank programme, and a simple model of everything that ever happened to it.
type rankShop struct {
	*app.App
	engine noren.Engine
	ctx    context.Context // of the test
	checks *app.App        // which runs the checks, in slices of its own and perhaps on a worse engine
	clock  *apptest.Clock
	caller noren.Caller
	zone   *time.Location
	naive  naive
}

// naive is the model: events as they came, and members as they must be.
type naive struct {
	programme noren.RankProgramme
	stored    time.Time // when its calendar was
	ranks     []noren.Rank
	members   []naiveMember
	purchases []naivePurchase
	latest    *time.Time // the check that was begun last
	changes   []string
	counts    map[string][3]int // by check: risen, fallen, stayed
}

type naiveMember struct {
	rank, minimum int64 // 0: none
	skip, gone    bool
}

type naivePurchase struct {
	member    int // from 0
	paid      time.Time
	amount    int64
	refunds   int64
	cancelled bool
}

// rankSteps is a ladder on which nothing is free, whose ids do not go with the positions.
func rankSteps(step int64) []noren.Rank {
	return []noren.Rank{
		{ID: 3, Position: 1, Name: "Bronze", EntrySpend: 1},
		{ID: 1, Position: 2, Name: "Silver", EntrySpend: 2 * step, MaintenanceSpend: step},
		{ID: 2, Position: 3, Name: "Gold", EntrySpend: 5 * step, MaintenanceSpend: 4 * step},
	}
}

// open makes the shop with n members in a tenant of its own.
func (s *rankShop) open(t rapid.TB, contract, zone string, p noren.RankProgramme, n int) {
	t.Helper()
	var err error
	if s.zone, err = time.LoadLocation(zone); err != nil {
		t.Fatal(err)
	}
	shop := shop.Shop{
		Contract: contract,
		Tenant:   noren.TenantPatch{Name: noren.Set("暖簾"), Timezone: noren.Set(zone)},
		Clients:  []access.ClientSpec{{Name: "api", Dialect: noren.ReCORE, Key: contract}},
	}
	for i := range n {
		shop.Members = append(shop.Members, noren.MemberPatch{ID: int64(i + 1), Code: noren.Set(fmt.Sprintf("M%02d", i+1))})
		s.naive.members = append(s.naive.members, naiveMember{})
	}
	s.naive.counts = make(map[string][3]int)
	s.apply(t, shop)
	s.settle(t, contract, p, rankSteps(1000))
	if s.caller, err = s.engine.CallerByKey(s.ctx, noren.ReCORE, contract); err != nil {
		t.Fatal(err)
	}
}

func (s *rankShop) apply(t rapid.TB, shop shop.Shop) {
	t.Helper()
	if _, err := s.Shop.Apply(s.ctx, shop); err != nil {
		t.Fatal(err)
	}
}

// settle applies a shop file with another programme and ladder.
func (s *rankShop) settle(t rapid.TB, contract string, p noren.RankProgramme, ranks []noren.Rank) {
	t.Helper()
	s.apply(t, shop.Shop{Contract: contract, Tenant: noren.TenantPatch{Programme: noren.Set(p)}, Ranks: slices.Clone(ranks)})
	if old := s.naive.programme; old.Start != p.Start || old.CheckEveryMonths != p.CheckEveryMonths {
		s.naive.stored = s.clock.Read()
	}
	s.naive.programme, s.naive.ranks = p, ranks
}

// tenant is the tenant as it is stored now.
func (s *rankShop) tenant(t rapid.TB) noren.Tenant {
	t.Helper()
	tenant, err := s.Access.TenantByContract(s.ctx, s.caller.Tenant.Contract)
	if err != nil {
		t.Fatal(err)
	}
	return tenant
}

// due is the check that has to be run next, said without the calendar of package ladder: months are counted one by one.
func (n *naive) due(now time.Time, zone *time.Location) (time.Time, bool) {
	start, err := time.ParseInLocation("2006-01", string(n.programme.Start), zone)
	if err != nil {
		panic(err)
	}
	for i := 0; ; i += n.programme.CheckEveryMonths {
		at := noren.Month(start.AddDate(0, i, 0).Format("2006-01")).Begin(zone)
		switch {
		case at.After(now):
			return at, false
		case at.Unix() > n.stored.Unix() && (n.latest == nil || at.After(*n.latest)):
			return at, true
		}
	}
}

// check judges every member by the raw events, with the rules as they are now.
func (n *naive) check(at time.Time, zone *time.Location) {
	n.latest = &at
	day := at.In(zone)
	from := noren.Month(time.Date(day.Year(), day.Month(), 1, 0, 0, 0, 0, time.UTC).AddDate(0, -n.programme.WindowMonths, 0).Format("2006-01")).Begin(zone)
	var risen, fallen, stayed int
	for i := range n.members {
		m := &n.members[i]
		if m.gone {
			continue
		}
		var spend int64
		for _, p := range n.purchases {
			if p.member == i && !p.cancelled && !p.paid.Before(from) && p.paid.Before(at) {
				spend += max(p.amount-p.refunds, 0)
			}
		}
		to, why := n.programme.Judge(n.ranks, ladder.Standing{
			Rank: idOrNil(m.rank), Minimum: idOrNil(m.minimum), SkipNext: m.skip, Spend: spend,
		})
		m.skip = false
		switch why {
		case ladder.EntryMet:
			risen++
		case ladder.MaintenanceMissed:
			fallen++
		default:
			stayed++
			continue
		}
		n.changes = append(n.changes, fmt.Sprintf("member %d from %d to %d: %s at %s with %d", i+1, m.rank, *to, why, at.UTC().Format(time.RFC3339), spend))
		m.rank = *to
	}
	n.counts[at.UTC().Format(time.RFC3339)] = [3]int{risen, fallen, stayed}
}

func idOrNil(id int64) *int64 {
	if id == 0 {
		return nil
	}
	return &id
}

func orZero[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// compare fails the test if the stored data differs from the model.
func (s *rankShop) compare(t rapid.TB) {
	t.Helper()
	var members []naiveMember
	var changes []string
	counts := make(map[string][3]int)
	err := s.engine.View(s.ctx, s.caller.Tenant.ID, func(tx noren.Tx) error {
		list, _, err := tx.Members(s.ctx, noren.MemberFilter{})
		if err != nil {
			return err
		}
		for _, m := range list {
			members = append(members, naiveMember{orZero(m.RankID), orZero(m.MinimumRankID), m.SkipNextCheck, m.Status == noren.Left})
		}
		recorded, _, err := tx.RankChanges(s.ctx, noren.RankChangeFilter{})
		for _, c := range slices.Backward(recorded) {
			line := fmt.Sprintf("member %d from %d to %d: %s", c.MemberID, orZero(c.From), orZero(c.To), c.Reason)
			if c.CheckAt != nil {
				line += fmt.Sprintf(" at %s with %d", c.CheckAt.UTC().Format(time.RFC3339), *c.Spend)
			}
			changes = append(changes, line)
		}
		if err != nil {
			return err
		}
		checks, _, err := tx.RankChecks(s.ctx, noren.Page{})
		for _, c := range checks {
			if c.FinishedAt == nil {
				t.Errorf("the check of %v is not finished", c.At)
			}
			counts[c.At.UTC().Format(time.RFC3339)] = [3]int{int(c.Risen), int(c.Fallen), int(c.Stayed)}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(members), fmt.Sprint(s.naive.members); got != want {
		t.Fatalf("the members are\n%s, want\n%s", got, want)
	}
	if !slices.Equal(changes, s.naive.changes) {
		t.Fatalf("the changes are\n%q, want\n%q", changes, s.naive.changes)
	}
	if got, want := fmt.Sprint(counts), fmt.Sprint(s.naive.counts); got != want {
		t.Fatalf("the checks counted\n%s, want\n%s", got, want)
	}
}

// errKilled ends a run of a check after a slice, as a crash there would.
var errKilled = errors.New("killed")

// runChecks runs the due checks. Each is killed after a number of slices that kill returns, and then continued.
// between is called after each kill.
func (s *rankShop) runChecks(t rapid.TB, kill func() int, between func()) {
	t.Helper()
	for {
		at, err := s.checks.Ranks.Due(s.ctx, s.tenant(t))
		if err != nil {
			t.Fatal(err)
		}
		want, due := s.naive.due(s.clock.Read(), s.zone)
		if at == nil && !due {
			return
		}
		if at == nil || !due || !at.Equal(want) {
			t.Fatalf("at %v the check %v is due, want %v, %t", s.clock.Read(), at, want, due)
		}
		s.run(t, *at, kill, between)
	}
}

func (s *rankShop) run(t rapid.TB, at time.Time, kill func() int, between func()) {
	t.Helper()
	before, told := len(s.naive.changes), 0
	s.naive.check(at, s.zone)
	for left := kill(); ; left = 1 << 30 {
		_, err := s.checks.Ranks.Check(s.ctx, s.tenant(t), at, func(slice ranks.Slice) error {
			for _, m := range slice.Moves {
				if m.Moved() {
					told++
				}
			}
			if left--; left < 0 {
				return errKilled
			}
			return nil
		})
		if err == nil {
			break
		}
		if !errors.Is(err, errKilled) {
			t.Fatal(err)
		}
		between()
	}
	if want := len(s.naive.changes) - before; told != want {
		t.Fatalf("the check of %v told of %d moves, want %d", at, told, want)
	}
}

// sound fails the test if the stored data breaks an invariant.
func sound(t *testing.T, engine noren.Engine) {
	t.Helper()
	checks, err := engine.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range checks {
		if c.Violated > 0 {
			t.Errorf("%s: %q", c.Name, c.Violations)
		}
	}
}

// newRankShop is a shop in Japan with n members, checked every month over the last, in slices of two.
func newRankShop(t *testing.T, n int) *rankShop {
	t.Helper()
	s := &rankShop{clock: new(apptest.Clock), ctx: t.Context()}
	s.clock.Set(t, "2026-01-15 12:00:00")
	s.engine = apptest.Open(t, sqlstore.Config{URL: apptest.NewSQLite(t), Clock: s.clock.Read})
	s.App = app.New(app.Config{Engine: s.engine, Clock: s.clock.Read})
	s.checks = app.New(app.Config{Engine: s.engine, Clock: s.clock.Read, RankSlice: 2})
	s.open(t, "t1", "Asia/Tokyo", noren.RankProgramme{Start: "2026-01", WindowMonths: 1, CheckEveryMonths: 1, Demotion: ladder.OneStep}, n)
	return s
}

// spend lets each member have spent the amount in the month before the clock's.
func (s *rankShop) spend(t *testing.T, amount int64) {
	t.Helper()
	var events []noren.PurchaseEvent
	for i := range s.naive.members {
		p := naivePurchase{member: i, paid: s.clock.Read(), amount: amount}
		s.naive.purchases = append(s.naive.purchases, p)
		events = append(events, noren.PurchaseEvent{
			Kind: noren.PurchasePaid, ExternalID: strconv.Itoa(len(s.naive.purchases)), Member: noren.MemberKey{ID: int64(i + 1)},
			Amount: amount, PaidAt: p.paid,
		})
	}
	if _, err := apptest.Record(t.Context(), s.App, s.caller, "test", events...); err != nil {
		t.Fatal(err)
	}
}

func (s *rankShop) at(month noren.Month) time.Time { return month.Begin(s.zone) }

// Several processes work on one check, each through services of its own.
func TestSeveralProcessesCheckRanksAtOnce(t *testing.T) {
	t.Parallel()
	s := newRankShop(t, 60)
	s.spend(t, 2000)
	s.clock.Set(t, "2026-02-01 00:00:00")
	s.naive.check(s.at("2026-02"), s.zone)
	var mu sync.Mutex
	moved := make(map[int64]int)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			_, err := s.checks.Ranks.Check(t.Context(), s.tenant(t), s.at("2026-02"), func(slice ranks.Slice) error {
				mu.Lock()
				defer mu.Unlock()
				for _, m := range slice.Moves {
					moved[m.MemberID]++
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for id := range int64(60) {
		if moved[id+1] != 1 {
			t.Errorf("member %d was told to have moved %d times", id+1, moved[id+1])
		}
	}
	// Whichever process was first in a slice numbered its changes first.
	s.compare(t)
	sound(t, s.engine)
}

// Which checks may be run, and what they do.
func TestWhichChecksOfRanksCanBeRun(t *testing.T) {
	t.Parallel()
	s := newRankShop(t, 5)
	run := func(month noren.Month) (noren.RankCheck, error) {
		return s.checks.Ranks.Check(t.Context(), s.tenant(t), s.at(month), nil)
	}
	refused := func(what string, kind noren.Kind, err error) {
		t.Helper()
		if err == nil || noren.KindOf(err) != kind {
			t.Errorf("%s: %v", what, err)
		}
	}
	if at, err := s.checks.Ranks.Due(t.Context(), s.tenant(t)); at != nil || err != nil {
		t.Errorf("due in the month in which the programme was stored: %v, %v", at, err)
	}
	_, err := s.checks.Ranks.Check(t.Context(), s.tenant(t), s.at("2026-02").Add(time.Second), nil)
	refused("a time at which no check falls", noren.Invalid, err)
	_, err = s.checks.Ranks.Check(t.Context(), s.tenant(t), time.Date(9999, 12, 1, 0, 0, 0, 0, s.zone), nil)
	refused("the end of time", noren.Invalid, err)
	_, err = s.checks.Ranks.Check(t.Context(), noren.Tenant{ID: s.caller.Tenant.ID + 1}, s.at("2026-02"), nil)
	refused("a tenant that does not exist", noren.NotFound, err)

	s.spend(t, 2000)
	killed := func(ranks.Slice) error { return errKilled }
	if _, err := s.checks.Ranks.Check(t.Context(), s.tenant(t), s.at("2026-02"), killed); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	_, err = run("2026-03")
	refused("a check before the one before it is finished", noren.Conflict, err)
	if at, err := s.checks.Ranks.Due(t.Context(), s.tenant(t)); err != nil || at == nil || !at.Equal(s.at("2026-02")) {
		t.Errorf("due is %v, %v, want the one that was begun ahead of its time", at, err)
	}
	first, err := run("2026-02")
	if err != nil || first.Risen != 5 || first.FinishedAt == nil {
		t.Errorf("gone on with: %+v, %v", first, err)
	}
	if _, err := run("2026-04"); err != nil {
		t.Errorf("one after the next: %v", err)
	}
	_, err = run("2026-03")
	refused("one that was left out", noren.Conflict, err)
	if again, err := run("2026-02"); err != nil || !again.FinishedAt.Equal(*first.FinishedAt) || again.Risen != 5 {
		t.Errorf("an old one again: %+v, %v", again, err)
	}
	s.clock.Set(t, "2026-04-30 23:59:59")
	if at, err := s.checks.Ranks.Due(t.Context(), s.tenant(t)); at != nil || err != nil {
		t.Errorf("due after checks that were run ahead: %v, %v", at, err)
	}
	s.clock.Set(t, "2026-05-01 00:00:00")
	if at, err := s.checks.Ranks.Due(t.Context(), s.tenant(t)); err != nil || at == nil || !at.Equal(s.at("2026-05")) {
		t.Errorf("due in May: %v, %v", at, err)
	}
	sound(t, s.engine)
}

// A check that has begun continues by its own rules, even if the new calendar no longer has it.
func TestAChangedProgrammeTakesEffectAtTheNextCheck(t *testing.T) {
	t.Parallel()
	s := newRankShop(t, 5)
	var golden []noren.MemberPatch
	for i := range s.naive.members {
		golden = append(golden, noren.MemberPatch{ID: int64(i + 1), Rank: noren.Set(noren.Ref{ID: 2})})
		s.naive.changes = append(s.naive.changes, fmt.Sprintf("member %d from 0 to 2: set", i+1))
		s.naive.members[i].rank = 2
	}
	if _, _, err := s.Members.Update(t.Context(), s.caller, golden, nil); err != nil {
		t.Fatal(err)
	}
	s.clock.Set(t, "2026-02-01 00:00:00")
	s.run(t, s.at("2026-02"), func() int { return 1 }, func() {
		s.settle(t, "t1", noren.RankProgramme{Start: "2026-06", WindowMonths: 3, CheckEveryMonths: 6, Demotion: ladder.ToEarned}, rankSteps(9000))
	})
	s.compare(t)
	// Nor is a check due that the new calendar would have had before it was stored.
	s.clock.Set(t, "2026-03-10 00:00:00")
	s.settle(t, "t1", noren.RankProgramme{Start: "2026-01", WindowMonths: 1, CheckEveryMonths: 1, Demotion: ladder.OneStep}, rankSteps(9000))
	s.runChecks(t, func() int { return 0 }, func() {})
	if len(s.naive.counts) != 1 {
		t.Errorf("%d checks were run", len(s.naive.counts))
	}
	s.compare(t)
	sound(t, s.engine)
}

// A preview says what the check then does, and changes nothing.
func TestPreviewIsWhatTheCheckDoes(t *testing.T) {
	t.Parallel()
	s := newRankShop(t, 7)
	s.spend(t, 2000)
	preview := func(plan *noren.RankPlan) (lines []string) {
		err := s.Ranks.Preview(t.Context(), s.tenant(t), plan, s.at("2026-02"), func(m noren.RankMove) error {
			if m.Moved() {
				lines = append(lines, fmt.Sprint(m.Code, orZero(m.Rank), orZero(m.To), m.Reason, m.Spend))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return lines
	}
	all := preview(nil)
	if len(all) != 7 || len(s.naive.changes) != 0 {
		t.Fatalf("the preview says %q", all)
	}
	s.compare(t)
	if dear := preview(&noren.RankPlan{Programme: s.naive.programme, Ranks: rankSteps(1_000_000)[1:]}); dear != nil {
		t.Errorf("a ladder out of reach: %q", dear)
	}
	var done []string
	_, err := s.checks.Ranks.Check(t.Context(), s.tenant(t), s.at("2026-02"), func(slice ranks.Slice) error {
		if got := preview(nil); slice.Check.FinishedAt == nil && len(got) != 7-len(done)-len(slice.Moves) {
			t.Errorf("in the middle the preview says %q", got)
		}
		for _, m := range slice.Moves {
			done = append(done, fmt.Sprint(m.Code, orZero(m.Rank), orZero(m.To), m.Reason, m.Spend))
		}
		return nil
	})
	if err != nil || !slices.Equal(done, all) {
		t.Errorf("the check did %q, %v; the preview said %q", done, err, all)
	}
	if after := preview(nil); after != nil {
		t.Errorf("a preview of what was run says %q", after)
	}
}

// A member who leaves, or is given a skip, between the snapshot and the writing is judged as they are then.
func TestMovesAreJudgedAgainWhereTheyAreStored(t *testing.T) {
	t.Parallel()
	s := newRankShop(t, 4)
	s.spend(t, 2000)
	hasty := &meddling{Engine: s.engine}
	hasty.meddle = sync.OnceFunc(func() {
		for id, p := range map[int64]noren.MemberPatch{
			1: {Status: noren.Set(noren.Left)}, 2: {SkipNextCheck: noren.Set(true)}, 3: {Rank: noren.Set(noren.Ref{ID: 2})},
		} {
			p.ID = id
			if _, _, err := s.Members.Update(t.Context(), s.caller, []noren.MemberPatch{p}, nil); err != nil {
				t.Error(err)
			}
		}
	})
	checks := app.New(app.Config{Engine: hasty, Clock: s.clock.Read})
	check, err := checks.Ranks.Check(t.Context(), s.tenant(t), s.at("2026-02"), nil)
	if err != nil {
		t.Fatal(err)
	}
	// 1 has left, the skip of 2 is used up, Gold falls to Silver with 2000, and 4 rises.
	if check.Risen != 1 || check.Fallen != 1 || check.Stayed != 1 {
		t.Errorf("risen %d, fallen %d, stayed %d", check.Risen, check.Fallen, check.Stayed)
	}
	sound(t, s.engine)
}

// meddling is an engine on which something happens between the reading of members and the next transaction.
type meddling struct {
	noren.Engine
	meddle func()
}

// View implements noren.Engine.
func (e *meddling) View(ctx context.Context, tenant noren.TenantID, fn func(noren.Tx) error) error {
	read := false
	err := e.Engine.View(ctx, tenant, func(tx noren.Tx) error { return fn(watchedTx{tx, &read}) })
	if read {
		e.meddle()
	}
	return err
}

type watchedTx struct {
	noren.Tx
	read *bool
}

// RankStandings implements noren.RankCheckTx.
func (tx watchedTx) RankStandings(ctx context.Context, after int64, limit int, from, until noren.Month) ([]noren.RankStanding, error) {
	*tx.read = true
	return tx.Tx.RankStandings(ctx, after, limit, from, until)
}
