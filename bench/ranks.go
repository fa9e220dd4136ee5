package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"noren"
	"noren/app"
	"noren/app/ranks"
	"noren/bench/figures"
	"noren/bench/floor"
	"noren/bench/seed"
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

// rankSubject is Noren on a database with a small and a big shop. Their members spend enough for Silver one month in ten,
// so from March on each check promotes a tenth of them and demotes a tenth.
type rankSubject struct {
	*floor.Subject
	updates    *timedUpdates
	small, big noren.Tenant
	next       map[noren.TenantID]noren.Month // the next check
}

// timedUpdates records how long transactions that write take, with their commit.
type timedUpdates struct {
	noren.Engine
	mu   sync.Mutex
	took figures.Samples
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

// forget returns what was recorded since the last call.
func (e *timedUpdates) forget() figures.Samples {
	e.mu.Lock()
	defer e.mu.Unlock()
	took := e.took
	e.took = nil
	return took
}

// seedRanks makes the database. Its members have no names, because nothing here searches for them.
func seedRanks(ctx context.Context, p seed.Place, members int) (url string, err error) {
	if url, err = p.Create(ctx); err != nil {
		return "", err
	}
	engine, err := sqlstore.Open(ctx, sqlstore.Config{URL: url})
	if err != nil {
		return url, err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	service := app.New(app.Config{Engine: engine})
	for contract, n := range map[string]int{rankContract: rankSmall, seed.Contract: members} {
		file := seed.File()
		file.Contract = contract
		// Keys are unique over all tenants, and only the big shop is called.
		if contract == rankContract {
			file.Clients = nil
		}
		file.Tenant.Programme = noren.Set(noren.RankProgramme{
			Start: "2020-01", WindowMonths: 1, CheckEveryMonths: 1, Demotion: "one_step",
		})
		if _, err := service.Shop.Apply(ctx, file); err != nil {
			return url, err
		}
		t, err := service.Access.TenantByContract(ctx, contract)
		if err != nil {
			return url, err
		}
		if err := fillRanks(ctx, p, url, t.ID, n); err != nil {
			return url, err
		}
	}
	return url, nil
}

// fillRanks writes the members, a purchase of each in each month with its spend, and the many purchases of member 1, with
// nothing but SQL.
func fillRanks(ctx context.Context, p seed.Place, url string, tenant noren.TenantID, members int) error {
	db, err := p.Open(url, 1)
	if err != nil {
		return err
	}
	defer db.Close()
	var months strings.Builder
	months.WriteString("SELECT 1 AS m, '2026-01' AS month")
	for m := 2; m <= rankPurchases; m++ {
		fmt.Fprintf(&months, " UNION ALL SELECT %d, '2026-%02d'", m, m)
	}
	// In the database and not row by row, which takes far longer for a million members.
	numbers := func(n int) string {
		return fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)", n)
	}
	for _, text := range []string{
		fmt.Sprintf(`INSERT INTO members (tenant_id, id, code, sex, mail_opt_in, status, is_invoice_provider, created_at, updated_at, rank_id)
			%s SELECT %d, i, 'R' || CAST(i AS text), '', true, 'ACTIVE', false, 0, 0, CASE WHEN (i + 1) %% 10 = 0 THEN 2 ELSE 1 END
			FROM n`, numbers(members), tenant),
		fmt.Sprintf(`INSERT INTO member_spend (tenant_id, member_id, month, amount)
			%s SELECT %d, i, month, %s FROM n, (%s) AS months`, numbers(members), tenant, rankAmount, months.String()),
		fmt.Sprintf(`INSERT INTO purchases (tenant_id, source, external_id, id, member_id, amount, credited, paid_at, month)
			%s SELECT %d, 'bench', CAST(i AS text) || '-' || month, (i - 1) * %d + m, i, %s, %[4]s, 0, month FROM n, (%[5]s) AS months`,
			numbers(members), tenant, rankPurchases, rankAmount, months.String()),
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
	s, err := floor.OpenSubject(ctx, url)
	if err != nil {
		return nil, err
	}
	r := &rankSubject{Subject: s, updates: &timedUpdates{Engine: s.Engine}, big: s.Caller.Tenant}
	s.Service = s.On(r.updates)
	if r.small, err = s.Service.Access.TenantByContract(ctx, rankContract); err != nil {
		return nil, errors.Join(err, s.Engine.Close())
	}
	r.next = map[noren.TenantID]noren.Month{r.small.ID: "2026-03", r.big.ID: "2026-03"}
	return r, nil
}

// check runs the shop's next check to its end.
func (r *rankSubject) check(ctx context.Context, t noren.Tenant) error {
	_, err := r.Service.Ranks.Check(ctx, t, r.next[t.ID].Begin(t.Location()), nil)
	r.next[t.ID] = r.next[t.ID].Add(1)
	return err
}

// errStep ends a step of a check.
var errStep = errors.New("the step is over")

// step continues the shop's check by a thousand members, and returns how long that took. Then it skips as many members as
// are needed for that many steps to go over the whole shop.
func (r *rankSubject) step(ctx context.Context, t noren.Tenant, members, steps int) (time.Duration, error) {
	at := r.next[t.ID].Begin(t.Location())
	var first int64
	// The step before has left it where it was skipped to.
	if begun, err := r.Service.Ranks.CheckAt(ctx, t, at); err != nil {
		return 0, err
	} else if begun != nil {
		first = begun.After
	}
	begin := time.Now()
	check, err := r.Service.Ranks.Check(ctx, t, at, func(s ranks.Slice) error {
		if s.Check.After >= first+rankStep {
			return errStep
		}
		return nil
	})
	took := time.Since(begin)
	if err == nil { // the check is finished
		r.next[t.ID] = r.next[t.ID].Add(1)
		return took, nil
	}
	if !errors.Is(err, errStep) {
		return 0, err
	}
	err = r.Engine.Update(ctx, t.ID, func(tx noren.Tx) error {
		check.After = max(check.After, first+int64(members/steps))
		return tx.PutRankCheck(ctx, check)
	})
	return took, err
}

// ofRanks measures checks of ranks on a database of its own.
func (m measurement) ofRanks(ctx context.Context) (err error) {
	m.doing("ranks: making the shops")
	url, err := seedRanks(ctx, m.place, m.to.Members)
	defer func() { err = errors.Join(err, m.place.Drop(context.WithoutCancel(ctx), url)) }()
	if err != nil {
		return err
	}
	r, err := openRanks(ctx, url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Engine.Close()) }()
	m.doing("ranks: checks")
	const steps = 60 // six checks of the small shop
	step := func(t noren.Tenant, members int) func(context.Context) (time.Duration, error) {
		return func(ctx context.Context) (time.Duration, error) { return r.step(ctx, t, members, steps) }
	}
	took, err := figures.Turns(ctx, steps, step(r.small, rankSmall), step(r.big, m.to.Members))
	if err != nil {
		return err
	}
	m.to.Times("1,000 members of a check of ranks", fmt.Sprintf("in a shop of %d", rankSmall), took[1].Median(), took[0].Median(), 1.5)
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
	works := floor.NewMaker(r.big.ID, m.to.Members)
	var slices, updates figures.Samples
	for range 3 {
		// What was written before must not be counted.
		r.updates.forget()
		if err := r.check(ctx, r.small); err != nil {
			return err
		}
		slices = append(slices, r.updates.forget()...)
		for range max(m.rounds/3, 3) {
			w := works.Next(floor.ChangeNote)
			if err := r.Accept(ctx, &w); err != nil {
				return err
			}
			r.updates.forget()
			if err := r.Apply(ctx); err != nil {
				return err
			}
			updates = append(updates, r.updates.forget()...)
		}
	}
	m.to.Times("a slice of a check", "applying 100 rows: note", slices.Median(), updates.Median(), 1)
	m.to.Times("a slice of a check, p95", "applying 100 rows: note, p95", slices.At(0.95), updates.At(0.95), 1)
	return nil
}

// besideRanks compares how long readers and writers of the shop wait while its ranks are checked, and while they are not.
func (m measurement) besideRanks(ctx context.Context, r *rankSubject) error {
	m.doing("ranks: reads and bulk updates meanwhile")
	var reads, updates [2]figures.Samples // without a check and with one
	works := floor.NewMaker(r.big.ID, m.to.Members)
	for range figures.BurstTurns {
		// In turns within each round, so that other load on the machine hits both alike.
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
			_, err := figures.Crowd(ctx, 2, m.length, func(ctx context.Context, caller int) error {
				if caller == 0 {
					took, err := figures.Timed(r.readMember(m.to.Members))(ctx)
					reads[checking] = append(reads[checking], took)
					return err
				}
				w := works.Next(floor.ChangeNote)
				took, err := figures.Timed(func(ctx context.Context) error { return errors.Join(r.Accept(ctx, &w), r.Apply(ctx)) })(ctx)
				updates[checking] = append(updates[checking], took)
				return err
			})
			stop()
			if err := errors.Join(err, <-done); err != nil {
				return err
			}
		}
	}
	m.to.Times("a member read, p95, while ranks are checked", "while not", reads[1].At(0.95), reads[0].At(0.95), 2)
	m.to.Times("100 rows accepted and applied, p95, while ranks are checked", "while not", updates[1].At(0.95), updates[0].At(0.95), 2)
	return nil
}

