package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"noren"
	"noren/sqlstore"
)

const (
	rankSmall     = 10_000 // members of the small shop that the big one is compared with
	rankContract  = "bench-small"
	rankStep      = 1000                                               // members of which a check is measured at a time
	rankPurchases = 10                                                 // of each member, one a month
	rankMany      = 10_000                                             // purchases of the member who has many
	rankAmount    = "CASE WHEN (i + m) % 10 = 0 THEN 3000 ELSE 10 END" // of the purchase of member i in month m
	rankRest      = 2                                                  // as in package worker
	rankPause     = time.Second
)

// rankSubject is Noren on a database with a small and a big shop, whose members spend enough for Silver one month in ten:
// so at each check a tenth of them rises and a tenth falls, from March on.
type rankSubject struct {
	*subject
	updates    *timedUpdates
	small, big noren.Tenant
	next       map[noren.TenantID]noren.Month // the check that comes next
}

// timedUpdates notes how long transactions that write take, with their commit.
type timedUpdates struct {
	noren.Engine
	mu   sync.Mutex
	took samples
}

// Update implements noren.Engine.
func (e *timedUpdates) Update(ctx context.Context, tenant noren.TenantID, fn func(noren.Tx) error) error {
	begin := time.Now()
	err := e.Engine.Update(ctx, tenant, fn)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.took = append(e.took, time.Since(begin))
	return err
}

// forget answers what was noted since the last call.
func (e *timedUpdates) forget() samples {
	e.mu.Lock()
	defer e.mu.Unlock()
	took := e.took
	e.took = nil
	return took
}

// seedRanks makes the database. Members are without names: nothing here searches for them.
func seedRanks(ctx context.Context, p place, members int) (url string, err error) {
	if url, err = p.create(ctx); err != nil {
		return "", err
	}
	engine, err := sqlstore.Open(ctx, sqlstore.Config{URL: url})
	if err != nil {
		return url, err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	service := noren.NewService(noren.Config{Engine: engine})
	for shop, n := range map[string]int{rankContract: rankSmall, contract: members} {
		file := shopFile()
		file.Contract = shop
		if shop == rankContract {
			file.Clients = nil
		}
		file.Tenant.Programme = noren.Set(noren.RankProgramme{
			Start: "2020-01", WindowMonths: 1, CheckEveryMonths: 1, Demotion: "one_step",
		})
		if _, err := service.ApplyShop(ctx, file); err != nil {
			return url, err
		}
		t, err := service.TenantByContract(ctx, shop)
		if err != nil {
			return url, err
		}
		if err := fillRanks(ctx, p, url, t.ID, n); err != nil {
			return url, err
		}
	}
	return url, nil
}

// fillRanks writes members, a purchase of each month with the spend that it is, and the many purchases of member 1, with SQL alone.
func fillRanks(ctx context.Context, p place, url string, tenant noren.TenantID, members int) error {
	db, err := p.open(url, 1)
	if err != nil {
		return err
	}
	defer db.Close()
	months := "SELECT 1 AS m, '2026-01' AS month"
	for m := 2; m <= rankPurchases; m++ {
		months += fmt.Sprintf(" UNION ALL SELECT %d, '2026-%02d'", m, m)
	}
	numbers := func(n int) string {
		return fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)", n)
	}
	for _, text := range []string{
		fmt.Sprintf(`INSERT INTO members (tenant_id, id, code, sex, mail_opt_in, status, is_invoice_provider, created_at, updated_at, rank_id)
			%s SELECT %d, i, 'R' || CAST(i AS text), '', true, 'ACTIVE', false, 0, 0, CASE WHEN (i + 1) %% 10 = 0 THEN 2 ELSE 1 END FROM n`, numbers(members), tenant),
		fmt.Sprintf(`INSERT INTO member_spend (tenant_id, member_id, month, amount)
			%s SELECT %d, i, month, %s FROM n, (%s) AS months`, numbers(members), tenant, rankAmount, months),
		fmt.Sprintf(`INSERT INTO purchases (tenant_id, source, external_id, id, member_id, amount, credited, paid_at, month)
			%s SELECT %d, 'bench', CAST(i AS text) || '-' || month, (i - 1) * %d + m, i, %s, %[4]s, 0, month FROM n, (%[5]s) AS months`,
			numbers(members), tenant, rankPurchases, rankAmount, months),
		fmt.Sprintf(`INSERT INTO purchases (tenant_id, source, external_id, id, member_id, amount, credited, paid_at, month)
			%s SELECT %d, 'bench', CAST(i AS text), i + %d, 1, 1, 1, 0, '2026-01' FROM n`, numbers(rankMany), tenant, members*rankPurchases),
		"ANALYZE",
	} {
		if _, err := db.ExecContext(ctx, text); err != nil {
			return fmt.Errorf("filling the shop of %d members: %w", members, err)
		}
	}
	return nil
}

