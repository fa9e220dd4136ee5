package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"noren/console"
)

// refusedForm is a form with what the server refuses in it.
type refusedForm struct {
	route  string // of the form, as in the table of routes
	page   string // on which the form stands, with {member}, and {entry} of the points of that member
	typed  map[string]string
	file   string // chosen in the field "file", instead of typing
	button string // the value of the button pressed; "": the first
	nobody bool   // is signed in
}

// refusedForms has each form of the console at least once.
func refusedForms(t *testing.T) []refusedForm {
	t.Helper()
	dir := t.TempDir()
	film, table := filepath.Join(dir, "film.mp4"), filepath.Join(dir, "empty.csv")
	for name, content := range map[string]string{film: "\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00", table: ""} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return []refusedForm{
		{route: "/sign-in", page: "/sign-in", typed: map[string]string{"login": "nobody", "password": "wrong"}, nobody: true},
		{route: "/account/password", page: "/account", typed: map[string]string{"password": "x", "new_password": "short", "again": "other"}},
		{route: "/account/second-factor", page: "/account/second-factor", typed: map[string]string{"password": "wrong"}},
		{route: "/members/new", page: "/members/new", typed: map[string]string{"last_kana": "山田", "bank_account_number": "1"}},
		{route: "/members/{id}/edit", page: "/members/{member}/edit", typed: map[string]string{"last_kana": "山田", "bank_account_number": "1"}},
		{route: "/members/{id}/points", page: "/members/{member}", typed: map[string]string{"amount": "many"}},
		{
			route: "/members/{id}/points/{entry}/reverse", page: "/members/{member}/points/{entry}/reverse",
			typed: map[string]string{"reason": strings.Repeat("長", 201)},
		},
		{route: "/members/{id}/notes", page: "/members/{member}", typed: map[string]string{"note": ""}},
		{route: "/members/{id}/attachments", page: "/members/{member}", file: film},
		{route: "/members/{id}/erase", page: "/members/{member}", typed: map[string]string{"erase_code": "no"}},
		{route: "/ranks/programme", page: "/ranks/programme", typed: map[string]string{"window_months": "x", "ratio-1": "y"}},
		{route: "/ranks/points", page: "/ranks/points", typed: map[string]string{"from": "x", "usable_after_days": "y"}},
		{route: "/stock/{product}/{store}", page: "/stock/1/1", typed: map[string]string{"amount": "many"}},
		{route: "/clients", page: "/clients/new?dialect=recore", typed: map[string]string{"name": ""}},
		{route: "/clients/{id}", page: "/clients/1", typed: map[string]string{"name": ""}},
		{route: "/imports", page: "/imports", file: table},
		{route: "/imports/{id}", page: "/imports/1", typed: map[string]string{"column-1": "code", "column-2": "code"}},
	}
}

// withoutRefusal are the routes whose forms have nothing but a button.
func withoutRefusal() []string {
	return []string{
		"/language", "/sign-out", "/sign-out-everywhere", "/members/{id}/notes/{note}/delete",
		"/members/{id}/attachments/{attachment}/delete", "/bulk/send-again", "/bulk/{id}/send-again", "/clients/{id}/revoke", "/imports/{id}/cancel",
		"/users/reset-second-factor",
	}
}

// inTwoSteps are the routes whose forms follow on others; twoSteps tries them.
func inTwoSteps() []string {
	return []string{"/sign-in/code", "/account/second-factor/on", "/account/second-factor/off"}
}

