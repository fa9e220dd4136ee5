package access_test

import (
	"strings"
	"testing"
	"time"

	"noren"
	"noren/app/access"
	"noren/app/apptest"
	"noren/app/shop"
)

func createClient(t *testing.T, b *apptest.Bundle, n access.NewClient) (noren.Client, access.ClientCredentials) {
	t.Helper()
	made, credentials, kept, err := b.Access.CreateClient(b.Ctx, apptest.Person(b, "花子", 0), n, nil)
	if err != nil || kept != nil {
		t.Fatalf("CreateClient: %v, %v", kept, err)
	}
	return made, credentials
}

func newClient(name string, d noren.Dialect, kind noren.ClientKind, scopes ...string) access.NewClient {
	return access.NewClient{Dialect: d, Kind: kind, ClientSettings: access.ClientSettings{Name: name, Scopes: scopes}}
}

// clientsAudited returns what the log says of clients that people changed, oldest first, as "login name".
func clientsAudited(t *testing.T, b *apptest.Bundle) (lines []string) {
	t.Helper()
	b.View(t, func(tx noren.Tx) error {
		list, err := tx.Audit(b.Ctx, noren.AuditFilter{Subject: "client"})
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
	b := apptest.Setup(t)
	app, credentials := createClient(t, b, newClient(" 在庫連携 ", noren.Smaregi, "", "pos.stock:write", "pos.stock:read", "pos.stock:read"))
	apptest.Same(t, "the name", "在庫連携", app.Name)
	apptest.Same(t, "the kind", noren.AppClient, app.Kind)
	apptest.Same(t, "the scopes", []string{"pos.stock:read", "pos.stock:write"}, app.Scopes)
	if credentials.Secret == "" || credentials.WebhookSecret == "" || credentials.AccessToken != "" || credentials.Tenant != "sb_test" {
		t.Errorf("the credentials of an app: %+v", credentials)
	}
	issued, err := b.Access.IssueToken(b.Ctx, "sb_test", credentials.Key, credentials.Secret, nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := b.Access.Authenticate(b.Ctx, issued.Secret)
	if err != nil || c.Client.ID != app.ID || !c.HasScope("pos.stock:write") {
		t.Errorf("its token: %+v, error %v", c.Client, err)
	}

	clerk := newClient("clerk", noren.Smaregi, noren.UserClient, "pos.stock:write")
	clerk.StoreID = new(int64(2))
	_, credentials = createClient(t, b, clerk)
	if c, err = b.Access.Authenticate(b.Ctx, credentials.AccessToken); err != nil || *c.Client.StoreID != 2 {
		t.Errorf("the user's token: %+v, error %v", c.Client, err)
	}
	_, credentials = createClient(t, b, newClient("reuse", noren.ReCORE, noren.AppClient))
	if _, err = b.Access.CallerByKey(b.Ctx, noren.ReCORE, credentials.Key); err != nil {
		t.Errorf("the key of ReCORE: %v", err)
	}
	apptest.Same(t, "the audit", []string{"花子 在庫連携", "花子 clerk", "花子 reuse"}, clientsAudited(t, b))
}

// TestCreateClientOnce sends a form twice: there is one client, and the kept answer has no secret.
func TestCreateClientOnce(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	show := func(result any) string { return result.(noren.Client).Name }
	_, credentials, _, err := b.Access.CreateClient(b.Ctx, apptest.Person(b, "花子", 0), newClient("app", noren.Smaregi, ""), apptest.Once("k", "x", show))
	if err != nil || credentials.Secret == "" {
		t.Fatalf("%+v, %v", credentials, err)
	}
	_, credentials, kept, err := b.Access.CreateClient(b.Ctx, apptest.Person(b, "花子", 0), newClient("app", noren.Smaregi, ""), apptest.Once("k", "x", show))
	if err != nil || kept == nil || string(kept.Body) != "app" || credentials.Secret != "" {
		t.Errorf("again: %+v, %v, %v", credentials, kept, err)
	}
}

func TestCreateClientRefused(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	createClient(t, b, newClient("taken", noren.Smaregi, ""))
	nowhere := newClient("nowhere", noren.Smaregi, "")
	nowhere.StoreID = new(int64(99))
	for _, c := range []struct {
		name string
		new  access.NewClient
		want []apptest.Refusal
	}{
		{"no name", newClient(" ", noren.Smaregi, ""), []apptest.Refusal{{Field: "name", Reason: noren.ReasonMissing}}},
		{"a long name", newClient(strings.Repeat("字", 101), noren.Smaregi, ""), []apptest.Refusal{{Field: "name", Reason: noren.ReasonTooLong}}},
		{"a name with a control character", newClient("a\x00b", noren.Smaregi, ""), []apptest.Refusal{{Field: "name", Reason: noren.ReasonUnknownWord}}},
		{"the console", newClient("x", noren.Console, ""), []apptest.Refusal{{Field: "dialect", Value: "console", Reason: noren.ReasonUnknownWord}}},
		{"a user of ReCORE", newClient("x", noren.ReCORE, noren.UserClient), []apptest.Refusal{{Field: "kind", Value: "user", Reason: noren.ReasonUnknownWord}}},
		{"no scope", newClient("x", noren.ReCORE, "", "a b"), []apptest.Refusal{{Field: "scopes", Value: "a b", Reason: noren.ReasonUnknownWord}}},
		{"a store that there is not", nowhere, []apptest.Refusal{{Field: "store", Value: "99", Reason: noren.ReasonStoreUnknown}}},
		{"a name that is taken", newClient("taken", noren.ReCORE, ""), []apptest.Refusal{{Field: "name", Value: "taken", Reason: noren.ReasonTaken}}},
	} {
		_, _, _, err := b.Access.CreateClient(b.Ctx, apptest.Person(b, "花子", 0), c.new, nil)
		apptest.Refused(t, c.name, err, c.want...)
	}
	bound := apptest.Person(b, "次郎", 1)
	_, _, _, err := b.Access.CreateClient(b.Ctx, bound, newClient("x", noren.Smaregi, ""), nil)
	apptest.Same(t, "made by a caller restricted to one store", noren.Forbidden, noren.KindOf(err))
	_, err = b.Access.UpdateClient(b.Ctx, bound, 1, access.ClientSettings{Name: "x"}, nil)
	apptest.Same(t, "changed by a caller restricted to one store", noren.Forbidden, noren.KindOf(err))
	_, err = b.Access.RevokeClient(b.Ctx, bound, 1, nil)
	apptest.Same(t, "revoked by a caller restricted to one store", noren.Forbidden, noren.KindOf(err))
	_, err = b.Access.Clients(b.Ctx, bound)
	apptest.Same(t, "listed for a caller restricted to one store", noren.Forbidden, noren.KindOf(err))
}

func TestUpdateClient(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	made, credentials := createClient(t, b, newClient("clerk", noren.Smaregi, noren.UserClient, "pos.stock:write"))
	hanako := apptest.Person(b, "花子", 0)
	change := func(s access.ClientSettings) error {
		_, err := b.Access.UpdateClient(b.Ctx, hanako, made.ID, s, nil)
		return err
	}
	if err := change(access.ClientSettings{Name: "倉庫係", StoreID: new(int64(1)), Scopes: []string{"pos.stock:read"}}); err != nil {
		t.Fatal(err)
	}
	c, err := b.Access.Authenticate(b.Ctx, credentials.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	apptest.Same(t, "what the token may do now", []string{"pos.stock:read"}, c.Scopes)
	apptest.Same(t, "where", int64(1), *c.Client.StoreID)
	if err := change(access.ClientSettings{Name: "倉庫係", StoreID: new(int64(1)), Scopes: []string{"pos.stock:read"}}); err != nil {
		t.Errorf("the same again: %v", err)
	}
	apptest.Refused(t, "the name of another", change(access.ClientSettings{Name: "api"}), apptest.Refusal{Field: "name", Value: "api", Reason: noren.ReasonTaken})
	_, err = b.Access.UpdateClient(b.Ctx, hanako, 99, access.ClientSettings{Name: "x"}, nil)
	apptest.Same(t, "no such client", noren.NotFound, noren.KindOf(err))
	// A user who has seen other settings overwrites none that have changed since, and leaves alone what they left alone.
	seen := access.ClientSettings{Name: "clerk", Scopes: []string{"pos.stock:write"}}
	apptest.Refused(t, "a name that has changed since", change(access.ClientSettings{Name: "店長", Scopes: seen.Scopes, Seen: &seen}),
		apptest.Refusal{Field: "name", Reason: noren.ReasonChanged})
	if err := change(access.ClientSettings{Name: "clerk", Scopes: []string{"pos.stock:read"}, Seen: &seen}); err != nil {
		t.Errorf("what is stored by now: %v", err)
	}
	apptest.Same(t, "the audit", []string{"花子 clerk", "花子 clerk"}, clientsAudited(t, b))
}

func TestRevokeClient(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	hanako := apptest.Person(b, "花子", 0)
	app, appKeys := createClient(t, b, newClient("app", noren.Smaregi, "", "pos.stock:write"))
	user, userKeys := createClient(t, b, newClient("user", noren.Smaregi, noren.UserClient))
	reuse, reuseKeys := createClient(t, b, newClient("reuse", noren.ReCORE, ""))
	issued, err := b.Access.IssueToken(b.Ctx, "sb_test", appKeys.Key, appKeys.Secret, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second changes nothing
		for _, c := range []noren.Client{app, user, reuse} {
			if _, err := b.Access.RevokeClient(b.Ctx, hanako, c.ID, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, err := range map[string]error{
		"an app's token":        second(b.Access.Authenticate(b.Ctx, issued.Secret)),
		"an app's secret":       second(b.Access.IssueToken(b.Ctx, "sb_test", appKeys.Key, appKeys.Secret, nil)),
		"a user's token":        second(b.Access.Authenticate(b.Ctx, userKeys.AccessToken)),
		"a user's secret":       second(b.Access.IssueToken(b.Ctx, "sb_test", userKeys.Key, userKeys.Secret, nil)),
		"a key of ReCORE":       second(b.Access.CallerByKey(b.Ctx, noren.ReCORE, reuseKeys.Key)),
		"a key of no other use": second(b.Access.CallerByKey(b.Ctx, noren.Smaregi, appKeys.Key)),
	} {
		apptest.Same(t, name, noren.Unauthenticated, noren.KindOf(err))
	}
	if _, err := b.Access.CallerByKey(b.Ctx, noren.ReCORE, "key"); err != nil {
		t.Errorf("another client: %v", err)
	}
	_, err = b.Access.UpdateClient(b.Ctx, hanako, app.ID, access.ClientSettings{Name: "app"}, nil)
	apptest.Refused(t, "changing it", err, apptest.Refusal{Reason: noren.ReasonRevoked})
	_, _, _, err = b.Access.CreateClient(b.Ctx, hanako, newClient("app", noren.Smaregi, ""), nil)
	apptest.Refused(t, "its name", err, apptest.Refusal{Field: "name", Value: "app", Reason: noren.ReasonTaken})
	_, err = b.Shop.Apply(b.Ctx, shop.Shop{Contract: "sb_test", Clients: []access.ClientSpec{{Name: "app", Dialect: noren.Smaregi}}})
	if e := noren.KindOf(err); e != noren.Conflict || !strings.Contains(err.Error(), "was revoked") {
		t.Errorf("a shop file that still has it: %v", err)
	}
	_, err = b.Access.RevokeClient(b.Ctx, hanako, 99, nil)
	apptest.Same(t, "no such client", noren.NotFound, noren.KindOf(err))
	apptest.Same(t, "the audit", []string{"花子 app", "花子 user", "花子 reuse", "花子 app", "花子 user", "花子 reuse"}, clientsAudited(t, b))
	b.Sound(t)
}

func second[T any](_ T, err error) error { return err }

func TestClientUses(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	used := func() *time.Time {
		list, err := b.Access.Clients(b.Ctx, apptest.Person(b, "花子", 0))
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
	b.Access.NoteUse(b.Caller)
	b.Access.NoteUse(apptest.Person(b, "花子", 0)) // people are not clients
	noted := b.Clock.Read()
	apptest.Same(t, "noted, not stored", noted, *used())
	if err := b.Access.StoreUses(b.Ctx); err != nil {
		t.Fatal(err)
	}
	stored := func() (at *time.Time) {
		b.View(t, func(tx noren.Tx) error {
			list, err := tx.Clients(b.Ctx)
			at = list[0].LastUsedAt
			return err
		})
		return at
	}
	apptest.Same(t, "stored", noted.UTC(), *stored())
	b.Clock.Set(t, "2026-01-31 12:03:00")
	b.Access.NoteUse(b.Caller)
	apptest.Same(t, "noted again", b.Clock.Read(), *used())
	apptest.Same(t, "until then", noted.UTC(), *stored())
}

// TestScopeInEitherSpelling asks for the scope of stocktaking as Smaregi's documents spell it elsewhere.
func TestScopeInEitherSpelling(t *testing.T) {
	t.Parallel()
	b := visitors(t)
	report, err := b.Shop.Apply(b.Ctx, shop.Shop{Contract: "sb_test", Clients: []access.ClientSpec{
		{Name: "till", Dialect: noren.Smaregi, Kind: noren.AppClient, Scopes: []string{"pos.stock-taking:read"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range report.Clients {
		for _, scope := range []string{"pos.stock-taking:read", "pos.stock-takings:read"} {
			if issued, err := b.Access.IssueToken(b.Ctx, "sb_test", c.Key, c.Secret, []string{scope}); err != nil || issued.Scopes[0] != scope {
				t.Errorf("%s: %v, %v", scope, issued.Scopes, err)
			}
		}
	}
}
