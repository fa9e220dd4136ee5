package shopfile

import (
	"slices"
	"strings"
	"unicode/utf8"

	"noren"
	"noren/app/access"
	"noren/app/shop"
)

// shopify reads the secret that Shopify signs its webhooks with.
func (t *tenantReader) shopify() {
	t.section("shopify", func(m *mapping) {
		var secret string
		// Only a secret that is given: a section without it must not clear the one that is stored.
		if t.secret(m, "webhook_secret", &secret) {
			t.shop.SigningKeys = map[string]string{noren.SigningKeyShopify: secret}
		}
	})
}

// sandboxPrefix is how the contract ids of Smaregi's sandboxes begin.
const sandboxPrefix = "sb_"

// guarded reports whether secrets have to be hard to guess. Those of a sandbox are often short ones that many tests know.
func (t *tenantReader) guarded() bool { return !strings.HasPrefix(t.shop.Contract, sandboxPrefix) }

// consoleUsers reads who may sign in to the console. The default role is the weakest, so that forgetting the key grants
// nothing.
func (t *tenantReader) consoleUsers() {
	var logins once
	t.entries("console_users", "a console user", func(m *mapping) {
		user := shop.ConsoleUser{Role: noren.Viewer}
		m.require("login", "password")
		if m.text("login", &user.Login) {
			if strings.TrimSpace(user.Login) == "" || strings.TrimSpace(user.Login) != user.Login {
				m.fail("login", "must not be empty, nor have spaces at its ends")
			}
			logins.add(t.reader, m.lineOf("login"), user.Login, "the login %q", user.Login)
		}
		if m.text("password", &user.Password) {
			switch wrong := access.NewPassword(user.Password); {
			case wrong != nil && t.guarded():
				m.fail("password", "%s", wrong.Message)
			case utf8.RuneCountInString(user.Password) > access.MaxPassword:
				m.fail("password", "must have at most %d characters", access.MaxPassword)
			}
		}
		word(m, "role", &user.Role, noren.Roles()...)
		var store int64
		if t.storeRef(m, "store", &store) {
			user.StoreID = &store
		}
		t.shop.ConsoleUsers = append(t.shop.ConsoleUsers, user)
	})
}

// clients reads clients. Each dialect has its own keys; those of another dialect are reported as unknown.
func (t *tenantReader) clients() {
	var names once
	t.entries("clients", "a client", func(m *mapping) {
		client := access.ClientSpec{Kind: noren.AppClient}
		m.require("name", "dialect")
		if m.text("name", &client.Name) {
			names.add(t.reader, m.lineOf("name"), client.Name, "the name %q of a client", client.Name)
		}
		if !word(m, "dialect", &client.Dialect, noren.Smaregi, noren.ReCORE, noren.EasyPoints, noren.Privacy) {
			// Without the dialect it is not known which keys are valid; one problem is enough.
			m.asked = append(m.asked, clientKeys...)
			return
		}
		// From here on messages name the dialect too, because it decides which keys are known.
		m.what = "a client of " + string(client.Dialect)
		switch client.Dialect {
		case noren.Smaregi:
			t.smaregiClient(m, &client)
		case noren.ReCORE:
			t.storeAndScopes(m, &client, recoreScopes)
		case noren.EasyPoints:
			t.easyPointsClient(m, &client)
		case noren.Privacy:
			t.privacyClient(m, &client)
		default: // word has refused it
		}
		t.shop.Clients = append(t.shop.Clients, client)
	})
}

// clientKeys are the keys that a client of any dialect can have.
var clientKeys = []string{
	"kind", "store", "scopes", "client_id", "client_secret", "webhook_secret", "access_token", "public_key", "secret_key",
}

// smaregiClient reads an app, or a user with a permanent access token (ユーザーアクセストークン). Credentials that are
// left out are generated when the client is stored for the first time.
func (t *tenantReader) smaregiClient(m *mapping, client *access.ClientSpec) {
	word(m, "kind", &client.Kind, noren.AppClient, noren.UserClient)
	t.storeAndScopes(m, client, smaregiScopes)
	t.key(m, "client_id", client)
	t.secret(m, "client_secret", &client.Secret)
	if m.text("webhook_secret", &client.WebhookSecret) && !noren.IsWebhookSecret(client.WebhookSecret) {
		m.fail("webhook_secret", "must be whsec_ and at least 24 bytes in base64; leave the key out to have one generated")
	}
	if t.secret(m, "access_token", &client.AccessToken) {
		// The message does not repeat the token: it is a secret, and deployment logs have many readers.
		t.tokens.add(t.reader, m.lineOf("access_token"), client.AccessToken, "this access_token")
		if client.Kind != noren.UserClient {
			m.fail("access_token", "only a client of the kind user has one; an app requests its tokens")
		}
	}
}