// TestBrowserRefusedForms: after every refused form the summary of what is wrong is in view and has the focus, on wide and
// on narrow windows, and its links lead to the fields.
func TestBrowserRefusedForms(t *testing.T) {
	t.Parallel()
	forms := refusedForms(t)
	covered := make(map[string]bool)
	for _, f := range forms {
		covered[f.route] = true
	}
	for _, route := range slices.Concat(withoutRefusal(), inTwoSteps()) {
		covered[route] = true
	}
	c, err := console.New(console.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range c.Routes() {
		if r.Method == http.MethodPost && !covered[r.Pattern[len("/console"):]] {
			t.Errorf("the form of %s is not tried", r.Pattern)
		}
	}
	draft := filepath.Join(t.TempDir(), "会員.csv")
	if err := os.WriteFile(draft, []byte("会員コード,氏\nZ1,山田\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	inBrowser(t, func(w *window) {
		for _, f := range forms {
			if f.nobody {
				w.refuses(f, strings.NewReplacer())
			}
		}
		w.signIn("admin")
		w.open("/imports")
		w.run(chromedp.SetUploadFiles("#field-file", []string{draft}, chromedp.ByQuery), chromedp.Submit("#field-file", chromedp.ByQuery))
		w.until(`document.querySelector("#field-column-1")`)
		w.open("/members")
		w.run(chromedp.Click("tbody a", chromedp.ByQuery))
		w.until(`document.querySelector("#field-amount")`)
		w.run(chromedp.SetValue("#field-amount", "50", chromedp.ByQuery))
		w.click("付与する")
		w.shows("50ポイントを付与しました")
		w.click("ポイント")
		var member, entry string
		w.until(`document.querySelector('a[href$="/reverse"]')`)
		w.run(chromedp.Evaluate(`document.querySelector('a[href$="/reverse"]').href.split("/").at(-4)`, &member),
			chromedp.Evaluate(`document.querySelector('a[href$="/reverse"]').href.split("/").at(-2)`, &entry))
		for _, f := range forms {
			if !f.nobody {
				w.refuses(f, strings.NewReplacer("{member}", member, "{entry}", entry))
			}
		}
	})
}

// variables are the {names} of a pattern.
var variables = regexp.MustCompile(`\\\{[a-z]+\\\}`)

// refuses sends the form at both widths, past the checks of the browser, and looks at the page that comes back.
func (w *window) refuses(f refusedForm, names *strings.Replacer) {
	w.Helper()
	w.sure()
	action := "^" + variables.ReplaceAllString(regexp.QuoteMeta("/console"+f.route), "[^/]+") + "$"
	for _, width := range []int64{1440, 360} {
		w.size(width)
		w.open(names.Replace(f.page))
		find := fmt.Sprintf(`[...document.querySelectorAll("main form[method=post]")].find(f => new RegExp(%q).test(new URL(f.action).pathname))`, action)
		w.until(find)
		if f.file != "" {
			w.run(chromedp.SetUploadFiles("#field-file", []string{f.file}, chromedp.ByQuery))
		}
		typed, err := json.Marshal(f.typed)
		if err != nil {
			w.Fatal(err)
		}
		w.run(chromedp.Evaluate(fmt.Sprintf(`(() => {
			const form = %s;
			form.noValidate = true;
			for (const [name, value] of Object.entries(%s || {})) form.elements[name].value = value;
			[...form.querySelectorAll("button")].find(b => %q === "" || b.value === %q).click();
		})()`, find, typed, f.button, f.button), nil))
		w.pointsAtProblems(f.route, width)
	}
	w.size(1440)
}

// pointsAtProblems looks at the page that comes back after a form was refused.
func (w *window) pointsAtProblems(route string, width int64) {
	w.Helper()
	w.until(`document.readyState === "complete" && document.querySelector("#problems")`)
	for what, script := range map[string]string{
		"the summary is in view": `(() => { const r = document.querySelector("#problems").getBoundingClientRect();
			return r.top >= 0 && r.height > 0 && r.bottom <= innerHeight; })()`,
		"the summary has the focus":      `document.activeElement.id === "problems"`,
		"no message says it was done":    `!document.querySelector(".alert-success")`,
		"each link leads to a field":     `[...document.querySelectorAll("#problems a")].every(a => document.getElementById(a.hash.slice(1)))`,
		"it is said what is wrong":       `document.querySelector("#problems").innerText.trim().length > 5`,
		"the page is not wider than 360": `document.documentElement.scrollWidth <= document.documentElement.clientWidth`,
	} {
		var met bool
		w.run(chromedp.Evaluate(script, &met))
		if !met {
			var shown string
			w.run(chromedp.Evaluate(`document.querySelector("#problems").innerText + " at " + JSON.stringify(document.querySelector("#problems").getBoundingClientRect()) +
				"; " + document.documentElement.scrollWidth + " wide; out of the window: " + [...document.querySelectorAll("*")].filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth && !e.closest(".bar-nav"))
					.slice(0, 5).map(e => e.outerHTML.slice(0, 120)).join(" ")`, &shown))
			w.Errorf("%s at %d: it is not so that %s: %s", route, width, what, shown)
		}
	}
}

// TestBrowserNothingIsLost: leaving an edited form asks first, as does switching the language; and when the network is gone the
// rows of the last search leave the screen.
func TestBrowserNothingIsLost(t *testing.T) {
	t.Parallel()
	inBrowser(t, func(w *window) {
		w.signIn("staff")
		asked := func() int {
			w.mu.Lock()
			defer w.mu.Unlock()
			return len(w.questions)
		}
		w.open("/stock/1/1")
		w.open("/members")
		if asked() != 0 {
			t.Errorf("leaving an untouched form asks: %v", w.questions)
		}
		w.open("/stock/1/1")
		w.run(chromedp.SendKeys("#field-memo", "棚卸", chromedp.ByQuery), chromedp.Click(`button[lang="en"]`, chromedp.ByQuery))
		w.until(`document.documentElement.lang === "en" && document.readyState === "complete"`)
		if asked() != 1 {
			t.Errorf("switching the language asks %d times", asked())
		}
		w.run(chromedp.SendKeys("#field-amount", "7", chromedp.ByQuery))
		w.click("Set")
		w.shows("from 0 to 7")
		if asked() != 1 {
			t.Errorf("sending the form asks")
		}
		w.open("/members")
		w.until(`document.querySelectorAll("#found tbody tr").length > 1`)
		w.run(offline(true))
		w.run(chromedp.SendKeys("#search", "zz", chromedp.ByQuery))
		w.until(`document.querySelector("#found [role=alert]") && !document.querySelector("#found tr")`)
		w.run(offline(false))
		w.run(chromedp.SendKeys("#search", kb.Backspace+kb.Backspace, chromedp.ByQuery))
		w.until(`document.querySelectorAll("#found tbody tr").length > 1 && !document.querySelector("#found [role=alert]")`)
	})
}

// offline takes the browser off the network, or puts it back.
func offline(gone bool) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := network.EmulateNetworkConditionsByRule([]*network.Conditions{{Offline: gone, DownloadThroughput: -1, UploadThroughput: -1}}).Do(ctx)
		return err
	})
}
