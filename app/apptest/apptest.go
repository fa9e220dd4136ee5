package apptest

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"noren"
	"noren/app"
	"noren/app/access"
	"noren/app/bulk"
	"noren/app/shop"
	"noren/app/unit"
	"noren/pgtest"
	"noren/sharding"
	"noren/sqlstore"
)

// Bundle is the use cases on a real database, with a tenant in Japan that has two ranks, two stores and two staff, three
// members and a client that sees them all. Its clock stands still until it is set.
type Bundle struct {
	*app.App
	Engine noren.Engine
	Clock  *Clock
	Caller noren.Caller
	Ctx    context.Context // of the test
}

// Clock is set by hand.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock makes a clock that shows now.
func NewClock(now time.Time) *Clock { return &Clock{now: now} }

// Advance moves the clock.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Read returns what the clock shows.
func (c *Clock) Read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Set moves the clock to a time in Japan, written as 2006-01-02 15:04:05.
func (c *Clock) Set(t *testing.T, japan string) {
	t.Helper()
	at, err := time.ParseInLocation(time.DateTime, japan, time.FixedZone("JST", 9*60*60))
	if err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = at
}

// Setup makes a bundle on SQLite.
func Setup(t *testing.T) *Bundle {
	t.Helper()
	return SetupOn(t, func(e noren.Engine) noren.Engine { return e })
}

// SetupOn is Setup with a wrapper around the engine, such as LostAnswers.
func SetupOn(t *testing.T, around func(noren.Engine) noren.Engine) *Bundle {
	t.Helper()
	return SetupAt(t, "", around)
}

// SetupAt is SetupOn in the empty database with that URL, as Config has it.
func SetupAt(t *testing.T, url string, around func(noren.Engine) noren.Engine) *Bundle {
	t.Helper()
	b := &Bundle{Clock: new(Clock), Ctx: t.Context()}
	b.Clock.Set(t, "2026-01-31 12:00:00")
	b.App = Start(t, Config{URL: url, Around: around, Config: app.Config{
		Clock: b.Clock.Read, Encoders: map[noren.Dialect]bulk.Encoder{noren.Smaregi: PlainCallbacks{}},
	}})
	b.Engine = b.App.Engine
	shop := shop.Shop{
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
		Clients: []access.ClientSpec{{Name: "api", Dialect: noren.ReCORE, Key: "key"}},
	}
	if _, err := b.Shop.Apply(b.Ctx, shop); err != nil {
		t.Fatal(err)
	}
	var err error
	if b.Caller, err = b.Engine.CallerByKey(b.Ctx, noren.ReCORE, "key"); err != nil {
		t.Fatal(err)
	}
	b.Caller.RequestID = "r1"
	return b
}

// Config says what Start makes.
type Config struct {
	app.Config // without Engine, which Start makes
	// URL names an empty database; "": one of SQLite of the test's own, which does not wait for the disk, because no test
	// outlives a power cut.
	URL string
	// Around wraps the engine; nil: no wrapper.
	Around func(noren.Engine) noren.Engine
}

// Start makes the rooms on an empty database, which is closed when the test ends.
func Start(t testing.TB, c Config) *app.App {
	t.Helper()
	if c.URL == "" {
		c.URL = NewSQLite(t)
	}
	c.Engine = Open(t, sqlstore.Config{URL: c.URL, Clock: c.Clock})
	if c.Around != nil {
		c.Engine = c.Around(c.Engine)
	}
	return app.New(c.Config)
}

// NewSQLite is the URL of an empty database of SQLite.
func NewSQLite(t testing.TB) string {
	return "sqlite:" + filepath.Join(t.TempDir(), "noren.db") + "?_pragma=synchronous(0)"
}

// Open opens the database and closes it when the test ends.
func Open(t testing.TB, c sqlstore.Config) *sqlstore.DB {
	t.Helper()
	c.OnDisorder = func(what string) { t.Errorf("against the order of locks: %s", what) }
	if strings.HasPrefix(c.URL, "postgres") {
		watch, told := sharding.NewWatch(func(what string) { t.Error(what) }), c.OnStatement
		watch.Behind.Store(strings.Contains(c.URL, pgtest.CitusName))
		c.OnStatement = func(query string) {
			watch.Sent(query)
			if told != nil {
				told(query)
			}
		}
	}
	db, err := sqlstore.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// OnEngines runs the test on an empty database of each engine, side by side.
func OnEngines(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	for name, url := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return NewSQLite(t) },
		"postgres": func(t *testing.T) string { return pgtest.Database(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, url(t))
		})
	}
}

// InStore is the caller restricted to one store.
func (b *Bundle) InStore(store int64) noren.Caller {
	c := b.Caller
	c.Client.StoreID = &store
	return c
}