// easyPointsClient reads a pair of keys. As at the vendor, a pair has all privileges unless the file names some.
func (t *tenantReader) easyPointsClient(m *mapping, client *access.ClientSpec) {
	// A clone, because the list is everybody's.
	client.Scopes = slices.Clone(easyPointsScopes)
	t.storeAndScopes(m, client, easyPointsScopes)
	t.key(m, "public_key", client)
	if t.secret(m, "secret_key", &client.Secret) {
		// The secret key is also a Bearer token, so no other client may have it. The message does not repeat it.
		t.tokens.add(t.reader, m.lineOf("secret_key"), client.Secret, "this secret_key")
	}
}

// privacyClient reads a client that hands out and erases people's data, which are of all stores.
func (t *tenantReader) privacyClient(m *mapping, client *access.ClientSpec) {
	// No store is read: a client restricted to one store would be refused everything.
	m.words("scopes", "the scope", &client.Scopes, privacyScopes)
	t.key(m, "client_id", client)
	t.secret(m, "client_secret", &client.Secret)
}

// secret reads a secret that a program presents. It must not be one that can be guessed: a program remembers any length. The
// message does not repeat it.
func (t *tenantReader) secret(m *mapping, key string, to *string) bool {
	given := m.text(key, to)
	if given && len(*to) < noren.MinSecret && t.guarded() {
		m.fail(key, "must be at least %d characters; leave the key out to have one generated", noren.MinSecret)
	}
	return given
}

// key reads the public half of a client's credentials. Requests find the client by its dialect and this key alone, so no
// other client of any tenant may have it.
func (t *tenantReader) key(m *mapping, key string, client *access.ClientSpec) {
	if m.text(key, &client.Key) {
		// Each dialect has its own key space, so the same key in two dialects is allowed.
		t.keys.add(t.reader, m.lineOf(key), string(client.Dialect)+" "+client.Key, "the %s %q", key, client.Key)
	}
}

// storeAndScopes reads what a client may see and do. Without the key there are no scopes: forgetting a line grants
// nothing.
func (t *tenantReader) storeAndScopes(m *mapping, client *access.ClientSpec, known []string) {
	var store int64
	if t.storeRef(m, "store", &store) {
		client.StoreID = &store
	}
	m.words("scopes", "the scope", &client.Scopes, known)
}

// smaregiScopes are the scopes of the platform's APIs. Those of APIs that are not served open nothing, but an app may ask for
// them together with others. The scope for stocktaking is spelled in two ways.
var smaregiScopes = slices.Concat(readAndWrite(
	"pos.products", "pos.customers", "pos.stock", "pos.transactions", "pos.suppliers", "pos.stores", "pos.staffs",
	"pos.losses", "pos.orders", "pos.transfers",
), []string{
	"pos.stock-changes:read", "pos.stock-takings:read", "pos.stock-taking:read", "openid", "profile", "email", "offline_access",
	"order-shipment.*",
})

// Scopes lists the scopes that a client of the dialect can be given, sorted: also those that no endpoint requires, and those that
// stand for others (noren.ScopeKnown).
func Scopes(d noren.Dialect) []string {
	known := map[noren.Dialect][]string{noren.Smaregi: smaregiScopes, noren.ReCORE: recoreScopes, noren.EasyPoints: easyPointsScopes}
	return slices.Sorted(slices.Values(known[d]))
}

// readAndWrite lists the read and the write scope of each resource.
func readAndWrite(resources ...string) []string {
	var scopes []string
	for _, r := range resources {
		scopes = append(scopes, r+":read", r+":write")
	}
	return scopes
}

// recoreScopes are the scopes of the member and staff endpoints.
var recoreScopes = []string{
	"member:index", "member:show", "member:store", "member:update", "member:bulk:store", "member:bulk:update",
	"member:point:update", "member:note:index", "member:note:store", "member:note:destroy", "member:attachment:store",
	"member:attachment:destroy", "staff:index", "staff:show",
}

// easyPointsScopes are the privileges of a pair of keys.
var easyPointsScopes = []string{"read_point_balances", "write_point_balances", "read_point_histories"}

// privacyScopes are the scopes of the API for people's data.
var privacyScopes = []string{"person:read", "person:erase"}
