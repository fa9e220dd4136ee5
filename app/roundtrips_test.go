package app_test

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"noren"
	"noren/app"
	"noren/app/bulk"
	"noren/app/points"
	"noren/pgtest"
	"noren/sharding"
	"noren/sqlstore"
	"noren/storetest"
)

// trips counts statements and round trips between use cases and a PostgreSQL server.
type trips struct {
	*app.App
	db     *sqlstore.DB
	proxy  *pgtest.Proxy
	sent   *storetest.Statements
	citus  bool // the server stands for Citus
	caller noren.Caller
}

// tripsToken is the access token of the client.
const tripsToken = "token of the till"

// cost is what a use case sends.
type cost struct{ trips, statements int64 }

// quietEncoder writes no callbacks.
type quietEncoder struct{}

func (quietEncoder) EncodeCallback(bulk.Outcome) []byte { return []byte("{}") }

// setupTrips makes a tenant with a thousand members, ten products in a store, ranks and a client.
func setupTrips(t *testing.T, server string, citus bool) *trips {
	t.Helper()
	proxy, proxied := pgtest.NewProxy(t, server)
	// Not by apptest, which holds what is written against the order of locks: this fills an empty database.
	sent := new(storetest.Statements)
	db, err := sqlstore.Open(t.Context(), sqlstore.Config{URL: proxied, Clock: storetest.Now, MaxConns: 2, OnStatement: sent.Add})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	s := &trips{db: db, proxy: proxy, sent: sent, citus: citus, App: app.New(app.Config{
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
				ID: int64(i + 1), Code: fmt.Sprint("M", i+1), LastName: new("山田"), Status: noren.Active, ShopifyCustomerID: new(strconv.Itoa(i + 1)),
				CreatedAt: storetest.Now(), UpdatedAt: storetest.Now(),
			}
		}
		products := make([]noren.Product, 100)
		for i := range products {
			products[i] = noren.Product{ID: int64(i + 1), Code: fmt.Sprint("P", i+1), Name: "品"}
		}
		for _, err := range []error{
			tx.PutTenant(t.Context(), made), tx.PutClients(t.Context(), []noren.Client{client}),
			tx.AddToken(t.Context(), noren.Token{Hash: noren.HashSecret(tripsToken), ClientID: 1}),
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

// of counts what a use case sends once its statements are prepared and what changes rarely is in memory.
func (s *trips) of(t *testing.T, run func(ctx context.Context) error) cost {
	t.Helper()
	fewest := cost{math.MaxInt64, math.MaxInt64}
	for range 6 { // a connection that does not know the statements yet has to ask for them
		got := s.once(t, func() error { return run(t.Context()) })
		fewest = cost{min(fewest.trips, got.trips), min(fewest.statements, got.statements)}
	}
	return fewest
}

// once counts what one run sends, and looks that each statement goes to one shard.
func (s *trips) once(t *testing.T, run func() error) cost {
	t.Helper()
	s.proxy.Settle()
	s.sent.Forget()
	before := s.proxy.RoundTrips()
	if err := run(); err != nil {
		t.Fatal(err)
	}
	got := cost{trips: s.proxy.RoundTrips() - before}
	for _, query := range s.sent.Forget() {
		if strings.HasPrefix(query, "DELETE FROM member_changes") { // which few writers draw lots for
			continue
		}
		got.statements++
		if found := sharding.Lint(query, s.citus); len(found) > 0 || sharding.LooksAcross(query) {
			t.Errorf("%s goes to more than one shard: %q", query, found)
		}
	}
	return got
}

// TestRoundTrips counts how often a use case waits for PostgreSQL, and how many statements it sends, whatever the number of rows. On
// a network the first is what its time is made of. Each statement goes to one shard, also of those that are sent behind Citus,
// where counters are read by statements of their own.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	for name, server := range map[string]func(testing.TB) string{"postgres": pgtest.Database, "citus": pgtest.LikeCitus} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setupTrips(t, server(t), name == "citus")
			s.useCases(t)
		})
	}
}