func openRanks(ctx context.Context, url string) (*rankSubject, error) {
	s, err := openSubject(ctx, url)
	if err != nil {
		return nil, err
	}
	r := &rankSubject{subject: s, updates: &timedUpdates{Engine: s.engine}, big: s.caller.Tenant}
	s.service = s.on(r.updates)
	if r.small, err = s.service.TenantByContract(ctx, rankContract); err != nil {
		return nil, errors.Join(err, s.engine.Close())
	}
	r.next = map[noren.TenantID]noren.Month{r.small.ID: "2026-03", r.big.ID: "2026-03"}
	return r, nil
}

// check runs the shop's next check to its end.
func (r *rankSubject) check(ctx context.Context, t noren.Tenant) error {
	_, err := r.service.CheckRanks(ctx, t, r.next[t.ID].Begin(t.Location()), nil)
	r.next[t.ID] = r.next[t.ID].Add(1)
	return err
}

// errStep ends a step of a check.
var errStep = errors.New("the step is over")

// step goes on with the shop's check by a thousand members, and answers how long that took. Then it leaves out as many
// that so many steps go over the whole shop.
func (r *rankSubject) step(ctx context.Context, t noren.Tenant, members, steps int) (time.Duration, error) {
	at := r.next[t.ID].Begin(t.Location())
	var first int64
	if begun, err := r.service.RankCheckAt(ctx, t, at); err != nil {
		return 0, err
	} else if begun != nil {
		first = begun.After
	}
	begin := time.Now()
	check, err := r.service.CheckRanks(ctx, t, at, func(s noren.RankSlice) error {
		if s.Check.After >= first+rankStep {
			return errStep
		}
		return nil
	})
	took := time.Since(begin)
	if err == nil { // that was the last
		r.next[t.ID] = r.next[t.ID].Add(1)
		return took, nil
	}
	if !errors.Is(err, errStep) {
		return 0, err
	}
	err = r.engine.Update(ctx, t.ID, func(tx noren.Tx) error {
		check.After = max(check.After, first+int64(members/steps))
		return tx.PutRankCheck(ctx, check)
	})
	return took, err
}

// ofRanks measures checks of ranks on a database of its own.
func (m measurement) ofRanks(ctx context.Context) (err error) {
	m.doing("ranks: making the shops")
	url, err := seedRanks(ctx, m.place, m.to.members)
	defer func() { err = errors.Join(err, m.place.drop(context.WithoutCancel(ctx), url)) }()
	if err != nil {
		return err
	}
	r, err := openRanks(ctx, url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.engine.Close()) }()
	m.doing("ranks: checks")
	const steps = 60 // six checks of the small shop
	step := func(t noren.Tenant, members int) func(context.Context) (time.Duration, error) {
		return func(ctx context.Context) (time.Duration, error) { return r.step(ctx, t, members, steps) }
	}
	took, err := turns(ctx, steps, step(r.small, rankSmall), step(r.big, m.to.members))
	if err != nil {
		return err
	}
	m.to.times("1,000 members of a check of ranks", fmt.Sprintf("in a shop of %d", rankSmall), took[1].median(), took[0].median(), 1.5)
	if err := m.rankTransactions(ctx, r); err != nil {
		return err
	}
	if err := m.besideRanks(ctx, r); err != nil {
		return err
	}
	return m.tiers(ctx, r)
}

