package noren_test

import (
	"strings"
	"testing"
	"time"

	"noren"
)

func (b *bundle) createClient(t *testing.T, n noren.NewClient) (noren.Client, noren.ClientCredentials) {
	t.Helper()
	made, credentials, kept, err := b.CreateClient(b.ctx, b.person("花子", 0), n, nil)
	if err != nil || kept != nil {
		t.Fatalf("CreateClient: %v, %v", kept, err)
	}
	return made, credentials
}

func newClient(name string, d noren.Dialect, kind noren.ClientKind, scopes ...string) noren.NewClient {
	return noren.NewClient{Dialect: d, Kind: kind, ClientSettings: noren.ClientSettings{Name: name, Scopes: scopes}}
}

// clientsAudited answers what the log says of clients that people changed, oldest first, as "login name".
func (b *bundle) clientsAudited(t *testing.T) (lines []string) {
	t.Helper()
	b.view(t, func(tx noren.Tx) error {
		list, err := tx.Audit(b.ctx, noren.AuditFilter{Subject: "client"})
		for _, e := range list {
			if e.Login != "" {
				lines = append([]string{e.Login + " " + e.SubjectID}, lines...)
			}
			for _, secret := range []string{"whsec_", "SecretHash", "secret_hash"} {
				if strings.Contains(string(e.Changes), secret) {
					t.Errorf("the audit log has a secret: %s", e.Changes)
				}
			}
		}
		return err
	})
	return lines
}

func TestCreateClient(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app, credentials := b.createClient(t, newClient(" 在庫連携 ", noren.Smaregi, "", "pos.stock:write", "pos.stock:read", "pos.stock:read"))
	same(t, "the name", "在庫連携", app.Name)
	same(t, "the kind", noren.AppClient, app.Kind)
	same(t, "the scopes", []string{"pos.stock:read", "pos.stock:write"}, app.Scopes)
	if credentials.Secret == "" || credentials.WebhookSecret == "" || credentials.AccessToken != "" || credentials.Tenant != "sb_test" {
		t.Errorf("the credentials of an app: %+v", credentials)
	}
	issued, err := b.IssueToken(b.ctx, "sb_test", credentials.Key, credentials.Secret, nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := b.Authenticate(b.ctx, issued.Secret)
	if err != nil || c.Client.ID != app.ID || !c.HasScope("pos.stock:write") {
		t.Errorf("its token: %+v, error %v", c.Client, err)
	}

	clerk := newClient("clerk", noren.Smaregi, noren.UserClient, "pos.stock:write")
	clerk.StoreID = new(int64(2))
	_, credentials = b.createClient(t, clerk)
	if c, err = b.Authenticate(b.ctx, credentials.AccessToken); err != nil || *c.Client.StoreID != 2 {
		t.Errorf("the user's token: %+v, error %v", c.Client, err)
	}
	_, credentials = b.createClient(t, newClient("reuse", noren.ReCORE, noren.AppClient))
	if _, err = b.CallerByKey(b.ctx, noren.ReCORE, credentials.Key); err != nil {
		t.Errorf("the key of ReCORE: %v", err)
	}
	same(t, "the audit", []string{"花子 在庫連携", "花子 clerk", "花子 reuse"}, b.clientsAudited(t))
}

// TestCreateClientOnce sends a form twice: there is one client, and what is kept of the first answer has no secret.
func TestCreateClientOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	show := func(result any) string { return result.(noren.Client).Name }
	_, credentials, _, err := b.CreateClient(b.ctx, b.person("花子", 0), newClient("app", noren.Smaregi, ""), once("k", "x", show))
	if err != nil || credentials.Secret == "" {
		t.Fatalf("%+v, %v", credentials, err)
	}
	_, credentials, kept, err := b.CreateClient(b.ctx, b.person("花子", 0), newClient("app", noren.Smaregi, ""), once("k", "x", show))
	if err != nil || kept == nil || string(kept.Body) != "app" || credentials.Secret != "" {
		t.Errorf("again: %+v, %v, %v", credentials, kept, err)
	}
}

func TestCreateClientRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.createClient(t, newClient("taken", noren.Smaregi, ""))
	nowhere := newClient("nowhere", noren.Smaregi, "")
	nowhere.StoreID = new(int64(99))
	for _, c := range []struct {
		name string
		new  noren.NewClient
		want []refusal
	}{
		{"no name", newClient(" ", noren.Smaregi, ""), []refusal{{Field: "name", Reason: noren.ReasonMissing}}},
		{"a long name", newClient(strings.Repeat("字", 101), noren.Smaregi, ""), []refusal{{Field: "name", Reason: noren.ReasonTooLong}}},
		{"a name with a control character", newClient("a\x00b", noren.Smaregi, ""), []refusal{{Field: "name", Reason: noren.ReasonUnknownWord}}},
		{"the console", newClient("x", noren.Console, ""), []refusal{{Field: "dialect", Value: "console", Reason: noren.ReasonUnknownWord}}},
		{"a user of ReCORE", newClient("x", noren.ReCORE, noren.UserClient), []refusal{{Field: "kind", Value: "user", Reason: noren.ReasonUnknownWord}}},
		{"no scope", newClient("x", noren.ReCORE, "", "a b"), []refusal{{Field: "scopes", Value: "a b", Reason: noren.ReasonUnknownWord}}},
		{"a store that there is not", nowhere, []refusal{{Field: "store", Value: "99", Reason: noren.ReasonStoreUnknown}}},
		{"a name that is taken", newClient("taken", noren.ReCORE, ""), []refusal{{Field: "name", Value: "taken", Reason: noren.ReasonTaken}}},
	} {
		_, _, _, err := b.CreateClient(b.ctx, b.person("花子", 0), c.new, nil)
		refused(t, c.name, err, c.want...)
	}
	bound := b.person("次郎", 1)
	_, _, _, err := b.CreateClient(b.ctx, bound, newClient("x", noren.Smaregi, ""), nil)
	same(t, "made by who is bound to a store", noren.Forbidden, noren.KindOf(err))
	_, err = b.UpdateClient(b.ctx, bound, 1, noren.ClientSettings{Name: "x"}, nil)
	same(t, "changed by who is bound to a store", noren.Forbidden, noren.KindOf(err))
	_, err = b.RevokeClient(b.ctx, bound, 1, nil)
	same(t, "revoked by who is bound to a store", noren.Forbidden, noren.KindOf(err))
	_, err = b.Clients(b.ctx, bound)
	same(t, "listed for who is bound to a store", noren.Forbidden, noren.KindOf(err))
}

func TestUpdateClient(t *testing.T) {
	t.Parallel()
	b := setup(t)
	made, credentials := b.createClient(t, newClient("clerk", noren.Smaregi, noren.UserClient, "pos.stock:write"))
	hanako := b.person("花子", 0)
	change := func(s noren.ClientSettings) error {
		_, err := b.UpdateClient(b.ctx, hanako, made.ID, s, nil)
		return err
	}
	if err := change(noren.ClientSettings{Name: "倉庫係", StoreID: new(int64(1)), Scopes: []string{"pos.stock:read"}}); err != nil {
		t.Fatal(err)
	}
	c, err := b.Authenticate(b.ctx, credentials.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "what the token may do now", []string{"pos.stock:read"}, c.Scopes)
	same(t, "where", int64(1), *c.Client.StoreID)
	if err := change(noren.ClientSettings{Name: "倉庫係", StoreID: new(int64(1)), Scopes: []string{"pos.stock:read"}}); err != nil {
		t.Errorf("the same again: %v", err)
	}
	refused(t, "the name of another", change(noren.ClientSettings{Name: "api"}), refusal{Field: "name", Value: "api", Reason: noren.ReasonTaken})
	_, err = b.UpdateClient(b.ctx, hanako, 99, noren.ClientSettings{Name: "x"}, nil)
	same(t, "no such client", noren.NotFound, noren.KindOf(err))
	same(t, "the audit", []string{"花子 clerk", "花子 clerk"}, b.clientsAudited(t))
}

