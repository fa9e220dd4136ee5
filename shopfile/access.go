package shopfile

import (
	"encoding/base64"
	"slices"
	"strings"

	"noren"
)

// shopify reads what Shopify's own webhooks are signed with.
func (t *tenantReader) shopify() {
	t.section("shopify", func(m *mapping) {
		var secret string
		if m.text("webhook_secret", &secret) {
			t.shop.SigningKeys = map[string]string{noren.SigningKeyShopify: secret}
		}
	})
}

// consoleUsers reads who may sign in to the console. The default role is the one that can do least.
func (t *tenantReader) consoleUsers() {
	var logins once
	t.entries("console_users", "a console user", func(m *mapping) {
		user := noren.ShopConsoleUser{Role: noren.Viewer}
		m.require("login", "password")
		if m.text("login", &user.Login) {
			logins.add(t.reader, m.lineOf("login"), user.Login, "the login %q", user.Login)
		}
		m.text("password", &user.Password)
		word(m, "role", &user.Role, noren.Roles()...)
		var store int64
		if t.storeRef(m, "store", &store) {
			user.StoreID = &store
		}
		t.shop.ConsoleUsers = append(t.shop.ConsoleUsers, user)
	})
}

// clients reads clients. Each dialect has keys of its own; those of another are reported as unknown.
func (t *tenantReader) clients() {
	var names once
	t.entries("clients", "a client", func(m *mapping) {
		client := noren.ShopClient{Kind: noren.AppClient}
		m.require("name", "dialect")
		if m.text("name", &client.Name) {
			names.add(t.reader, m.lineOf("name"), client.Name, "the name %q of a client", client.Name)
		}
		if !word(m, "dialect", &client.Dialect, noren.Smaregi, noren.ReCORE, noren.EasyPoints) {
			// Which keys are known cannot be told without the dialect; the one problem is enough.
			m.asked = append(m.asked, clientKeys...)
			return
		}
		m.what = "a client of " + string(client.Dialect)
		switch client.Dialect {
		case noren.Smaregi:
			t.smaregiClient(m, &client)
		case noren.ReCORE:
			t.storeAndScopes(m, &client, recoreScopes)
		case noren.EasyPoints:
			t.easyPointsClient(m, &client)
		}
		t.shop.Clients = append(t.shop.Clients, client)
	})
}

// clientKeys are the keys that a client of one dialect or another has.
var clientKeys = []string{
	"kind", "store", "scopes", "client_id", "client_secret", "webhook_secret", "access_token", "public_key", "secret_key",
}

// smaregiClient reads an app, or a user who holds an access token of their own (ユーザーアクセストークン). Credentials
// that are left out are made up when the client is stored for the first time.
func (t *tenantReader) smaregiClient(m *mapping, client *noren.ShopClient) {
	word(m, "kind", &client.Kind, noren.AppClient, noren.UserClient)
	t.storeAndScopes(m, client, smaregiScopes)
	t.key(m, "client_id", client)
	m.text("client_secret", &client.Secret)
	if m.text("webhook_secret", &client.WebhookSecret) && !isWebhookSecret(client.WebhookSecret) {
		m.fail("webhook_secret", "this is whsec_ and then base64; leave the key out to have one made")
	}
	if m.text("access_token", &client.AccessToken) {
		// The message does not repeat the token: it is a secret, and logs of deployments are read by many.
		t.tokens.add(t.reader, m.lineOf("access_token"), client.AccessToken, "this access_token")
		if client.Kind != noren.UserClient {
			m.fail("access_token", "only a client of the kind user has one; an app asks for its tokens")
		}
	}
}

// easyPointsClient reads a pair of keys. As at the vendor every pair has all privileges, unless the file names some.
func (t *tenantReader) easyPointsClient(m *mapping, client *noren.ShopClient) {
	client.Scopes = slices.Clone(easyPointsScopes)
	t.storeAndScopes(m, client, easyPointsScopes)
	t.key(m, "public_key", client)
	if m.text("secret_key", &client.Secret) {
		// It is a Bearer token too, so nobody else may have it. The message does not repeat it.
		t.tokens.add(t.reader, m.lineOf("secret_key"), client.Secret, "this secret_key")
	}
}

// key reads the public half of a client's credentials. The client is found by it and its dialect alone, so nobody
// else in any tenant may have it.
func (t *tenantReader) key(m *mapping, key string, client *noren.ShopClient) {
	if m.text(key, &client.Key) {
		// Each dialect looks in its own keys, so the same key in two of them is no clash.
		t.keys.add(t.reader, m.lineOf(key), string(client.Dialect)+" "+client.Key, "the %s %q", key, client.Key)
	}
}

// storeAndScopes reads what a client may see and do. Scopes that are left out are none: a client is granted nothing by
// forgetting a line.
func (t *tenantReader) storeAndScopes(m *mapping, client *noren.ShopClient, known []string) {
	var store int64
	if t.storeRef(m, "store", &store) {
		client.StoreID = &store
	}
	m.words("scopes", "the scope", &client.Scopes, known)
}

// isWebhookSecret reports whether s has the form that Standard Webhooks gives a symmetric secret.
func isWebhookSecret(s string) bool {
	encoded, ok := strings.CutPrefix(s, "whsec_")
	key, err := base64.StdEncoding.DecodeString(encoded)
	return ok && err == nil && len(key) > 0
}

// smaregiScopes are the scopes of the POS API, as its common specification lists them.
var smaregiScopes = slices.Concat(readAndWrite(
	"pos.products", "pos.customers", "pos.stock", "pos.transactions", "pos.suppliers", "pos.stores", "pos.staffs",
	"pos.losses", "pos.orders", "pos.transfers",
), []string{"pos.stock-changes:read", "pos.stock-takings:read"})

// readAndWrite lists both scopes of each resource.
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
