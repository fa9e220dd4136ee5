package sqlstore_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"noren"
	"noren/sqlstore"
	"noren/storetest"
)

// nodes are two programs on one database, and a tenant that has a client with a key, two tokens and a secret, a rank, a
// staff rank and a store, all of which both programs remember.
type nodes struct {
	here, there *sqlstore.DB
	tenant      noren.Tenant
	client      noren.Client
	sent        *storetest.Statements // by the program there
}

// onTwoNodes runs a test with two programs on a new database of each engine.
func onTwoNodes(t *testing.T, run func(t *testing.T, n *nodes)) {
	t.Helper()
	onEachEngine(t, func(t *testing.T, newURL func(t *testing.T) string) {
		url := newURL(t)
		n := &nodes{sent: &storetest.Statements{}}
		n.here = open(t, sqlstore.Config{URL: url})
		n.there = open(t, sqlstore.Config{URL: url, OnStatement: n.sent.Add})
		n.tenant = noren.Tenant{ID: newTenant(t, n.here), Name: "暖簾商店"}
		n.client = noren.Client{
			ID: 1, Name: "pos", Dialect: noren.Smaregi, Kind: noren.AppClient, Scopes: []string{"one"}, Key: noren.NewSecret("key"),
		}
		n.write(t, func(ctx context.Context, tx noren.Tx) error {
			return errors.Join(
				tx.PutTenant(ctx, n.tenant), tx.PutClients(ctx, []noren.Client{n.client}),
				tx.AddToken(ctx, n.token("for ever")), tx.AddToken(ctx, n.passing()),
				tx.PutSigningKey(ctx, "secret", noren.SigningKey{Secret: "first"}), tx.PutRanks(ctx, []noren.Rank{{ID: 1, Position: 1, Name: "Bronze"}}),
				tx.PutStaffRanks(ctx, []noren.StaffRank{{ID: 1, Name: "社員"}}),
				tx.PutStores(ctx, []noren.Store{{ID: 1, Name: "本店"}}),
			)
		})
		stored, err := n.here.Tenants(t.Context())
		if err != nil || len(stored) != 1 {
			t.Fatalf("tenants %v, error %v", stored, err)
		}
		n.tenant = stored[0]
		for _, db := range []*sqlstore.DB{n.here, n.there} {
			if got, want := n.seen(t, db), "one|one|one|first|暖簾商店|Bronze|社員|本店|Bronze|暖簾商店"; got != want {
				t.Fatalf("at first a program sees\n%s, want\n%s", got, want)
			}
		}
		run(t, n)
	})
}

// token never expires, and is given by hand.
func (n *nodes) token(word string) noren.Token {
	return noren.Token{Hash: noren.HashSecret(n.client.Key + word), ClientID: 1, Scopes: []string{"one"}}
}

// passing expires.
func (n *nodes) passing() noren.Token {
	token := n.token("passing")
	token.ExpiresAt = new(storetest.Now().Add(time.Hour))
	return token
}

