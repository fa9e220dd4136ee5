package bulk_test

import (
	"strconv"
	"sync"
	"testing"

	"noren"
	"noren/app/apptest"
	"noren/app/unit"
)

// A dialect that panics while it renders a response harms only its own request: nothing of it is stored, and the
// tenant's next request is accepted.
func TestAcceptSurvivesAPanic(t *testing.T) {
	t.Parallel()
	rooms, engine := apptest.Rooms(t)
	if _, err := rooms.Shop.Apply(t.Context(), apptest.ShopWithEverything()); err != nil {
		t.Fatal(err)
	}
	tenants, err := engine.Tenants(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	caller := noren.Caller{Tenant: tenants[0], Client: noren.Client{ID: 1, Dialect: noren.Smaregi}}
	request := noren.BulkRequest{
		Kind: noren.BulkMembers, Dialect: noren.Smaregi, CallbackURL: "https://example.com/",
		Rows: noren.BulkRows{Members: []noren.MemberPatch{{ID: 7, Note: noren.Set("x")}}},
	}
	once := &unit.Once{
		Key:    noren.IdempotencyKey{ClientID: 1, Route: "PATCH /customers/bulk", Key: "k"},
		Render: func(any) noren.KeptAnswer { panic("no words") },
	}
	if _, err := rooms.Bulk.Accept(t.Context(), caller, request, once); noren.KindOf(err) != noren.Internal || err == nil {
		t.Errorf("a panic returned %v, want an internal error", err)
	}
	accepted, err := rooms.Bulk.Accept(t.Context(), caller, request, nil)
	if err != nil || accepted.Request.ID != 1 {
		t.Errorf("the next request has the number %d, %v; want 1", accepted.Request.ID, err)
	}
}

// TestAcceptTogether lets callers with and without keys accept at the same time: each one's requests are numbered in
// its order, all together without gaps, and each is stored under its number.
func TestAcceptTogether(t *testing.T) {
	t.Parallel()
	const callers, each = 8, 5
	b := apptest.Setup(t)
	var mu sync.Mutex
	urls := make(map[int64]string)
	var all sync.WaitGroup
	for caller := range callers {
		all.Go(func() {
			last := int64(0)
			for i := range each {
				name := strconv.Itoa(caller) + "-" + strconv.Itoa(i)
				var key *unit.Once
				if caller%2 == 0 {
					key = apptest.Once(name, name, func(any) string { return name })
				}
				url := "https://example.com/" + name
				got, err := b.Bulk.Accept(b.Ctx, b.Caller, noren.BulkRequest{
					Kind: noren.BulkMembers, Dialect: noren.Smaregi, CallbackURL: url,
					Rows: noren.BulkRows{Members: []noren.MemberPatch{{ID: 1, Note: noren.Set(name)}}},
				}, key)
				if err != nil || got.Request.ID <= last {
					t.Errorf("%s has the number %d after %d, error %v", name, got.Request.ID, last, err)
				}
				last = got.Request.ID
				mu.Lock()
				urls[last] = url
				mu.Unlock()
			}
		})
	}
	all.Wait()
	for id := int64(1); id <= callers*each; id++ {
		status, err := b.Bulk.Status(b.Ctx, b.Caller, id)
		if err != nil || status.Request.CallbackURL != urls[id] {
			t.Errorf("request %d is that of %s, error %v; accepted was %s", id, status.Request.CallbackURL, err, urls[id])
		}
	}
	b.Sound(t)
}