func (s *trips) useCases(t *testing.T) {
	turn := int64(0)
	patches := func(n int) []noren.MemberPatch {
		turn = 3 - max(turn, 1) // each changes what the one before has set
		patches := make([]noren.MemberPatch, n)
		for i := range patches {
			patches[i] = noren.MemberPatch{
				ID: int64(i + 1), View: noren.ReCOREView, LastName: noren.Set(noren.NewSecret("")),
				Rank: noren.Set(noren.Ref{ID: turn}),
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
	for _, c := range []struct {
		name            string
		postgres, citus cost
		run             func(context.Context) error
	}{
		{"a member, with the caller", cost{1, 4}, cost{1, 4}, func(ctx context.Context) error {
			ctx, _ = s.db.OneLook(ctx, true)
			caller, err := s.Access.Authenticate(ctx, tripsToken)
			if err != nil {
				return err
			}
			_, err = s.Members.Get(ctx, caller, 7)
			return err
		}},
		{"members by code", cost{2, 3}, cost{2, 3}, s.list(noren.MemberFilter{Codes: []string{"M7", "M8"}})},
		{"a page of members", cost{2, 3}, cost{2, 3}, s.list(noren.MemberFilter{})},
		{"a search of members", cost{3, 4}, cost{3, 4}, s.list(noren.MemberFilter{Keyword: "山田"})},
		{"one member changed", cost{2, 11}, cost{5, 14}, update(1)},
		{"a hundred members changed", cost{2, 11}, cost{5, 14}, update(100)},
		{"points to one member", cost{3, 7}, cost{4, 8}, adjust(points.Add, 1)},
		{"points to a thousand members", cost{3, 7}, cost{4, 8}, adjust(points.Add, 1000)},
		{"points off a thousand members", cost{4, 8}, cost{5, 9}, adjust(points.Subtract, 1000)},
		{"the points of a Shopify customer moved", cost{5, 9}, cost{6, 10}, s.moveBalance},
		{"the tier of a Shopify customer", cost{2, 2}, cost{2, 2}, s.tier},
		{"the tier of a Shopify customer set", cost{4, 12}, cost{7, 15}, func(ctx context.Context) error {
			m, err := s.Members.ByKey(ctx, s.caller, shopify())
			if err != nil {
				return err
			}
			p := patches(1)[0]
			p.ID = m.ID
			_, _, err = s.Members.Update(ctx, s.caller, []noren.MemberPatch{p}, nil)
			return err
		}},
	} {
		want := c.postgres
		if s.citus {
			want = c.citus
		}
		if got := s.of(t, c.run); got != want {
			t.Errorf("%s: %+v, want %+v", c.name, got, want)
		}
	}
	s.bulkRequests(t, patches)
}

// bulkRequests counts what accepting a bulk request costs, and what becomes of it.
func (s *trips) bulkRequests(t *testing.T, patches func(n int) []noren.MemberPatch) {
	t.Helper()
	stock := func(ctx context.Context) error {
		changes := make([]noren.StockChange, 100)
		for i := range changes {
			changes[i] = noren.StockChange{StockKey: noren.StockKey{ProductID: int64(i + 1), StoreID: 1}, Amount: int64(time.Now().Nanosecond())}
		}
		_, err := s.Bulk.Accept(ctx, s.caller, noren.BulkRequest{
			Kind: noren.BulkStock, Dialect: noren.Smaregi, ClientID: 1, CallbackURL: "https://example.com/", Rows: noren.BulkRows{Stock: changes},
		}, nil)
		return err
	}
	members := func(ctx context.Context) error {
		_, err := s.Bulk.Accept(ctx, s.caller, noren.BulkRequest{
			Kind: noren.BulkMembers, Dialect: noren.Smaregi, ClientID: 1, CallbackURL: "https://example.com/",
			Rows: noren.BulkRows{Members: patches(100)},
		}, nil)
		return err
	}
	accepted := cost{1, 1}
	if s.citus {
		accepted = cost{2, 2}
	}
	for name, run := range map[string]func(context.Context) error{"stock": stock, "members": members} {
		if got := s.of(t, run); got != accepted {
			t.Errorf("a bulk request of %s accepted: %+v, want %+v", name, got, accepted)
		}
	}
	s.lanes(t, "stock", stock, [3]cost{{4, 11}, {2, 2}, {1, 3}}, [3]cost{{5, 12}, {2, 2}, {1, 3}})
	s.lanes(t, "members", members, [3]cost{{3, 10}, {2, 2}, {1, 3}}, [3]cost{{6, 13}, {2, 2}, {1, 3}})
}

// list returns a list of members with the caller of a token, as a request does it.
func (s *trips) list(f noren.MemberFilter) func(context.Context) error {
	return func(ctx context.Context) error {
		ctx, _ = s.db.OneLook(ctx, true)
		caller, err := s.Access.Authenticate(ctx, tripsToken)
		if err != nil {
			return err
		}
		f.NoTotal, f.Page = true, noren.Page{Limit: 50}
		_, err = s.Members.List(ctx, caller, f)
		return err
	}
}

// shopify names a member as easyPoints does.
func shopify() noren.MemberKey { return noren.MemberKey{ShopifyCustomerID: "7"} }

func (s *trips) moveBalance(ctx context.Context) error {
	_, _, err := s.Points.MoveBalance(ctx, s.caller, shopify(), 1, nil)
	return err
}

func (s *trips) tier(ctx context.Context) error {
	ctx, _ = s.db.OneLook(ctx, true)
	_, err := s.Ranks.Tier(ctx, s.caller, shopify())
	return err
}

// lanes counts what becomes of accepted requests: applied, claimed, and recorded as delivered. Whose they are is looked for over all
// tenants, by one bounded read of the worker that is not counted here.
func (s *trips) lanes(t *testing.T, of string, accept func(context.Context) error, postgres, citus [3]cost) {
	t.Helper()
	tenant := s.caller.Tenant.ID
	for { // what is accepted already
		done, err := s.Bulk.ApplyLane(t.Context(), tenant)
		if err != nil {
			t.Fatal(err)
		}
		if len(done) == 0 {
			break
		}
	}
	for { // what was owed before
		callbacks, err := s.Bulk.ClaimCallbacks(t.Context(), tenant, []noren.HostShare{{Host: "example.com", Most: 100}})
		if err != nil {
			t.Fatal(err)
		}
		if len(callbacks) == 0 {
			break
		}
	}
	fewest := [3]cost{{math.MaxInt64, math.MaxInt64}, {math.MaxInt64, math.MaxInt64}, {math.MaxInt64, math.MaxInt64}}
	count := func(i int, run func() error) {
		t.Helper()
		got := s.once(t, run)
		fewest[i] = cost{min(fewest[i].trips, got.trips), min(fewest[i].statements, got.statements)}
	}
	for range 6 {
		if err := accept(t.Context()); err != nil {
			t.Fatal(err)
		}
		count(0, func() error {
			done, err := s.Bulk.ApplyLane(t.Context(), tenant)
			if err == nil && len(done) == 0 {
				t.Error("nothing was applied")
			}
			return err
		})
		if tenants, err := s.Bulk.TenantsDue(t.Context()); err != nil || len(tenants) != 1 {
			t.Fatal(tenants, err)
		}
		var callbacks []noren.Callback
		count(1, func() error {
			hosts, err := s.Bulk.CallbackHosts(t.Context(), tenant, "", 10)
			if err != nil || len(hosts) != 1 {
				t.Fatal(hosts, err)
			}
			callbacks, err = s.Bulk.ClaimCallbacks(t.Context(), tenant, []noren.HostShare{{Host: hosts[0].Host, Most: 16}})
			return err
		})
		if len(callbacks) == 0 {
			t.Fatal("no callback is due")
		}
		count(2, func() error {
			c := callbacks[0]
			_, err := s.Bulk.RecordAttempt(t.Context(), c, noren.Attempt{Number: c.Attempts + 1, At: storetest.Now(), Status: 200})
			return err
		})
	}
	want := postgres
	if s.citus {
		want = citus
	}
	if fewest != want {
		t.Errorf("of %s, applied, claimed and recorded: %+v, want %+v", of, fewest, want)
	}
}
