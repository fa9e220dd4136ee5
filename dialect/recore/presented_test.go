package recore

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"noren"
	"noren/app/access"
)

// A key is read where libraries put it, and in its own header first.
func TestWhereTheKeyIs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	key := b.Keys["a"]
	for name, test := range map[string]struct {
		header map[string]string
		status int
	}{
		"its own header":             {map[string]string{headerKey: key}, 200},
		"its own, as Bearer":         {map[string]string{headerKey: "Bearer " + key}, 403},
		"Authorization":              {map[string]string{headerAuthorization: key}, 200},
		"Authorization as Bearer":    {map[string]string{headerAuthorization: "bearer  " + key}, 200},
		"Authorization as Basic":     {map[string]string{headerAuthorization: "Basic " + key}, 403},
		"its own header is the one":  {map[string]string{headerKey: "x.y.z", headerAuthorization: key}, 403},
		"both, the other of another": {map[string]string{headerKey: key, headerAuthorization: "Bearer x"}, 200},
		"none":                       {nil, 403},
	} {
		b.Clock.Advance(time.Second)
		if a := b.Do(request{Method: "GET", Path: "/members", Header: test.header}); a.Status != test.status {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
}

// Clients split the scopes of a key at spaces. Keys that have an array, as they once had, are still good.
func TestScopesOfAKey(t *testing.T) {
	t.Parallel()
	b := setup(t)
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(b.Keys["a"], ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var said struct {
		Scope string `json:"scope"`
	}
	if err := json.Unmarshal(payload, &said); err != nil || !strings.Contains(said.Scope, "member:index member:") {
		t.Errorf("%s: %v", payload, err)
	}
	c, err := b.Rooms.Access.CallerByKey(t.Context(), noren.ReCORE, "app-A")
	if err != nil {
		t.Fatal(err)
	}
	secret, err := b.Rooms.Access.TenantSecret(t.Context(), c.Tenant.ID, access.SecretReCOREKeys)
	if err != nil {
		t.Fatal(err)
	}
	old, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"company_id": shopA, "scope": []string{"member:index"}, "iat": b.Clock.Read().Unix(), "jti": "app-A",
	}).SignedString([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	if a := b.Do(request{Method: "GET", Path: "/members", Header: map[string]string{headerKey: old}}); a.Status != 200 {
		t.Errorf("a key with an array: %d %s", a.Status, a.Body)
	}
}

// A path that several vendors have belongs to the one whose credential comes with it.
func TestSharedPaths(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const smaregi, recore, pages = "application/problem+json|NotFound", "application/json|NOT_FOUND", "application/problem+json|no API has the path"
	key := b.Keys["a"]
	for _, test := range []struct {
		path   string
		header map[string]string
		status int
		want   string
	}{
		{"/products", map[string]string{headerKey: key}, 404, recore},
		{"/stores/1", map[string]string{headerAuthorization: "Bearer " + key}, 404, recore},
		{"/customers", map[string]string{headerAuthorization: key}, 404, recore},
		{"/sas_cases", map[string]string{headerKey: "anything"}, 404, recore},
		{"/products", map[string]string{headerAuthorization: "Bearer opaque"}, 401, "application/problem+json|access_denied"},
		{"/products", nil, 401, "application/problem+json|access_denied"},
		{"/transactions", map[string]string{headerAuthorization: "Bearer opaque"}, 404, smaregi},
		{"/sas_cases", nil, 404, pages},
		{"/healthz", map[string]string{headerKey: key}, 200, "application/json|ok"},
	} {
		a := b.Do(request{Method: "GET", Path: test.path, Header: test.header})
		media, body, _ := strings.Cut(test.want, "|")
		if a.Status != test.status || a.Header.Get("Content-Type") != media || !strings.Contains(a.Body, body) {
			t.Errorf("%s %v: %d %s %s", test.path, test.header, a.Status, a.Header.Get("Content-Type"), a.Body)
		}
	}
}
