package console

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"noren"
	"noren/web"
)

// cookieUser says who was signed in last in this browser, as a hash. It outlives the session, so that what somebody typed
// into a form is shown to that person only.
const cookieUser = "noren_user"

// keptForm is a form that was sent after the session had ended. The sign-in form carries it, and the page of the form shows
// it again: no server has to keep what somebody who is not signed in sends.
type keptForm struct {
	Page   string     `json:"page"` // the address of the page with the form
	User   string     `json:"user"` // the cookie user, "" if there was none
	Fields url.Values `json:"fields"`
}

// keep returns the form of a request that was refused because nobody is signed in; false if nothing was typed.
func (p *page) keep() (keptForm, bool) {
	var err error
	if p.x.Body == nil || p.console.origin.Check(p.x.HTTP) != nil {
		return keptForm{}, false // a form of another site must not come back as the user's own
	}
	if p.form, err = p.x.Form(); err != nil {
		return keptForm{}, false
	}
	k := keptForm{Page: p.formPage(), User: p.console.cookieOf(p.x.HTTP, cookieUser), Fields: p.form}
	k.Fields.Del("once") // of the old page
	k.Fields.Del("sure")
	typed := false
	for name := range k.Fields {
		typed = typed || !strings.HasPrefix(name, "was_")
	}
	return k, typed && k.Page != ""
}

// String is the kept form as a field of the sign-in form has it.
func (k keptForm) String() string {
	data, err := json.Marshal(k)
	if err != nil { // strings can always be written
		return ""
	}
	return base64.StdEncoding.EncodeToString(data)
}

// parseKept reads what String has written; false for anything else.
func parseKept(text string) (k keptForm, ok bool) {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(data) == 0 || json.Unmarshal(data, &k) != nil {
		return k, false
	}
	return k, k.Page == ownPage(k.Page)
}

// userMark is the value of the cookie user.
func userMark(contract, login string) string {
	sum := sha256.Sum256([]byte(contract + "\n" + login))
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

// resume shows the page of a kept form to the user who has just signed in, with what was typed. Nothing of it is saved
// before the user sends it again. It is false where the page cannot be shown: to somebody else, or if it is gone.
func (d *Console) resume(ctx context.Context, p *page, k keptForm, caller noren.Caller) (web.Answer, bool) {
	address, err := url.Parse(k.Page)
	if err != nil || k.User != "" && k.User != userMark(caller.Tenant.Contract, caller.Login) {
		return web.Answer{}, false
	}
	for _, r := range d.list {
		vars, ok := r.matches(strings.TrimPrefix(address.Path, prefix))
		if !ok || r.method != http.MethodGet || r.open || r.stream || !caller.HasScope(string(r.least)) {
			continue
		}
		x := *p.x
		x.HTTP = p.x.HTTP.Clone(ctx)
		x.HTTP.Method, x.HTTP.URL, x.Vars, x.Caller = http.MethodGet, address, vars, caller
		again := d.page(&x)
		again.pattern, again.lang, again.refill = r.pattern, p.lang, k.Fields
		again.wrong("", p.T("form.brought_back"))
		a, err := r.handle(ctx, again)
		return a, err == nil && a.Stream == nil
	}
	return web.Answer{}, false
}

// matches returns the values of the pattern's variables if the path, below /console, matches the route's pattern. Of two
// patterns that match, the one without variables stands first in the table.
func (r route) matches(path string) (map[string]string, bool) {
	want, have := strings.Split(r.pattern, "/"), strings.Split(path, "/")
	if len(want) != len(have) {
		return nil, false
	}
	vars := make(map[string]string)
	for i, segment := range want {
		switch {
		case strings.HasPrefix(segment, "{"):
			vars[strings.Trim(segment, "{}")] = have[i]
		case segment != have[i]:
			return nil, false
		}
	}
	return vars, true
}

// typed is what a field shows: what was brought back, or else its value.
func (p *page) typed(name, value string) string {
	if p.refill.Has(name) {
		return p.refill.Get(name)
	}
	return value
}

// ticks reports whether a box is ticked: as it was brought back, or else as it is stored.
func (p *page) ticks(name, value string, stored bool) bool {
	if p.refill == nil {
		return stored
	}
	return slices.Contains(p.refill[name], value)
}

// unsaved marks a form in the browser that has something typed which is not saved, although it is as the server has sent it.
func (p *page) unsaved() templ.Attributes {
	if len(p.problems) == 0 || !p.signedIn() {
		return nil
	}
	return templ.Attributes{"data-unsaved": true}
}
