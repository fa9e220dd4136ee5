package smaregi

import (
	"context"
	"encoding/base64"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"noren"
	"noren/app/access"
	"noren/dialect"
	"noren/web"
	"noren/wire"
)

// tokenRequest is the form of RFC 6749, section 4.4.2.
type tokenRequest struct {
	grant, id, secret string
	scopes            []string
}

// oauthError is an error of RFC 6749, section 5.2.
type oauthError struct{ code, description string }

// decodeToken reads the form and the Authorization header. Content-Type is ignored, because some clients send none.
func decodeToken(body []byte, authorization string) (tokenRequest, *oauthError) {
	bad := func(description string) (tokenRequest, *oauthError) {
		return tokenRequest{}, &oauthError{"invalid_request", description}
	}
	// JSON is also a form with one strange name, whose refusal would be that grant_type is missing: true, and of no
	// help.
	if _, problem := wire.ParseObject(body); problem == nil {
		return bad("The body is JSON; send it as an application/x-www-form-urlencoded form: grant_type=client_credentials&scope=…")
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return bad("The body is not a valid application/x-www-form-urlencoded form.")
	}
	// RFC 6749, section 3.2: parameters must not be included more than once.
	for _, name := range slices.Sorted(maps.Keys(form)) {
		if len(form[name]) > 1 {
			return bad("The parameter " + dialect.Cut(strings.ToValidUTF8(name, "?")) + " is included more than once.")
		}
	}
	t := tokenRequest{
		grant: form.Get("grant_type"), id: form.Get("client_id"), secret: form.Get("client_secret"),
		scopes: strings.Fields(form.Get("scope")),
	}
	switch {
	// The grant is judged before the credentials: what those look like depends on it.
	case t.grant == "":
		return bad("The parameter grant_type is missing.")
	case t.grant != "client_credentials":
		return t, &oauthError{"unsupported_grant_type", "Only the grant type client_credentials is supported."}
	}
	// Section 2.3: a client must not use more than one way to authenticate in one request.
	if scheme, credentials, _ := strings.Cut(authorization, " "); strings.EqualFold(scheme, "Basic") {
		if form.Has("client_secret") {
			return bad("Client credentials are given twice: in the Authorization header and in the form.")
		}
		// Some clients send the id in both places, which is accepted if it is the same.
		inForm := t.id
		if t.id, t.secret = basicCredentials(credentials); inForm != "" && inForm != t.id {
			return bad("The client_id of the form is not that of the Authorization header.")
		}
	}
	return t, nil
}

// basicCredentials parses user and password; both are empty if the header cannot be parsed.
func basicCredentials(encoded string) (id, secret string) {
	text, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err != nil {
		return "", ""
	}
	id, secret, _ = strings.Cut(string(text), ":")
	return id, secret
}

// issueToken is POST /app/{contract_id}/token アプリアクセストークン取得.
func (d *Dialect) issueToken(ctx context.Context, x *web.Request) (web.Answer, error) {
	t, bad := decodeToken(x.Body, x.HTTP.Header.Get("Authorization"))
	if bad != nil {
		return bad.answer(), nil
	}
	issued, err := d.issue(ctx, x.Claim.Contract, t)
	// Only these two have words in OAuth; the rest, such as a database that is away, get those of the platform.
	if e, ok := errors.AsType[*noren.Error](err); ok {
		switch e.Reason {
		case noren.ReasonClient:
			return (&oauthError{"invalid_client", "Client authentication failed"}).answer(), nil
		case noren.ReasonScope:
			return (&oauthError{"invalid_scope", "The scope " + dialect.Cut(e.Value) + " is not granted to the client."}).answer(), nil
		}
	}
	if err != nil {
		return web.Answer{}, err
	}
	x.Issued = "Bearer " + issued.Secret
	// The order of the keys is that of a real response.
	return tokenAnswer(http.StatusOK, wire.Map{
		wire.P("scope", strings.Join(issued.Scopes, " ")), wire.P("token_type", "Bearer"),
		wire.P("expires_in", int64(issued.ExpiresIn.Seconds())), wire.P("access_token", issued.Secret),
	}), nil
}

// issue tries the credentials as they are. RFC 6749 requires them form-encoded inside Basic, but few clients do that,
// so if it makes a difference the decoded ones are tried as well.
func (d *Dialect) issue(ctx context.Context, contract string, t tokenRequest) (access.IssuedToken, error) {
	// A client_id that no engine can store is unknown, not an error of ours.
	if !wire.Storable(t.id) {
		return access.IssuedToken{}, &noren.Error{Kind: noren.Unauthenticated, Reason: noren.ReasonClient}
	}
	// Only a refusal of the credentials is worth a second try; a scope that is not granted stays so.
	issued, err := d.rooms.Access.IssueToken(ctx, contract, t.id, t.secret, t.scopes)
	if noren.KindOf(err) != noren.Unauthenticated || err == nil {
		return issued, err
	}
	id, errID := url.QueryUnescape(t.id)
	secret, errSecret := url.QueryUnescape(t.secret)
	// Nothing else to try, so the first refusal stands.
	if errID != nil || errSecret != nil || id == t.id && secret == t.secret || !wire.Storable(id) {
		return issued, err
	}
	return d.rooms.Access.IssueToken(ctx, contract, id, secret, t.scopes)
}

// answer is a 400, except for invalid_client, which is a 401 and must name the scheme to use (RFC 6749, section 5.2).
func (e *oauthError) answer() web.Answer {
	body := wire.Map{wire.P("error", e.code), wire.P("error_description", e.description)}
	if e.code != "invalid_client" {
		return tokenAnswer(http.StatusBadRequest, body)
	}
	return tokenAnswer(http.StatusUnauthorized, body).With("WWW-Authenticate", `Basic realm="token"`)
}

// tokenAnswer forbids caching, as section 5.1 requires for everything that contains a token.
func tokenAnswer(status int, body wire.Map) web.Answer {
	return dialect.JSON(status, wire.JSON(body)).With("Cache-Control", "no-store")
}

// tokenForm describes the form that decodeToken reads.
func tokenForm() *wire.Schema {
	return &wire.Schema{
		Types: []string{"object"}, Required: []string{"grant_type"},
		Properties: []wire.Property{
			{Name: "grant_type", Schema: &wire.Schema{Types: []string{"string"}, Enum: []any{"client_credentials"}}},
			{Name: "scope", Schema: wire.TextSchema("空白区切り。省略時はアプリに許可された全てのスコープ")},
			{Name: "client_id", Schema: wire.TextSchema("Authorizationヘッダーを使用しない場合")},
			{Name: "client_secret", Schema: wire.TextSchema("Authorizationヘッダーを使用しない場合")},
		},
	}
}