// readMember reads a random member with everything that ReCORE's API shows.
func (r *rankSubject) readMember(members int) func(context.Context) error {
	return func(ctx context.Context) error {
		f := noren.MemberFilter{IDs: []int64{rand.Int64N(int64(members)) + 1}, WithAttachments: true, NoTotal: true, Page: noren.Page{Limit: 1}}
		found, err := r.Service.Members.List(ctx, r.Caller, f)
		if err == nil && len(found.Items) != 1 {
			err = errors.New("the member was not found")
		}
		return err
	}
}

// checkOnAndOn checks the big shop until ctx ends, and pauses between slices as a server does.
func (r *rankSubject) checkOnAndOn(ctx context.Context) error {
	began := time.Now()
	for {
		at := r.next[r.big.ID]
		_, err := r.Service.Ranks.Check(ctx, r.big, at.Begin(r.big.Location()), func(ranks.Slice) error {
			select {
			case <-ctx.Done():
				return ctx.Err()
			// As the worker rests between slices, or readers would meet a busier writer than a server's.
			case <-time.After(min(rankRest*time.Since(began), rankPause)):
			}
			began = time.Now()
			return nil
		})
		if ctx.Err() != nil {
			return nil //nolint:nilerr // the end of ctx is not an error here
		}
		if err != nil {
			return err
		}
		r.next[r.big.ID] = at.Add(1)
	}
}

// tiers compares reading the tier of a member with many purchases with that of one with few.
func (m measurement) tiers(ctx context.Context, r *rankSubject) error {
	m.doing("ranks: tiers")
	tier := func(id int64) func(context.Context) (time.Duration, error) {
		return figures.Timed(func(ctx context.Context) error {
			_, err := r.Service.Ranks.Tier(ctx, r.Caller, noren.MemberKey{ID: id})
			return err
		})
	}
	took, err := figures.Turns(ctx, max(m.rounds, 3), tier(1), tier(2))
	if err != nil {
		return err
	}
	m.to.Times(fmt.Sprintf("the tier of a member with %d purchases", rankMany), fmt.Sprintf("with %d", rankPurchases),
		took[0].Median(), took[1].Median(), 1.5)
	return nil
}