// View reads what no use case shows.
func (b *Bundle) View(t *testing.T, fn func(tx noren.Tx) error) {
	t.Helper()
	if err := b.Engine.View(b.Ctx, b.Caller.Tenant.ID, fn); err != nil {
		t.Fatal(err)
	}
}

// Sound fails the test if the stored data breaks an invariant.
func (b *Bundle) Sound(t *testing.T) {
	t.Helper()
	checks, err := b.Engine.Verify(b.Ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range checks {
		if c.Violated > 0 {
			t.Errorf("%s: %q", c.Name, c.Violations)
		}
	}
}

// Audited returns the entries about one kind of thing, oldest first, as "client subject changes".
func (b *Bundle) Audited(t *testing.T, subject string) (lines []string) {
	t.Helper()
	b.View(t, func(tx noren.Tx) error {
		list, err := tx.Audit(b.Ctx, noren.AuditFilter{Subject: subject})
		for _, e := range list {
			if e.ClientID != nil { // not the operator's, who set up the shop
				lines = append([]string{e.Dialect + " " + e.RequestID + " " + e.SubjectID + " " + string(e.Changes)}, lines...)
			}
		}
		return err
	})
	return lines
}

// Once is a use of an Idempotency-Key for a request with that body. show renders the result as the body of the kept answer.
func Once(key, body string, show func(result any) string) *unit.Once {
	return &unit.Once{
		Key:      noren.IdempotencyKey{ClientID: 1, Route: "PUT /", Key: key},
		BodyHash: noren.HashSecret(body),
		Render:   func(result any) noren.KeptAnswer { return noren.KeptAnswer{Status: 200, Body: []byte(show(result))} },
	}
}

// Refusal has the parts of a refusal that are compared.
type Refusal struct {
	Row    int
	Field  string
	Value  string
	Reason noren.Reason
}

// Refused fails the test unless err is a list of exactly these refusals, of kind Invalid unless stated otherwise.
func Refused(t *testing.T, what string, err error, want ...Refusal) {
	t.Helper()
	list, ok := errors.AsType[noren.Refusals](err)
	if !ok {
		t.Errorf("%s: error %v, want refusals", what, err)
		return
	}
	var got []Refusal
	for _, e := range list {
		got = append(got, Refusal{e.Row, e.Field, e.Value, e.Reason})
	}
	Same(t, what, want, got)
	if kind := noren.KindOf(err); kind != noren.Invalid && kind != noren.Conflict {
		t.Errorf("%s: refused with kind %v", what, kind)
	}
}

// Same fails the test if got differs from want. nil and empty lists are the same.
func Same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", what, diff)
	}
}

// LostAnswers is an engine that runs each closure again after its commit, as after a commit in doubt. A use case that
// does not recognise its own work then does it twice, and its test shows that.
type LostAnswers struct{ noren.Engine }

// Update implements noren.Engine.
func (e LostAnswers) Update(ctx context.Context, tenant noren.TenantID, fn func(tx noren.Tx) error) error {
	if err := e.Engine.Update(ctx, tenant, func(tx noren.Tx) error { return fn(doubtfulRun{tx, false}) }); err != nil {
		return err
	}
	return e.Engine.Update(ctx, tenant, func(tx noren.Tx) error { return fn(doubtfulRun{tx, true}) })
}

// doubtfulRun is a transaction whose commit may be in doubt.
type doubtfulRun struct {
	noren.Tx
	again bool
}

// Again implements noren.CounterTx.
func (r doubtfulRun) Again() bool { return r.again }

// Doubtful implements noren.CounterTx.
func (doubtfulRun) Doubtful() bool { return true }

// BrokenMembers is an engine on which looking up the member with the code BAD panics.
type BrokenMembers struct{ noren.Engine }

// Update implements noren.Engine.
func (e BrokenMembers) Update(ctx context.Context, tenant noren.TenantID, fn func(tx noren.Tx) error) error {
	return e.Engine.Update(ctx, tenant, func(tx noren.Tx) error { return fn(brokenLookUp{tx}) })
}

type brokenLookUp struct{ noren.Tx }

// MembersByCode implements noren.MemberTx.
func (b brokenLookUp) MembersByCode(ctx context.Context, codes []string) ([]noren.Member, error) {
	if slices.Contains(codes, "BAD") {
		panic("this member cannot be looked up")
	}
	return b.Tx.MembersByCode(ctx, codes)
}

// PlainCallbacks writes callbacks that nobody reads.
type PlainCallbacks struct{}

// EncodeCallback implements bulk.Encoder.
func (PlainCallbacks) EncodeCallback(bulk.Outcome) []byte { return []byte("{}") }
