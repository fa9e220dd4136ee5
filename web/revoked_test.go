package web

import (
	"context"
	"net/http"
	"testing"

	"noren"
	"noren/app"
	"noren/app/apptest"
	"noren/sqlstore"
)

// TestARevokedClientIsRefusedAtOnce has another program revoke a client that this one has just served, whether the
// next request reads, writes, or does not use the database.
func TestARevokedClientIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	for _, r := range []struct {
		method, path string
		before       int
	}{
		{"GET", "/reads", http.StatusOK},
		{"HEAD", "/reads", http.StatusOK},
		{"GET", "/echo", http.StatusOK},
		{"GET", "/forbidden", http.StatusForbidden},
		{"POST", "/writes", http.StatusOK},
	} {
		t.Run(r.method+r.path, func(t *testing.T) {
			t.Parallel()
			var rooms *app.App
			b := setup(t, nil,
				route("GET", "/reads", AnyScope("reader"), func(ctx context.Context, x *Request) (Answer, error) {
					if _, err := rooms.Members.List(ctx, x.Caller, noren.MemberFilter{}); err != nil {
						return Answer{}, err
					}
					return echo(ctx, x)
				}),
				route("GET", "/echo", AnyScope("reader"), echo), route("GET", "/forbidden", AnyScope("writer"), echo),
				route("POST", "/writes", AnyScope("reader"), echo),
			)
			rooms = b.rooms
			for range 2 { // the first makes the program remember
				if got := b.do(r.method, "/toy"+r.path, nil, "X-Token: reader").Code; got != r.before {
					t.Errorf("got %d, want %d", got, r.before)
				}
			}
			b.revokeElsewhere("reader")
			if got := b.do(r.method, "/toy"+r.path, nil, "X-Token: reader").Code; got != http.StatusUnauthorized {
				t.Errorf("a client that was revoked got %d", got)
			}
		})
	}
}

// revokeElsewhere has another program on the same database revoke a client.
func (b *bundle) revokeElsewhere(name string) {
	b.Helper()
	other := apptest.Open(b, sqlstore.Config{URL: b.url, Clock: b.clock.Read})
	tenant, err := other.TenantByContract(b.Context(), "shop1")
	if err != nil {
		b.Fatal(err)
	}
	err = other.Update(b.Context(), tenant.ID, func(tx noren.Tx) error {
		clients, err := tx.Clients(b.Context())
		if err != nil {
			return err
		}
		for _, c := range clients {
			if c.Name == name {
				err = tx.RevokeClient(b.Context(), c.ID, b.clock.Read())
			}
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
}

// TestARequestThatIsServedTwiceCountsOnce sends as many requests as the toy's rate limit allows, which do not use the
// database: it is served with what is remembered, and then with what is stored.
func TestARequestThatIsServedTwiceCountsOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, memory(t), route("GET", "/echo", AnyScope("reader"), echo))
	for i := range 3 {
		if got := b.do("GET", "/toy/echo", nil, "X-Token: reader").Code; got != http.StatusOK {
			t.Errorf("request %d got %d", i+1, got)
		}
	}
	if got := b.do("GET", "/toy/echo", nil, "X-Token: reader").Code; got != http.StatusTooManyRequests {
		t.Errorf("one more request got %d", got)
	}
}
