package app_test

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"testing"
	"time"

	"noren"
	"noren/app"
	"noren/app/bulk"
	"noren/app/points"
	"noren/pgtest"
	"noren/sqlstore"
	"noren/storetest"
)

// trips counts round trips between use cases and a PostgreSQL server.
type trips struct {
	*app.App
	db     *sqlstore.DB
	proxy  *pgtest.Proxy
	caller noren.Caller
}

// quietEncoder writes no callbacks.
type quietEncoder struct{}

func (quietEncoder) EncodeCallback(bulk.Outcome) []byte { return []byte("{}") }

// setupTrips makes a tenant with a thousand members, ten products in a store, ranks and a client.
func setupTrips(t *testing.T) *trips {
	t.Helper()
	server := pgtest.Database(t)
	proxy, proxied := pgtest.NewProxy(t, server)
	// Not by apptest, which holds what is written against the order of locks: this fills an empty database.
	db, err := sqlstore.Open(t.Context(), sqlstore.Config{URL: proxied, Clock: storetest.Now, MaxConns: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	s := &trips{db: db, proxy: proxy, App: app.New(app.Config{
		Engine: db, Clock: storetest.Now, Encoders: map[noren.Dialect]bulk.Encoder{noren.Smaregi: quietEncoder{}},
	})}
	made, _, err := db.EnsureTenant(t.Context(), "sb_trips")
	if err != nil {
		t.Fatal(err)
	}
	made.Points, made.Timezone, made.Currency = noren.PointSettings{Enabled: true}, "Asia/Tokyo", "JPY"
	client := noren.Client{ID: 1, Name: "pos", Dialect: noren.Smaregi, Key: "key", WebhookSecret: "whsec_"}
	err = db.Update(t.Context(), made.ID, func(tx noren.Tx) error {
		members := make([]noren.Member, 1000)
		for i := range members {
			members[i] = noren.Member{
				ID: int64(i + 1), Code: fmt.Sprint("M", i+1), LastName: new("山田"), Status: noren.Active,
				CreatedAt: storetest.Now(), UpdatedAt: storetest.Now(),
			}
		}
		products := make([]noren.Product, 100)
		for i := range products {
			products[i] = noren.Product{ID: int64(i + 1), Code: fmt.Sprint("P", i+1), Name: "品"}
		}
		for _, err := range []error{
			tx.PutTenant(t.Context(), made), tx.PutClients(t.Context(), []noren.Client{client}),
			tx.PutRanks(t.Context(), []noren.Rank{{ID: 1, Position: 1, Name: "Bronze"}, {ID: 2, Position: 2, Name: "Gold"}}),
			tx.PutStores(t.Context(), []noren.Store{{ID: 1, Code: "S1", Name: "本店", Kind: noren.StoreShop}}),
			tx.PutProducts(t.Context(), products), tx.InsertMembers(t.Context(), members), tx.Raise(t.Context(), noren.CounterMember, 1000),
		} {
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	// PostgreSQL would do so by itself within a minute.
	raw, err := sql.Open("pgx", server)
	if err == nil {
		_, err = raw.ExecContext(t.Context(), "ANALYZE")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	if s.caller, err = db.CallerByKey(t.Context(), noren.Smaregi, "key"); err != nil {
		t.Fatal(err)
	}
	return s
}

// of counts the round trips of a use case once its statements are prepared and what changes rarely is in memory.
func (s *trips) of(t *testing.T, run func(ctx context.Context) error) int64 {
	t.Helper()
	fewest := int64(math.MaxInt64)
	for range 6 { // a connection that does not know the statements yet has to ask for them
		s.proxy.Settle()
		before := s.proxy.RoundTrips()
		if err := run(t.Context()); err != nil {
			t.Fatal(err)
		}
		fewest = min(fewest, s.proxy.RoundTrips()-before)
	}
	return fewest
}

// TestRoundTrips counts how often a use case waits for PostgreSQL, whatever the number of rows. On a network that is what its
// time is made of.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	s := setupTrips(t)
	patches := func(n int) []noren.MemberPatch {
		patches := make([]noren.MemberPatch, n)
		for i := range patches {
			patches[i] = noren.MemberPatch{
				ID: int64(i + 1), View: noren.ReCOREView, LastName: noren.Set(noren.NewSecret("")),
				Rank: noren.Set(noren.Ref{ID: int64(time.Now().Nanosecond()%2 + 1)}),
			}
		}
		return patches
	}
	update := func(n int) func(context.Context) error {
		return func(ctx context.Context) error {
			_, _, err := s.Members.Update(ctx, s.caller, patches(n), nil)
			return err
		}
	}
	adjust := func(mode points.Mode, n int) func(context.Context) error {
		ids := make([]int64, n)
		for i := range ids {
			ids[i] = int64(i + 1)
		}
		return func(ctx context.Context) error {
			_, err := s.Points.Adjust(ctx, s.caller, points.Adjustment{
				Query: noren.MemberQuery{IDs: ids}, Mode: mode, Amount: 1, Type: noren.DefaultPoint,
			}, nil)
			return err
		}
	}
	accept := func(ctx context.Context) error {
		changes := make([]noren.StockChange, 100)
		for i := range changes {
			changes[i] = noren.StockChange{StockKey: noren.StockKey{ProductID: int64(i + 1), StoreID: 1}, Amount: int64(time.Now().Nanosecond())}
		}
		_, err := s.Bulk.Accept(ctx, s.caller, noren.BulkRequest{
			Kind: noren.BulkStock, Dialect: noren.Smaregi, ClientID: 1, CallbackURL: "https://example.com/", Rows: noren.BulkRows{Stock: changes},
		}, nil)
		return err
	}
	for _, c := range []struct {
		name string
		want int64
		run  func(context.Context) error
	}{
		{"a member, with the caller", 1, func(ctx context.Context) error {
			ctx, _ = s.db.OneLook(ctx, true)
			caller, err := s.db.CallerByKey(ctx, noren.Smaregi, "key")
			if err != nil {
				return err
			}
			_, err = s.Members.Get(ctx, caller, 7)
			return err
		}},
		{"a page of members, with the caller", 2, func(ctx context.Context) error {
			ctx, _ = s.db.OneLook(ctx, true)
			caller, err := s.db.CallerByKey(ctx, noren.Smaregi, "key")
			if err != nil {
				return err
			}
			_, err = s.Members.List(ctx, caller, noren.MemberFilter{Codes: []string{"M7", "M8"}, NoTotal: true, Page: noren.Page{Limit: 50}})
			return err
		}},
		{"one member changed", 2, update(1)},
		{"a hundred members changed", 2, update(100)},
		{"points to one member", 3, adjust(points.Add, 1)},
		{"points to a thousand members", 3, adjust(points.Add, 1000)},
		{"points off a thousand members", 4, adjust(points.Subtract, 1000)},
		{"a bulk request of stock accepted", 1, accept},
	} {
		if got := s.of(t, c.run); got != c.want {
			t.Errorf("%s: %d round trips, want %d", c.name, got, c.want)
		}
	}
	s.lanes(t, accept)
}

// lanes counts what becomes of accepted requests: applied, claimed, and recorded as delivered.
func (s *trips) lanes(t *testing.T, accept func(context.Context) error) {
	var applied, claimed, recorded int64
	count := func(into *int64, run func() error) {
		t.Helper()
		s.proxy.Settle()
		before := s.proxy.RoundTrips()
		if err := run(); err != nil {
			t.Fatal(err)
		}
		*into = s.proxy.RoundTrips() - before
	}
	for range 6 {
		if err := accept(t.Context()); err != nil {
			t.Fatal(err)
		}
		count(&applied, func() error {
			done, err := s.Bulk.ApplyLane(t.Context(), s.caller.Tenant.ID)
			if err == nil && len(done) == 0 {
				t.Error("nothing was applied")
			}
			return err
		})
		var callbacks []noren.Callback
		count(&claimed, func() error {
			tenants, err := s.Bulk.TenantsDue(t.Context())
			if err != nil || len(tenants) != 1 {
				t.Fatal(tenants, err)
			}
			hosts, err := s.Bulk.CallbackHosts(t.Context(), tenants[0], "", 10)
			if err != nil || len(hosts) != 1 {
				t.Fatal(hosts, err)
			}
			callbacks, err = s.Bulk.ClaimCallbacks(t.Context(), tenants[0], []noren.HostShare{{Host: hosts[0].Host, Most: 16}})
			return err
		})
		if len(callbacks) == 0 {
			t.Fatal("no callback is due")
		}
		count(&recorded, func() error {
			c := callbacks[0]
			_, err := s.Bulk.RecordAttempt(t.Context(), c, noren.Attempt{Number: c.Attempts + 1, At: storetest.Now(), Status: 200})
			return err
		})
	}
	if got, want := [3]int64{applied, claimed, recorded}, [3]int64{4, 3, 1}; got != want {
		t.Errorf("applied, claimed and recorded in %v round trips, want %v", got, want)
	}
}