// write changes something by the program here.
func (n *nodes) write(t *testing.T, fn func(ctx context.Context, tx noren.Tx) error) {
	t.Helper()
	if err := n.here.Update(t.Context(), n.tenant.ID, func(tx noren.Tx) error { return fn(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}

// seen is everything that a program may remember, as it tells it now: the scopes by key and by both tokens, the secret,
// the tenant's name, what a view reads and what a transaction that writes reads.
func (n *nodes) seen(t *testing.T, db *sqlstore.DB) string {
	t.Helper()
	ctx := t.Context()
	var words []string
	word := func(s string, err error) {
		t.Helper()
		switch {
		case noren.KindOf(err) == noren.NotFound && err != nil:
			s = "none"
		case err != nil:
			t.Error(err)
		}
		words = append(words, s)
	}
	caller, err := db.CallerByKey(ctx, noren.Smaregi, n.client.Key)
	word(strings.Join(caller.Scopes, " "), err)
	for _, token := range []noren.Token{n.token("for ever"), n.passing()} {
		_, held, err := db.CallerByToken(ctx, token.Named, token.Hash)
		word(strings.Join(held.Scopes, " "), err)
	}
	key, err := db.SigningKey(ctx, n.tenant.ID, "secret")
	word(key.Secret, err)
	tenant, err := db.TenantByContract(ctx, n.tenant.Contract)
	word(tenant.Name, err)
	err = db.View(ctx, n.tenant.ID, func(tx noren.Tx) error {
		ranks, err := tx.Ranks(ctx)
		word(names(ranks, func(r noren.Rank) string { return r.Name }), err)
		staff, err := tx.StaffRanks(ctx)
		word(names(staff, func(r noren.StaffRank) string { return r.Name }), err)
		stores, total, err := tx.Stores(ctx, noren.CatalogueFilter{IDs: []int64{1, 2}})
		word(names(stores, func(s noren.Store) string { return s.Name }), err)
		if total != len(stores) {
			t.Errorf("%d stores of %d", len(stores), total)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	err = db.Update(ctx, n.tenant.ID, func(tx noren.Tx) error {
		ranks, err := tx.Ranks(ctx)
		word(names(ranks, func(r noren.Rank) string { return r.Name }), err)
		tenant, err := tx.Tenant(ctx)
		word(tenant.Name, err)
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return strings.Join(words, "|")
}

func names[T any](list []T, name func(T) string) string {
	var words []string
	for _, x := range list {
		words = append(words, name(x))
	}
	return strings.Join(words, " ")
}

// TestWhatIsRememberedFollowsEveryWrite changes each thing that is remembered by one program. Both see it at once.
func TestWhatIsRememberedFollowsEveryWrite(t *testing.T) {
	t.Parallel()
	onTwoNodes(t, func(t *testing.T, n *nodes) {
		for _, step := range []struct {
			what  string
			write func(ctx context.Context, tx noren.Tx) error
			want  string
		}{
			{"the tenant", func(ctx context.Context, tx noren.Tx) error {
				tenant := n.tenant
				tenant.Name = "改名"
				return tx.PutTenant(ctx, tenant)
			}, "one|one|one|first|改名|Bronze|社員|本店|Bronze|改名"},
			{"ranks", func(ctx context.Context, tx noren.Tx) error {
				return tx.PutRanks(ctx, []noren.Rank{{ID: 1, Position: 1, Name: "Iron"}, {ID: 2, Position: 2, Name: "Gold"}})
			}, "one|one|one|first|改名|Iron Gold|社員|本店|Iron Gold|改名"},
			{"staff ranks", func(ctx context.Context, tx noren.Tx) error {
				return tx.PutStaffRanks(ctx, []noren.StaffRank{{ID: 1, Name: "役員"}})
			}, "one|one|one|first|改名|Iron Gold|役員|本店|Iron Gold|改名"},
			{"stores", func(ctx context.Context, tx noren.Tx) error {
				return tx.PutStores(ctx, []noren.Store{{ID: 2, Name: "支店"}})
			}, "one|one|one|first|改名|Iron Gold|役員|本店 支店|Iron Gold|改名"},
			{"a secret", func(ctx context.Context, tx noren.Tx) error {
				return tx.PutSigningKey(ctx, "secret", noren.SigningKey{Secret: "second"})
			}, "one|one|one|second|改名|Iron Gold|役員|本店 支店|Iron Gold|改名"},
			{"a client", func(ctx context.Context, tx noren.Tx) error {
				client := n.client
				client.Scopes = []string{"one", "two"}
				return tx.PutClients(ctx, []noren.Client{client})
			}, "one two|one|one|second|改名|Iron Gold|役員|本店 支店|Iron Gold|改名"},
			{"tokens", func(ctx context.Context, tx noren.Tx) error {
				for _, token := range []noren.Token{n.token("for ever"), n.passing()} {
					token.Scopes = []string{"three"}
					if err := tx.AddToken(ctx, token); err != nil {
						return err
					}
				}
				return nil
			}, "one two|three|three|second|改名|Iron Gold|役員|本店 支店|Iron Gold|改名"},
			{"a client that is revoked", func(ctx context.Context, tx noren.Tx) error {
				return tx.RevokeClient(ctx, 1, storetest.Now())
			}, "none|none|none|second|改名|Iron Gold|役員|本店 支店|Iron Gold|改名"},
		} {
			n.write(t, step.write)
			for name, db := range map[string]*sqlstore.DB{"that wrote": n.here, "that did not": n.there} {
				if got := n.seen(t, db); got != step.want {
					t.Errorf("after a change of %s the program %s sees\n%s, want\n%s", step.what, name, got, step.want)
				}
			}
		}
	})
}

// TestAKeyThatChangesHandsFindsItsHolder moves a key from one tenant to another.
func TestAKeyThatChangesHandsFindsItsHolder(t *testing.T) {
	t.Parallel()
	onTwoNodes(t, func(t *testing.T, n *nodes) {
		n.write(t, func(ctx context.Context, tx noren.Tx) error {
			given := n.client
			given.Key += "-new"
			return tx.PutClients(ctx, []noren.Client{given})
		})
		heir := newTenant(t, n.here)
		err := n.here.Update(t.Context(), heir, func(tx noren.Tx) error {
			return tx.PutClients(t.Context(), []noren.Client{n.client})
		})
		if err != nil {
			t.Fatal(err)
		}
		if caller, err := n.there.CallerByKey(t.Context(), noren.Smaregi, n.client.Key); err != nil || caller.Tenant.ID != heir {
			t.Errorf("the key finds tenant %d, error %v; want %d", caller.Tenant.ID, err, heir)
		}
	})
}

// TestWhatIsNotCommittedIsNotRemembered looks at settings in the transaction that changes them, which then fails.
func TestWhatIsNotCommittedIsNotRemembered(t *testing.T) {
	t.Parallel()
	onTwoNodes(t, func(t *testing.T, n *nodes) {
		failure := errors.New("not this time")
		ctx := t.Context()
		err := n.here.Update(ctx, n.tenant.ID, func(tx noren.Tx) error {
			if err := tx.PutRanks(ctx, []noren.Rank{{ID: 1, Position: 1, Name: "Tin"}}); err != nil {
				return err
			}
			if ranks, err := tx.Ranks(ctx); err != nil || ranks[0].Name != "Tin" {
				t.Errorf("the transaction does not see what it wrote: %v, error %v", ranks, err)
			}
			return failure
		})
		if !errors.Is(err, failure) {
			t.Fatal(err)
		}
		for _, db := range []*sqlstore.DB{n.here, n.there} {
			if got := n.seen(t, db); !strings.Contains(got, "|Bronze|社員|本店|Bronze|") {
				t.Errorf("after a change that was taken back a program sees\n%s", got)
			}
		}
	})
}

// TestOneWhoTrustsIsToldByTheView revokes a client behind the back of a program that goes by its memory.
func TestOneWhoTrustsIsToldByTheView(t *testing.T) {
	t.Parallel()
	onTwoNodes(t, func(t *testing.T, n *nodes) {
		read := func(ctx context.Context) error {
			return n.there.View(ctx, n.tenant.ID, func(tx noren.Tx) error {
				_, err := tx.Ranks(ctx)
				return err
			})
		}
		trusting, proved := n.there.OneLook(t.Context(), true)
		n.sent.Forget()
		if _, err := n.there.CallerByKey(trusting, noren.Smaregi, n.client.Key); err != nil {
			t.Fatal(err)
		}
		if sent := n.sent.Forget(); len(sent) > 0 || proved() {
			t.Errorf("trusting sends %q; proved is %t before anything was read", sent, proved())
		}
		if err := read(trusting); err != nil || !proved() {
			t.Errorf("a view of what is as it was: error %v, proved %t", err, proved())
		}
		if sent := n.sent.Forget(); len(sent) != 1 {
			t.Errorf("the view sends %q, want one look", sent)
		}

		n.write(t, func(ctx context.Context, tx noren.Tx) error { return tx.RevokeClient(ctx, 1, storetest.Now()) })
		trusting, proved = n.there.OneLook(t.Context(), true)
		if _, err := n.there.CallerByKey(trusting, noren.Smaregi, n.client.Key); err != nil {
			t.Fatalf("nothing was asked, and yet: %v", err)
		}
		if err := read(trusting); err == nil || proved() {
			t.Errorf("a view of what has changed: error %v, proved %t", err, proved())
		}
		looking, proved := n.there.OneLook(t.Context(), false)
		if _, err := n.there.CallerByKey(looking, noren.Smaregi, n.client.Key); noren.KindOf(err) != noren.NotFound || !proved() {
			t.Errorf("one who looks is told %v, proved %t", err, proved())
		}
	})
}

// TestOneLookForARequest counts what a request sends that asks for its caller and two secrets.
func TestOneLookForARequest(t *testing.T) {
	t.Parallel()
	onTwoNodes(t, func(t *testing.T, n *nodes) {
		looking, _ := n.there.OneLook(t.Context(), false)
		n.sent.Forget()
		for range 2 {
			_, err := n.there.CallerByKey(looking, noren.Smaregi, n.client.Key)
			_, secretErr := n.there.SigningKey(looking, n.tenant.ID, "secret")
			if err := errors.Join(err, secretErr); err != nil {
				t.Fatal(err)
			}
		}
		if sent := n.sent.Forget(); len(sent) != 1 {
			t.Errorf("sent %q, want one look", sent)
		}
	})
}

// TestALockMakesATransactionLookAgain changes ranks while a transaction that has seen them waits for a lock.
func TestALockMakesATransactionLookAgain(t *testing.T) {
	t.Parallel()
	onTwoNodes(t, func(t *testing.T, n *nodes) {
		if strings.HasSuffix(t.Name(), "sqlite") {
			t.Skip("there is one writer: nobody changes anything meanwhile")
		}
		ctx := t.Context()
		var seen []string
		err := n.there.Update(ctx, n.tenant.ID, func(tx noren.Tx) error {
			for range 2 {
				ranks, err := tx.Ranks(ctx)
				if err != nil {
					return err
				}
				if seen = append(seen, names(ranks, func(r noren.Rank) string { return r.Name })); len(seen) > 1 {
					break
				}
				n.write(t, func(ctx context.Context, tx noren.Tx) error {
					return tx.PutRanks(ctx, []noren.Rank{{ID: 1, Position: 1, Name: "Iron"}})
				})
				if err := tx.Raise(ctx, noren.CounterClient, 0); err != nil {
					return err
				}
			}
			return nil
		})
		if want := []string{"Bronze", "Iron"}; err != nil || !slices.Equal(seen, want) {
			t.Errorf("saw %q, error %v; want %q", seen, err, want)
		}
	})
}