// rankTransactions compares how long a check and a bulk update hold the writer at a time.
func (m measurement) rankTransactions(ctx context.Context, r *rankSubject) error {
	m.doing("ranks: slices beside bulk updates")
	works := newMaker(r.big.ID, m.to.members)
	var slices, updates samples
	for range 3 {
		r.updates.forget()
		if err := r.check(ctx, r.small); err != nil {
			return err
		}
		slices = append(slices, r.updates.forget()...)
		for range max(m.rounds/3, 3) {
			w := works.next(changeNote)
			if err := r.accept(ctx, &w); err != nil {
				return err
			}
			r.updates.forget()
			if err := r.apply(ctx); err != nil {
				return err
			}
			updates = append(updates, r.updates.forget()...)
		}
	}
	m.to.times("a slice of a check", "applying 100 rows: note", slices.median(), updates.median(), 1)
	m.to.times("a slice of a check, p95", "applying 100 rows: note, p95", slices.at(0.95), updates.at(0.95), 1)
	return nil
}

// besideRanks compares what readers and writers of the shop wait for while its ranks are checked, and while not.
func (m measurement) besideRanks(ctx context.Context, r *rankSubject) error {
	m.doing("ranks: reads and bulk updates meanwhile")
	var reads, updates [2]samples // without a check and with one
	works := newMaker(r.big.ID, m.to.members)
	for range burstTurns {
		for checking := range 2 {
			ctx, stop := context.WithCancel(ctx)
			done := make(chan error, 1)
			go func() {
				if checking == 0 {
					done <- nil
					return
				}
				done <- r.checkOnAndOn(ctx)
			}()
			_, err := crowd(ctx, 2, m.length, func(ctx context.Context, caller int) error {
				if caller == 0 {
					took, err := timed(r.readMember(m.to.members))(ctx)
					reads[checking] = append(reads[checking], took)
					return err
				}
				w := works.next(changeNote)
				took, err := timed(func(ctx context.Context) error { return errors.Join(r.accept(ctx, &w), r.apply(ctx)) })(ctx)
				updates[checking] = append(updates[checking], took)
				return err
			})
			stop()
			if err := errors.Join(err, <-done); err != nil {
				return err
			}
		}
	}
	m.to.times("a member read, p95, while ranks are checked", "while not", reads[1].at(0.95), reads[0].at(0.95), 2)
	m.to.times("100 rows accepted and applied, p95, while ranks are checked", "while not", updates[1].at(0.95), updates[0].at(0.95), 2)
	return nil
}

// readMember reads any member with what ReCORE's API shows of it.
func (r *rankSubject) readMember(members int) func(context.Context) error {
	return func(ctx context.Context) error {
		f := noren.MemberFilter{IDs: []int64{rand.Int64N(int64(members)) + 1}, WithAttachments: true, NoTotal: true, Page: noren.Page{Limit: 1}}
		found, err := r.service.Members(ctx, r.caller, f)
		if err == nil && len(found.Items) != 1 {
			err = errors.New("the member was not found")
		}
		return err
	}
}

// checkOnAndOn checks the big shop until ctx ends, and rests between slices as a server does.
func (r *rankSubject) checkOnAndOn(ctx context.Context) error {
	began := time.Now()
	for {
		at := r.next[r.big.ID]
		_, err := r.service.CheckRanks(ctx, r.big, at.Begin(r.big.Location()), func(noren.RankSlice) error {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(min(rankRest*time.Since(began), rankPause)):
			}
			began = time.Now()
			return nil
		})
		if ctx.Err() != nil {
			return nil //nolint:nilerr // it was to go on until then
		}
		if err != nil {
			return err
		}
		r.next[r.big.ID] = at.Add(1)
	}
}

// tiers compares what is missing to the next rank for a member with many purchases and one with few.
func (m measurement) tiers(ctx context.Context, r *rankSubject) error {
	m.doing("ranks: tiers")
	tier := func(id int64) func(context.Context) (time.Duration, error) {
		return timed(func(ctx context.Context) error {
			_, err := r.service.Tier(ctx, r.caller, noren.MemberKey{ID: id})
			return err
		})
	}
	took, err := turns(ctx, max(m.rounds, 3), tier(1), tier(2))
	if err != nil {
		return err
	}
	m.to.times(fmt.Sprintf("the tier of a member with %d purchases", rankMany), fmt.Sprintf("with %d", rankPurchases), took[0].median(), took[1].median(), 1.5)
	return nil
}
