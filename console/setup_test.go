package console

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"noren"
	"noren/app"
	"noren/app/access"
	"noren/app/apptest"
	"noren/app/bulk"
	"noren/app/shop"
	"noren/web"
)

// The contract IDs of the two tenants, and the password of all users.
const (
	contract = "sb_test"
	stranger = "sb_other"
	password = "ひらけごま、開けゴマ"
)

// hostile is a name meant to break a page: markup, a change of direction, and great length.
var hostile = `"><script>alert(1)</script>\u202Eesrever\u202C` + strings.Repeat("長", 260)

// bundle is a console on its own database. The tenant has the users admin, staff, viewer, and ginza, who is staff
// of store 2; three ranks; two shops and a warehouse; and four members, of whom the fourth is of store 1. The other
// tenant has a user admin and a member with the ID 9.
type bundle struct {
	*testing.T
	handler *web.Handler
	rooms   *app.App
	console *Console
	files   *memoryFiles
	clock   *apptest.Clock
	log     *apptest.Log
}

// plainPasswords is fast; argon2id is slow on purpose.
type plainPasswords struct{}

func (plainPasswords) Hash(password string) string        { return "plain:" + password }
func (plainPasswords) Matches(hash, password string) bool { return hash == "plain:"+password }

func setup(t *testing.T) *bundle {
	t.Helper()
	return setupAt(t, apptest.NewSQLite(t))
}

