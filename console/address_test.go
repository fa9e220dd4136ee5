package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestImpossibleAddresses asks every list for what cannot be: each refusal names the parameter, its value and what would be right, and
// leads to the list without it.
func TestImpossibleAddresses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.as("admin")
	right := map[string]string{ // what is right for a parameter of any list
		"q": "山", "id": "1", "login": "admin", "open": "1", "since": "2026/4/1", "until": "2026-04-02", "month": "2026-05", "page": "1", "from": "0",
		"before": "9",
		"sort":   "kana", "check": "2026-03-31T15:00:00Z", "status": "ACTIVE", "rank": "1", "store": "1", "flow": "given",
		"state": "failed", "kind": "stock", "delivery": "pending", "client": number(b.caller(0).Client.ID), "subject": "stock",
		"dialect": "recore", "days": "7", "encoding": "utf-8", "delimiter": "comma",
	}
	free := map[string]bool{"q": true, "id": true, "login": true, "open": true} // anything may be searched for
	for _, r := range b.console.list {
		path := "/console" + strings.NewReplacer("{id}", "1", "{product}", "1", "{store}", "1").Replace(r.pattern)
		if r.params == nil || strings.Contains(path, "/imports/") { // which has no draft here
			continue
		}
		refused := func(query url.Values, name string, words ...string) {
			t.Helper()
			address := path + "?" + query.Encode()
			a := w.get(address)
			body := a.Body.String()
			if a.Code != http.StatusBadRequest {
				t.Errorf("%s: %d", address, a.Code)
			}
			for _, word := range append(words, name+"=", `href="`+path+`"`, "条件なしで開く") {
				if !strings.Contains(body, word) {
					t.Errorf("%s does not say %q", address, word)
				}
			}
		}
		refused(url.Values{"colour": {"red"}}, "colour", "red", "この画面にはない条件です")
		for _, name := range r.params {
			value, known := right[name]
			if !known {
				t.Errorf("what is right for %s of %s?", name, path)
			}
			if a := w.get(path + "?" + url.Values{name: {value}}.Encode()); a.Code != http.StatusOK {
				t.Errorf("%s with %s=%s: %d", path, name, value, a.Code)
			}
			if a := w.get(path + "?" + name + "="); a.Code != http.StatusOK {
				t.Errorf("%s with an empty %s: %d", path, name, a.Code)
			}
			refused(url.Values{name: {value, value}}, name, "1つだけ")
			refused(url.Values{name: {strings.Repeat("9", 1001)}}, name)
			if !free[name] {
				for _, wrong := range []string{"nonsense", "2026-13-45", "-1", "99999999999999999999"} {
					refused(url.Values{name: {wrong}}, name, wrong)
				}
			}
		}
	}
	// Part of a page, as the search asks for it, gets the sentence alone; and mail programs may add what they like.
	part := w.get("/console/members?rank=abc", "HX-Request: true")
	body := part.Body.String()
	if part.Code != http.StatusBadRequest || strings.Contains(body, "<html") || !strings.Contains(body, "rank=abc") {
		t.Errorf("%d %s", part.Code, body)
	}
	if a := w.get("/console/members?utm_source=mail&_=17"); a.Code != http.StatusOK {
		t.Errorf("%d", a.Code)
	}
}