func TestRevokeClient(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hanako := b.person("花子", 0)
	app, appKeys := b.createClient(t, newClient("app", noren.Smaregi, "", "pos.stock:write"))
	user, userKeys := b.createClient(t, newClient("user", noren.Smaregi, noren.UserClient))
	reuse, reuseKeys := b.createClient(t, newClient("reuse", noren.ReCORE, ""))
	issued, err := b.IssueToken(b.ctx, "sb_test", appKeys.Key, appKeys.Secret, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second changes nothing
		for _, c := range []noren.Client{app, user, reuse} {
			if _, err := b.RevokeClient(b.ctx, hanako, c.ID, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, err := range map[string]error{
		"an app's token":        second(b.Authenticate(b.ctx, issued.Secret)),
		"an app's secret":       second(b.IssueToken(b.ctx, "sb_test", appKeys.Key, appKeys.Secret, nil)),
		"a user's token":        second(b.Authenticate(b.ctx, userKeys.AccessToken)),
		"a user's secret":       second(b.IssueToken(b.ctx, "sb_test", userKeys.Key, userKeys.Secret, nil)),
		"a key of ReCORE":       second(b.CallerByKey(b.ctx, noren.ReCORE, reuseKeys.Key)),
		"a key of no other use": second(b.CallerByKey(b.ctx, noren.Smaregi, appKeys.Key)),
	} {
		same(t, name, noren.Unauthenticated, noren.KindOf(err))
	}
	if _, err := b.CallerByKey(b.ctx, noren.ReCORE, "key"); err != nil {
		t.Errorf("another client: %v", err)
	}
	_, err = b.UpdateClient(b.ctx, hanako, app.ID, noren.ClientSettings{Name: "app"}, nil)
	refused(t, "changing it", err, refusal{Reason: noren.ReasonRevoked})
	_, _, _, err = b.CreateClient(b.ctx, hanako, newClient("app", noren.Smaregi, ""), nil)
	refused(t, "its name", err, refusal{Field: "name", Value: "app", Reason: noren.ReasonTaken})
	_, err = b.ApplyShop(b.ctx, noren.Shop{Contract: "sb_test", Clients: []noren.ShopClient{{Name: "app", Dialect: noren.Smaregi}}})
	if e := noren.KindOf(err); e != noren.Conflict || !strings.Contains(err.Error(), "was revoked") {
		t.Errorf("a shop file that still has it: %v", err)
	}
	_, err = b.RevokeClient(b.ctx, hanako, 99, nil)
	same(t, "no such client", noren.NotFound, noren.KindOf(err))
	same(t, "the audit", []string{"花子 app", "花子 user", "花子 reuse", "花子 app", "花子 user", "花子 reuse"}, b.clientsAudited(t))
	b.sound(t)
}

func second[T any](_ T, err error) error { return err }

func TestClientUses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	used := func() *time.Time {
		list, err := b.Clients(b.ctx, b.person("花子", 0))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range list.Clients {
			if c.WebhookSecret != "" {
				t.Errorf("the list has the secret of %s", c.Name)
			}
		}
		return list.Clients[0].LastUsedAt
	}
	if at := used(); at != nil {
		t.Errorf("used at %v before it was", at)
	}
	b.NoteUse(b.caller)
	b.NoteUse(b.person("花子", 0)) // people are no clients
	noted := b.clock.read()
	same(t, "noted, not stored", noted, *used())
	if err := b.StoreClientUses(b.ctx); err != nil {
		t.Fatal(err)
	}
	stored := func() (at *time.Time) {
		b.view(t, func(tx noren.Tx) error {
			list, err := tx.Clients(b.ctx)
			at = list[0].LastUsedAt
			return err
		})
		return at
	}
	same(t, "stored", noted.UTC(), *stored())
	b.clock.set(t, "2026-01-31 12:03:00")
	b.NoteUse(b.caller)
	same(t, "noted again", b.clock.read(), *used())
	same(t, "until then", noted.UTC(), *stored())
}
