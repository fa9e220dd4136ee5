package smaregi

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"noren"
	"noren/app/access"
	"noren/app/shop"
)

func basic(id, secret string) map[string]string {
	return map[string]string{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))}
}

func TestTokenRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const client = "&client_id=app-A&client_secret=secret"
	tests := []struct {
		name, contract, body string
		header               map[string]string
		status               int
		want                 string
	}{
		{"no grant", shopA, "scope=x" + client, nil, 400, `{"error":"invalid_request","error_description":"The parameter grant_type is missing."}`},
		{"no body", shopA, "", nil, 400, `{"error":"invalid_request","error_description":"The parameter grant_type is missing."}`},
		{"JSON", shopA, "\ufeff" + ` {"grant_type":"client_credentials"}`, nil, 400, `{"error":"invalid_request","error_description":"The body is JSON; send it as an application/x-www-form-urlencoded form: grant_type=client_credentials&scope=…"}`},
		{"bad form", shopA, "grant_type=%zz", nil, 400, `{"error":"invalid_request","error_description":"The body is not a valid application/x-www-form-urlencoded form."}`},
		{"twice", shopA, "grant_type=a&grant_type=b", nil, 400, `{"error":"invalid_request","error_description":"The parameter grant_type is included more than once."}`},
		{"other grant", shopA, "grant_type=password" + client, nil, 400, `{"error":"unsupported_grant_type","error_description":"Only the grant type client_credentials is supported."}`},
		{
			"both", shopA, "grant_type=client_credentials" + client, basic("app-A", "secret"), 400,
			`{"error":"invalid_request","error_description":"Client credentials are given twice: in the Authorization header and in the form."}`,
		},
		{
			"two clients", shopA, "grant_type=client_credentials&client_id=other", basic("app-A", "secret"), 400,
			`{"error":"invalid_request","error_description":"The client_id of the form is not that of the Authorization header."}`,
		},
		{
			"scope", shopA, "grant_type=client_credentials&scope=pos.customers:read+pos.staffs:read" + client, nil, 400,
			`{"error":"invalid_scope","error_description":"The scope pos.staffs:read is not granted to the client."}`,
		},
	}
	const denied = `{"error":"invalid_client","error_description":"Client authentication failed"}`
	for name, form := range map[string]string{
		"no client": "", "wrong secret": "&client_id=app-A&client_secret=x", "no secret": "&client_id=app-A",
		"unknown client": "&client_id=nobody&client_secret=secret", "other tenant's": "&client_id=app-B&client_secret=secret",
		"NUL": "&client_id=a%00&client_secret=secret", "not UTF-8": "&client_id=%ff&client_secret=secret",
	} {
		tests = append(tests, struct {
			name, contract, body string
			header               map[string]string
			status               int
			want                 string
		}{name, shopA, "grant_type=client_credentials" + form, nil, 401, denied})
	}
	for _, tt := range tests {
		b.Clock.Advance(time.Second)
		a := b.Do(request{Method: "POST", Path: "/app/" + tt.contract + "/token", Body: tt.body, Header: tt.header})
		if a.Status != tt.status || a.Body != tt.want {
			t.Errorf("%s:\n got %d %s\nwant %d %s", tt.name, a.Status, a.Body, tt.status, tt.want)
		}
		if (a.Status == 401) != (a.Header.Get("WWW-Authenticate") != "") || a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: headers %v", tt.name, a.Header)
		}
	}
	for _, header := range []map[string]string{basic("app-A", "x"), {"Authorization": "Basic !!"}, {"Authorization": "Basic"}} {
		b.Clock.Advance(time.Second)
		b.Want(request{Method: "POST", Path: "/app/" + shopA + "/token", Body: "grant_type=client_credentials", Header: header}, 401, denied)
	}
}

func TestTokenTakesBothFormsOfCredentials(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *shop.Shop) {
		s.Clients = append(s.Clients, access.ClientSpec{
			Name: "odd", Dialect: noren.Smaregi, Key: "odd+app", Secret: "50%+x", Scopes: []string{scopeStockRead},
		})
	})
	tests := []struct {
		name, body, scope string
		header            map[string]string
	}{
		{"form", "grant_type=client_credentials&client_id=app-A&client_secret=secret&scope=" + scopeStockRead, scopeStockRead, nil},
		{"Basic", "grant_type=client_credentials&scope=" + scopeStockRead, scopeStockRead, basic("app-A", "secret")},
		{"Basic and the same id", "grant_type=client_credentials&client_id=app-A&scope=" + scopeStockRead, scopeStockRead, basic("app-A", "secret")},
		{"all scopes", "grant_type=client_credentials", strings.Join(allScopes(), " "), basic("app-A", "secret")},
		{"one scope twice", "grant_type=client_credentials&scope=" + scopeStockRead + "+" + scopeStockRead, scopeStockRead, basic("app-A", "secret")},
		{"as it is", "grant_type=client_credentials", scopeStockRead, basic("odd+app", "50%+x")},
		{"form-encoded", "grant_type=client_credentials", scopeStockRead, basic(url.QueryEscape("odd+app"), url.QueryEscape("50%+x"))},
	}
	for _, tt := range tests {
		a := b.Do(request{Method: "POST", Path: "/app/" + shopA + "/token/", Body: tt.body, Header: tt.header})
		if want := `{"scope":"` + tt.scope + `","token_type":"Bearer","expires_in":3600,"access_token":"`; a.Status != 200 || !strings.HasPrefix(a.Body, want) {
			t.Errorf("%s: %d %s", tt.name, a.Status, a.Body)
		}
	}
}

func TestTokenHasItsScopesAndLife(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.Do(request{
		Method: "POST", Path: "/app/" + shopA + "/token", Header: basic("app-A", "secret"),
		Body: "grant_type=client_credentials&scope=" + scopeStockRead,
	})
	_, secret, _ := strings.Cut(a.Body, `"access_token":"`)
	b.Keys["narrow"] = strings.TrimSuffix(secret, `"}`)
	stock := request{Method: "GET", Path: "/stock", As: "narrow"}
	b.Want(stock, 200, "[]")
	if got := b.Do(request{Method: "GET", Path: "/customers", As: "narrow"}); got.Status != http.StatusForbidden {
		t.Errorf("a scope that was not asked for: %d %s", got.Status, got.Body)
	}
	b.Clock.Advance(time.Hour - time.Microsecond)
	b.Want(stock, 200, "[]")
	b.Clock.Advance(time.Microsecond)
	if got := b.Do(stock); got.Status != http.StatusUnauthorized {
		t.Errorf("an expired As: %d %s", got.Status, got.Body)
	}
}

func TestTokenRequestsHaveARateLimit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := request{Method: "POST", Path: "/app/" + shopA + "/token", Body: "grant_type=x"}
	b.Clock.Advance(time.Minute)
	for range 20 {
		if a := b.Do(r); a.Status != 400 {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
	}
	if a := b.Do(r); a.Status != http.StatusTooManyRequests || a.Header.Get("Retry-After") != "1" {
		t.Errorf("%d %v %s", a.Status, a.Header, a.Body)
	}
}
