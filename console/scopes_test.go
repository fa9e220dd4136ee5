package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"noren"
)

// TestScopesOfAPIsNotServed: what the shop file can grant, the form can, too: scopes of which only the beginning is known are typed.
func TestScopesOfAPIsNotServed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.console.Scopes[noren.Smaregi] = []string{"openid", "order-shipment.*", "pos.customers:write", "pos.stock:write"}
	w := b.as("admin")
	const own = "pos.customers:write"
	body := w.shows("/console/clients/new", "order-shipment.…:read", "会員を一括で更新し、その結果を見る", `value="openid"`)
	w.lacks(body, `value="order-shipment.*"`, "<details open")
	settings := func(more string) url.Values {
		return url.Values{"dialect": {"smaregi"}, "kind": {"app"}, "name": {"受注" + more}, "scope": {own}, "more_scopes": {more}}
	}
	for _, more := range []string{"order-shipment.Stores:read", "order-shipment.*", "order-shipment.stores:readd", "pos.everything:read"} {
		a := w.post("/console/clients", settings(more))
		if a.Code != http.StatusUnprocessableEntity || !strings.Contains(a.Body.String(), "「"+more+"」というスコープはありません") ||
			!strings.Contains(a.Body.String(), "<details open") || !strings.Contains(a.Body.String(), `value="`+more+`"`) {
			t.Errorf("%s: %d %s", more, a.Code, textOf(a))
		}
	}
	if a := w.post("/console/clients", settings("order-shipment.stores:read、order-shipment.orders:write  "+own)); a.Code != http.StatusCreated {
		t.Fatalf("%d %s", a.Code, textOf(a))
	}
	list, err := b.rooms.Access.Clients(t.Context(), b.caller(0))
	if err != nil {
		t.Fatal(err)
	}
	made := list.Clients[len(list.Clients)-1]
	if want := []string{"order-shipment.orders:write", "order-shipment.stores:read", own}; !slices.Equal(made.Scopes, want) {
		t.Fatalf("%q, want %q", made.Scopes, want)
	}
	// On its own page they are boxes, in view.
	page := "/console/clients/" + number(made.ID)
	f := form(t, w.shows(page, "<details open", `value="order-shipment.stores:read" checked`), page)
	f["scope"] = strings.Fields(f.Get("was_scopes"))
	f.Set("more_scopes", "order-shipment.stores:write")
	if a := w.post(page, f); a.Code != http.StatusSeeOther {
		t.Fatalf("%d %s", a.Code, textOf(a))
	}
	w.shows(page, `value="order-shipment.stores:write" checked`, `value="order-shipment.orders:write" checked`)
}
