package noren_test

import (
	"testing"

	"noren"
)

// A dialect that panics while it words an answer harms its own request alone: nothing of it is stored, and the tenant's
// next request is accepted.
func TestAcceptSurvivesAPanic(t *testing.T) {
	t.Parallel()
	service, engine := newService(t)
	if _, err := service.ApplyShop(t.Context(), shopWithEverything()); err != nil {
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
	once := &noren.Once{
		Key:    noren.IdempotencyKey{ClientID: 1, Route: "PATCH /customers/bulk", Key: "k"},
		Render: func(any) noren.KeptAnswer { panic("no words") },
	}
	if _, err := service.AcceptBulk(t.Context(), caller, request, once); noren.KindOf(err) != noren.Internal || err == nil {
		t.Errorf("a panic is answered as %v, want an internal error", err)
	}
	accepted, err := service.AcceptBulk(t.Context(), caller, request, nil)
	if err != nil || accepted.Request.ID != 1 {
		t.Errorf("the next request has the number %d, %v; want 1", accepted.Request.ID, err)
	}
}