// setupAt is setup in the empty database with that URL.
func setupAt(t *testing.T, url string) *bundle {
	t.Helper()
	b := &bundle{T: t, clock: apptest.NewClock(time.Date(2026, 4, 1, 3, 0, 0, 0, time.UTC)), log: new(apptest.Log)}
	b.rooms = apptest.Start(t, apptest.Config{URL: url, Config: app.Config{
		Clock: b.clock.Read, Passwords: plainPasswords{}, Log: b.log.Logger(),
		Encoders: map[noren.Dialect]bulk.Encoder{noren.Smaregi: plainCallbacks{}},
	}})
	for _, shop := range []shop.Shop{testShop(), otherShop()} {
		if _, err := b.rooms.Shop.Apply(t.Context(), shop); err != nil {
			t.Fatal(err)
		}
	}
	b.files = &memoryFiles{kept: make(map[string][]byte)}
	var err error
	if b.console, err = New(Config{Rooms: roomsOf(b.rooms), Files: b.files, FilePaths: b.files.paths, Version: "test", Dialects: testDialects()}); err != nil {
		t.Fatal(err)
	}
	b.handler, err = web.NewHandler(web.Config{
		Rooms: web.Rooms{Run: b.rooms.Run, Access: b.rooms.Access, Database: b.rooms.Engine}, Dialects: []web.Dialect{b.console}, Log: b.log.Logger(),
		Metrics: web.NewMetrics(prometheus.NewRegistry(), b.rooms.Engine, b.rooms.Now), Version: "test",
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// plainCallbacks writes callbacks with markup, which a page must escape.
type plainCallbacks struct{}

func (plainCallbacks) EncodeCallback(o bulk.Outcome) []byte {
	return fmt.Appendf(nil, "{\"requestId\":%d,\"failed\":%d,\"<script>\":1}", o.ID, len(o.Failures))
}

// testDialects has a few scopes, keys and commands.
func testDialects() Dialects {
	return Dialects{
		Scopes: map[noren.Dialect][]string{
			noren.Smaregi: {"pos.customers:write", "pos.stock:write"}, noren.ReCORE: {"member:index"}, noren.EasyPoints: {},
		},
		Identify: func(_ context.Context, key string) (string, error) { return "jwt of " + key, nil },
		Commands: func(base string, t noren.Tenant, c noren.Client, k Keys) []string {
			return []string{"curl " + base + "/" + t.Contract + " " + c.Name + " " + k.Secret}
		},
	}
}

func testShop() shop.Shop {
	return shop.Shop{
		Contract: contract,
		Tenant:   noren.TenantPatch{Name: noren.Set("暖簾商店")},
		Ranks:    []noren.Rank{{ID: 1, Name: "Bronze"}, {ID: 2, Name: "Silver"}, {ID: 3, Name: "Gold"}},
		Stores: []noren.Store{
			{ID: 1, Code: "001", Name: "本店", Kind: noren.StoreShop},
			{ID: 2, Code: "002", Name: "銀座店", Kind: noren.StoreShop},
			{ID: 3, Code: "003", Name: "倉庫", Kind: noren.StoreWarehouse},
		},
		Products: []noren.Product{{ID: 1, Code: "P001", Name: "緑茶"}, {ID: 2, Code: "P002", Name: hostile}},
		Clients: []access.ClientSpec{
			{Name: "pos", Dialect: noren.Smaregi, Key: "pos", Secret: "secret", Scopes: []string{"pos.stock:write", "pos.old:write"}},
			{Name: hostile, Dialect: noren.ReCORE, Key: "reuse"},
		},
		Staff: []noren.Staff{{ID: 1, Code: "SF1", Name: "大西"}},
		Members: []noren.MemberPatch{
			{ID: 1, Code: noren.Set("M1"), LastName: noren.Set("山田"), FirstName: noren.Set("花子"), LastKana: noren.Set("ヤマダ"), Phone: noren.Set("03-0123-4567"), Rank: noren.Set(noren.Ref{ID: 1})},
			{ID: 2, Code: noren.Set("M2"), LastName: noren.Set("佐藤"), FirstName: noren.Set("<b>次郎</b>"), Status: noren.Set(noren.Left)},
			{ID: 3, Code: noren.Set("M3"), LastName: noren.Set("鈴木"), Store: noren.Set(int64(2))},
			{ID: 4, Code: noren.Set("M4"), LastName: noren.Set("高橋"), Store: noren.Set(int64(1))},
		},
		ConsoleUsers: []shop.ConsoleUser{
			{Login: "admin", Password: password, Role: noren.Admin},
			{Login: "staff", Password: password, Role: noren.Clerk},
			{Login: "ginza", Password: password, Role: noren.Clerk, StoreID: new(int64(2))},
			{Login: "viewer", Password: password, Role: noren.Viewer},
		},
	}
}

func otherShop() shop.Shop {
	return shop.Shop{
		Contract: stranger, Tenant: noren.TenantPatch{Name: noren.Set("他社")},
		Members:      []noren.MemberPatch{{ID: 9, Code: noren.Set("X9"), LastName: noren.Set("他社会員")}},
		Stores:       []noren.Store{{ID: 9, Code: "9", Name: "他社店舗", Kind: noren.StoreShop}},
		Products:     []noren.Product{{ID: 9, Code: "X9", Name: "他社商品"}},
		Clients:      []access.ClientSpec{{Name: "他社クライアント", Dialect: noren.Smaregi, Key: "theirs"}},
		ConsoleUsers: []shop.ConsoleUser{{Login: "admin", Password: password, Role: noren.Admin}},
	}
}

// browser keeps cookies, as one does.
type browser struct {
	*bundle
	cookies map[string]string
	address string // of the network
}

func (b *bundle) browser() *browser {
	return &browser{bundle: b, cookies: make(map[string]string), address: "192.0.2.1"}
}

// as returns a browser in which the user of the tenant has signed in.
func (b *bundle) as(login string) *browser {
	b.Helper()
	w := b.browser()
	w.signIn(contract, login, password, http.StatusSeeOther)
	return w
}

// signIn fails the test if the response has another status.
func (w *browser) signIn(contract, login, password string, status int) *httptest.ResponseRecorder {
	w.Helper()
	a := w.post("/console/sign-in", url.Values{"contract": {contract}, "login": {login}, "password": {password}})
	if a.Code != status {
		w.Fatalf("signing in as %s: %d %s", login, a.Code, textOf(a))
	}
	return a
}

// do sends a request; header lines are "Name: value".
func (w *browser) do(method, target string, body io.Reader, header ...string) *httptest.ResponseRecorder {
	w.Helper()
	r := httptest.NewRequestWithContext(w.Context(), method, target, body)
	r.RemoteAddr = w.address + ":1234"
	for name, value := range w.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	a := httptest.NewRecorder()
	w.handler.ServeHTTP(a, r)
	for _, c := range a.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(w.cookies, c.Name)
		} else {
			w.cookies[c.Name] = c.Value
		}
	}
	return a
}

func (w *browser) get(target string, header ...string) *httptest.ResponseRecorder {
	w.Helper()
	return w.do(http.MethodGet, target, nil, header...)
}

// post sends a form like a page of the console.
func (w *browser) post(target string, form url.Values, header ...string) *httptest.ResponseRecorder {
	w.Helper()
	header = append([]string{"Content-Type: application/x-www-form-urlencoded", "Sec-Fetch-Site: same-origin"}, header...)
	return w.do(http.MethodPost, target, strings.NewReader(form.Encode()), header...)
}

// shows fails the test unless the page is there and has all of the texts.
func (w *browser) shows(target string, texts ...string) string {
	w.Helper()
	a := w.get(target)
	if a.Code != http.StatusOK {
		w.Fatalf("GET %s: %d %s", target, a.Code, textOf(a))
	}
	for _, text := range texts {
		if !strings.Contains(a.Body.String(), text) {
			w.Errorf("GET %s does not show %q:\n%s", target, text, textOf(a))
		}
	}
	return a.Body.String()
}

// lacks fails the test if the page has one of the texts.
func (w *browser) lacks(body string, texts ...string) {
	w.Helper()
	for _, text := range texts {
		if strings.Contains(body, text) {
			w.Errorf("the page shows %q:\n%s", text, body)
		}
	}
}

// textOf is a page without tags, for the log of a test.
func textOf(a *httptest.ResponseRecorder) string {
	var b strings.Builder
	for part := range strings.SplitSeq(a.Body.String(), "<") {
		if _, text, ok := strings.Cut(part, ">"); ok && strings.TrimSpace(text) != "" {
			b.WriteString(strings.TrimSpace(text) + "\n")
		}
	}
	return b.String()
}

// newRequest is a request as web passes it to a handler.
func newRequest(baseURL string) *web.Request {
	return &web.Request{HTTP: httptest.NewRequest(http.MethodGet, "/console/", nil), BaseURL: baseURL}
}

// memoryFiles stores files in memory.
type memoryFiles struct {
	mu   sync.Mutex
	kept map[string][]byte
}

func (f *memoryFiles) Put(_ context.Context, name string, r io.Reader) (int64, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return 0, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kept[name] = data
	return int64(len(data)), nil
}

func (f *memoryFiles) Open(_ context.Context, name string) (io.ReadCloser, int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	data, kept := f.kept[name]
	if !kept {
		return nil, 0, fs.ErrNotExist
	}
	return io.NopCloser(bytes.NewReader(data)), int64(len(data)), nil
}

func (f *memoryFiles) Remove(_ context.Context, name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.kept, name)
	return nil
}

func (f *memoryFiles) paths(context.Context, noren.Tenant) (func(noren.Attachment, bool) string, error) {
	return func(a noren.Attachment, _ bool) string { return "/files/" + a.FileKey }, nil
}

// roomsOf are the rooms that the console takes.
func roomsOf(a *app.App) Rooms {
	return Rooms{
		Now: a.Now, Access: a.Access, Audit: a.Audit, Bulk: a.Bulk, Imports: a.Imports, Inbox: a.Inbox, Members: a.Members,
		Points: a.Points, Privacy: a.Privacy, Purchases: a.Purchases, Ranks: a.Ranks, Stock: a.Stock,
	}
}
