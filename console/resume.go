package console

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"noren"
	"noren/app/access"
	"noren/web"
)

// cookieUser says who was signed in last in this browser: the number of the tenant, and the login as a hash. It outlives the session,
// so that what somebody typed into a form is shown to that person only.
const cookieUser = "noren_user"

// cookieKept says for whom a sign-in page of this browser keeps a form, as cookieUser says who that is.
const cookieKept = "noren_kept"

// keptSeconds is how long somebody may stay away and still be told that a form is gone: a week.
const keptSeconds = 7 * 24 * 60 * 60

// keptForm is a form that was sent after the session had ended. The sign-in form carries it, and the page of the form shows
// it again: no server has to keep what somebody who is not signed in sends.
//
// It is sealed with a secret of the tenant, for the user: somebody else at that computer can neither read it, nor get it shown.
type keptForm struct {
	Page   string     `json:"page"` // the address of the page with the form
	Fields url.Values `json:"fields"`
}

// keep returns the form of a request that was refused because nobody is signed in; false if nothing was typed, or it is not known
// who typed it.
func (p *page) keep() (keptForm, bool) {
	var err error
	if p.x.Body == nil || p.console.origin.Check(p.x.HTTP) != nil {
		return keptForm{}, false // a form of another site must not come back as the user's own
	}
	if p.form, err = p.x.Form(); err != nil {
		return keptForm{}, false
	}
	k := keptForm{Page: p.formPage(), Fields: p.form}
	k.Fields.Del("once") // of the old page
	k.Fields.Del("sure")
	typed := false
	for name := range k.Fields {
		typed = typed || !strings.HasPrefix(name, "was_")
	}
	return k, typed && k.Page != ""
}

// sealed is the kept form as a field of the sign-in form has it; "" if it is not known for whom.
func (d *Console) sealed(ctx context.Context, k keptForm, user string) (string, error) {
	number, _, _ := strings.Cut(user, ".")
	tenant, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return "", nil //nolint:nilerr // a cookie that this server has not set names nobody
	}
	// Whatever the cookie says: made with another tenant's secret, or for another login, it is of no use to anybody.
	secrets, err := d.Rooms.Access.MadeSecrets(ctx, noren.TenantID(tenant), access.SecretKeptForms)
	if err != nil || len(secrets) == 0 {
		return "", err
	}
	data, err := json.Marshal(k)
	if err != nil {
		return "", err
	}
	seal, err := keptSeal(secrets[0])
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(seal.Seal(nil, nil, data, []byte(user))), nil
}

// unsealed reads what sealed has written for the caller; false for anything else.
func (d *Console) unsealed(ctx context.Context, text string, caller noren.Caller) (k keptForm, ok bool, err error) {
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(data) == 0 {
		return k, false, nil //nolint:nilerr // this server has not sealed it
	}
	secrets, err := d.Rooms.Access.MadeSecrets(ctx, caller.Tenant.ID, access.SecretKeptForms)
	for _, secret := range secrets {
		seal, err := keptSeal(secret)
		if err != nil {
			return k, false, err
		}
		if plain, err := seal.Open(nil, nil, data, []byte(userMark(caller))); err == nil && json.Unmarshal(plain, &k) == nil {
			return k, k.Page == ownPage(k.Page), nil
		}
	}
	return k, false, err
}

// keptSeal is AES-256 in the mode that notices changes, with a random nonce before each text.
func keptSeal(secret string) (cipher.AEAD, error) {
	key := sha256.Sum256([]byte(secret))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// userMark is the value of the cookie user.
func userMark(c noren.Caller) string {
	sum := sha256.Sum256([]byte(c.Tenant.Contract + "\n" + c.Login))
	return strconv.FormatInt(int64(c.Tenant.ID), 10) + "." + base64.RawURLEncoding.EncodeToString(sum[:12])
}

// giveBack returns the response to somebody who has just signed in: the form that the sign-in page has kept for that user, or else a
// redirect to the page that was asked for. A form is given back once, to whoever has typed it, or that user is told at the next time of
// signing in that it is gone: because somebody else signed in at that computer first, or left the sign-in page, or because its page is
// gone. Nobody else is told anything, and nobody else is led to its page.
func (d *Console) giveBack(ctx context.Context, p *page, form signInForm, session string, caller noren.Caller) (web.Answer, error) {
	kept, own, err := d.unsealed(ctx, form.kept, caller)
	if err != nil {
		return web.Answer{}, err
	}
	if form.kept != "" && !own {
		form.next = prefix + "/"
	}
	a, shown := web.Answer{Status: http.StatusSeeOther}.With("Location", form.next), false
	if own {
		if again, there := d.resume(ctx, p, kept, caller); there {
			a, shown = again, true
		}
	}
	waiting := d.cookieOf(p.x.HTTP, cookieKept) == userMark(caller)
	if !shown && (own || waiting) {
		a = p.leaving(a, session, notice{Key: "done.form_lost", Warning: true}, form.next)
	}
	if waiting {
		a = a.With("Set-Cookie", p.cookie(cookieKept, "", -1).String())
	}
	return a, nil
}

// resume shows the page of a kept form to the user who has just signed in, with what was typed. Nothing of it is saved
// before the user sends it again. It is false where the page cannot be shown, such as if it is gone.
func (d *Console) resume(ctx context.Context, p *page, k keptForm, caller noren.Caller) (web.Answer, bool) {
	address, err := url.Parse(k.Page)
	if err != nil {
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
