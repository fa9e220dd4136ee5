package noren_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"noren"
	"noren/sqlstore"
	"noren/storetest"
)

// bundle is a service on a real database, with a tenant in Japan that has two ranks, two stores and two staff, three
// members and a client that sees them all. Its clock stands still until it is set.
type bundle struct {
	*noren.Service
	engine noren.Engine
	clock  *clock
	caller noren.Caller
	ctx    context.Context // of the test
}

// clock is set by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// set moves the clock to a time in Japan, written as 2006-01-02 15:04:05.
func (c *clock) set(t *testing.T, japan string) {
	t.Helper()
	at, err := time.ParseInLocation(time.DateTime, japan, time.FixedZone("JST", 9*60*60))
	if err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = at
}

func setup(t *testing.T) *bundle {
	t.Helper()
	return setupOn(t, func(e noren.Engine) noren.Engine { return e })
}

// setupOn is setup with something around the engine.
func setupOn(t *testing.T, around func(noren.Engine) noren.Engine) *bundle {
	t.Helper()
	b := &bundle{clock: new(clock), ctx: t.Context()}
	b.clock.set(t, "2026-01-31 12:00:00")
	db, err := sqlstore.Open(b.ctx, sqlstore.Config{
		URL: "sqlite:" + filepath.Join(t.TempDir(), "noren.db"), Clock: b.clock.read,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	b.engine = around(db)
	b.Service = noren.NewService(noren.Config{Engine: b.engine, Clock: b.clock.read})
	shop := noren.Shop{
		Contract: "sb_test",
		Tenant:   noren.TenantPatch{Name: noren.Set("暖簾商店")},
		Ranks:    []noren.Rank{{ID: 1, Name: "Bronze"}, {ID: 2, Name: "Silver"}},
		Stores:   []noren.Store{{ID: 1, Name: "本店", Kind: noren.StoreShop}, {ID: 2, Name: "支店", Kind: noren.StoreShop}},
		Staff:    []noren.Staff{{ID: 1, Name: "甲"}, {ID: 2, Name: "乙"}},
		Members: []noren.MemberPatch{
			{ID: 1, Code: noren.Set("M1"), AliasCode: noren.Set("A1")},
			{ID: 2, Code: noren.Set("M2")},
			{ID: 3, Code: noren.Set("M3"), Store: noren.Set(int64(2))},
		},
		Clients: []noren.ShopClient{{Name: "api", Dialect: noren.ReCORE, Key: "key"}},
	}
	if _, err := b.ApplyShop(b.ctx, shop); err != nil {
		t.Fatal(err)
	}
	if b.caller, err = b.engine.CallerByKey(b.ctx, noren.ReCORE, "key"); err != nil {
		t.Fatal(err)
	}
	b.caller.RequestID = "r1"
	return b
}

// onEngines runs the test on an empty database of each engine, side by side.
func onEngines(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	for name, url := range map[string]func(t *testing.T) string{
		"sqlite": func(t *testing.T) string {
			return "sqlite:" + filepath.Join(t.TempDir(), "noren.db") + "?_pragma=synchronous(0)"
		},
		"postgres": func(t *testing.T) string { return storetest.Postgres(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, url(t))
		})
	}
}

// inStore is the caller bound to a store.
func (b *bundle) inStore(store int64) noren.Caller {
	c := b.caller
	c.Client.StoreID = &store
	return c
}

// view reads what no use case shows.
func (b *bundle) view(t *testing.T, fn func(tx noren.Tx) error) {
	t.Helper()
	if err := b.engine.View(b.ctx, b.caller.Tenant.ID, fn); err != nil {
		t.Fatal(err)
	}
}

// sound fails the test where the stored data breaks an invariant.
func (b *bundle) sound(t *testing.T) {
	t.Helper()
	checks, err := b.Verify(b.ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range checks {
		if c.Violated > 0 {
			t.Errorf("%s: %q", c.Name, c.Violations)
		}
	}
}

// audited answers the entries about one kind of thing, oldest first, as "client subject changes".
func (b *bundle) audited(t *testing.T, subject string) (lines []string) {
	t.Helper()
	b.view(t, func(tx noren.Tx) error {
		list, err := tx.Audit(b.ctx, noren.AuditFilter{Subject: subject})
		for _, e := range list {
			if e.ClientID != nil { // not the operator's, who set up the shop
				lines = append([]string{e.Dialect + " " + e.RequestID + " " + e.SubjectID + " " + string(e.Changes)}, lines...)
			}
		}
		return err
	})
	return lines
}

// once is a use of an idempotency key for a request with that body; its answer has what shows of the result.
func once(key, body string, show func(result any) string) *noren.Once {
	return &noren.Once{
		Key:      noren.IdempotencyKey{ClientID: 1, Route: "PUT /", Key: key},
		BodyHash: noren.HashSecret(body),
		Render:   func(result any) noren.KeptAnswer { return noren.KeptAnswer{Status: 200, Body: []byte(show(result))} },
	}
}

// refusal is what of one refusal is compared.
type refusal struct {
	Row    int
	Field  string
	Value  string
	Reason noren.Reason
}

// refused fails the test where err is not a list of exactly these refusals, of the kind Invalid unless one has another.
func refused(t *testing.T, what string, err error, want ...refusal) {
	t.Helper()
	list, ok := errors.AsType[noren.Refusals](err)
	if !ok {
		t.Errorf("%s: error %v, want refusals", what, err)
		return
	}
	var got []refusal
	for _, e := range list {
		got = append(got, refusal{e.Row, e.Field, e.Value, e.Reason})
	}
	same(t, what, want, got)
	if kind := noren.KindOf(err); kind != noren.Invalid && kind != noren.Conflict {
		t.Errorf("%s: refused with kind %v", what, kind)
	}
}

// same fails the test where got differs from want. nil and empty lists are the same.
func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", what, diff)
	}
}

// lostAnswers is an engine that runs each closure again after its commit, as where the answer to a commit was lost.
type lostAnswers struct{ noren.Engine }

// Update implements noren.Engine.
func (e lostAnswers) Update(ctx context.Context, tenant noren.TenantID, fn func(tx noren.Tx) error) error {
	if err := e.Engine.Update(ctx, tenant, fn); err != nil {
		return err
	}
	return e.Engine.Update(ctx, tenant, func(tx noren.Tx) error { return fn(secondRun{tx}) })
}

type secondRun struct{ noren.Tx }

// Again implements noren.Tx.
func (secondRun) Again() bool { return true }

// brokenMembers is an engine on which looking up the member with the code BAD panics.
type brokenMembers struct{ noren.Engine }

// Update implements noren.Engine.
func (e brokenMembers) Update(ctx context.Context, tenant noren.TenantID, fn func(tx noren.Tx) error) error {
	return e.Engine.Update(ctx, tenant, func(tx noren.Tx) error { return fn(brokenLookUp{tx}) })
}

type brokenLookUp struct{ noren.Tx }

// MembersByCode implements noren.Tx.
func (b brokenLookUp) MembersByCode(ctx context.Context, codes []string) ([]noren.Member, error) {
	if slices.Contains(codes, "BAD") {
		panic("this member cannot be looked up")
	}
	return b.Tx.MembersByCode(ctx, codes)
}
