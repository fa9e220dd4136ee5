package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"noren"
	"noren/app/access"
	"noren/cmd/noren/demoshop"
	"noren/web"
)

// TestScopesSayWhatTheyOpen: beside each scope that an endpoint requires, the console's form says what it opens, in both languages, and
// beside no other one.
func TestScopesSayWhatTheyOpen(t *testing.T) {
	t.Parallel()
	h, err := openHouse(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "noren.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.close)
	shop := demoshop.New(1, time.Now(), 1)
	if _, err := h.rooms.Shop.Apply(t.Context(), shop); err != nil {
		t.Fatal(err)
	}
	admin := shop.ConsoleUsers[0]
	if admin.Role != noren.Admin {
		t.Fatal("the first user is no admin")
	}
	session, _, err := h.rooms.Access.SignIn(t.Context(), access.Credentials{Contract: shop.Contract, Login: admin.Login, Password: admin.Password}, "")
	if err != nil {
		t.Fatal(err)
	}
	store, err := filesFlag{filepath.Join(t.TempDir(), "files")}.open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	s, err := h.newServer(serverFlags{RateLimits: "off"}, store)
	if err != nil {
		t.Fatal(err)
	}
	dialects, err := h.dialects(store, "", "test")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range dialects {
		if d.Name() == noren.Console || d.Name() == noren.Shopify {
			continue
		}
		for _, language := range []string{"ja", "en"} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/console/clients/new?dialect="+string(d.Name()), http.NoBody)
			r.Header.Set("Accept-Language", language)
			r.AddCookie(&http.Cookie{Name: "noren_console", Value: session})
			a := httptest.NewRecorder()
			s.handler.ServeHTTP(a, r)
			body := a.Body.String()
			for _, scope := range web.Scopes(d) {
				_, after, there := strings.Cut(body, "<code>"+scope+"</code></span> <span class=\"form-check-description\">")
				if opens, _, _ := strings.Cut(after, "<"); !there || opens == "" {
					t.Errorf("%s in %s: nothing says what %s opens", d.Name(), language, scope)
				}
			}
			if n := strings.Count(body, "form-check-description"); a.Code != http.StatusOK || n != len(web.Scopes(d)) {
				t.Errorf("%s in %s: %d, %d scopes are explained, and %d open something", d.Name(), language, a.Code, n, len(web.Scopes(d)))
			}
		}
	}
}
