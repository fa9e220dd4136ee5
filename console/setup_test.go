package console

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"noren"
	"noren/sqlstore"
	"noren/web"
)

// The contract ids of the two tenants, and the password of all users.
const (
	contract = "sb_test"
	stranger = "sb_other"
	password = "ひらけごま、開けゴマ"
)

// bundle is a console on a database of its own. The tenant has the users admin, staff, viewer, and ginza, who is staff
// of store 2; three ranks; two shops and a warehouse; and four members, of whom the fourth is of store 1. The other
// tenant has a user admin and a member with the id 9.
type bundle struct {
	*testing.T
	handler *web.Handler
	service *noren.Service
	console *Console
	clock   *clock
	log     *safeBuffer
}

// clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// safeBuffer is a log that many requests write to.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// plainPasswords is quick, which argon2id is on purpose not.
type plainPasswords struct{}

func (plainPasswords) Hash(password string) string        { return "plain:" + password }
func (plainPasswords) Matches(hash, password string) bool { return hash == "plain:"+password }

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{T: t, clock: &clock{now: time.Date(2026, 4, 1, 3, 0, 0, 0, time.UTC)}, log: new(safeBuffer)}
	engine, err := sqlstore.Open(t.Context(), sqlstore.Config{URL: "sqlite:" + filepath.Join(t.TempDir(), "noren.db"), Clock: b.clock.read})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	log := slog.New(slog.NewTextHandler(b.log, nil))
	b.service = noren.NewService(noren.Config{Engine: engine, Clock: b.clock.read, Passwords: plainPasswords{}, Log: log})
	for _, shop := range []noren.Shop{testShop(), otherShop()} {
		if _, err := b.service.ApplyShop(t.Context(), shop); err != nil {
			t.Fatal(err)
		}
	}
	if b.console, err = New(Config{Service: b.service, Version: "test"}); err != nil {
		t.Fatal(err)
	}
	b.handler, err = web.NewHandler(web.Config{
		Service: b.service, Dialects: []web.Dialect{b.console}, Log: log,
		Metrics: web.NewMetrics(prometheus.NewRegistry(), b.service), Version: "test",
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func testShop() noren.Shop {
	return noren.Shop{
		Contract: contract,
		Tenant:   noren.TenantPatch{Name: noren.Set("暖簾商店")},
		Ranks:    []noren.Rank{{ID: 1, Name: "Bronze"}, {ID: 2, Name: "Silver"}, {ID: 3, Name: "Gold"}},
		Stores: []noren.Store{
			{ID: 1, Code: "001", Name: "本店", Kind: noren.StoreShop}, {ID: 2, Code: "002", Name: "銀座店", Kind: noren.StoreShop},
			{ID: 3, Code: "003", Name: "倉庫", Kind: noren.StoreWarehouse},
		},
		Products: []noren.Product{{ID: 1, Code: "P001", Name: "緑茶"}},
		Staff:    []noren.Staff{{ID: 1, Code: "SF1", Name: "大西"}},
		Members: []noren.MemberPatch{
			{ID: 1, Code: noren.Set("M1"), LastName: noren.Set("山田"), FirstName: noren.Set("花子"), LastKana: noren.Set("ヤマダ"), Phone: noren.Set("03-0123-4567"), Rank: noren.Set(noren.Ref{ID: 1})},
			{ID: 2, Code: noren.Set("M2"), LastName: noren.Set("佐藤"), FirstName: noren.Set("<b>次郎</b>"), Status: noren.Set(noren.Left)},
			{ID: 3, Code: noren.Set("M3"), LastName: noren.Set("鈴木"), Store: noren.Set(int64(2))},
			{ID: 4, Code: noren.Set("M4"), LastName: noren.Set("高橋"), Store: noren.Set(int64(1))},
		},
		ConsoleUsers: []noren.ShopConsoleUser{
			{Login: "admin", Password: password, Role: noren.Admin},
			{Login: "staff", Password: password, Role: noren.Clerk},
			{Login: "ginza", Password: password, Role: noren.Clerk, StoreID: new(int64(2))},
			{Login: "viewer", Password: password, Role: noren.Viewer},
		},
	}
}

func otherShop() noren.Shop {
	return noren.Shop{
		Contract: stranger, Tenant: noren.TenantPatch{Name: noren.Set("他社")},
		Members:      []noren.MemberPatch{{ID: 9, Code: noren.Set("X9"), LastName: noren.Set("他社会員")}},
		ConsoleUsers: []noren.ShopConsoleUser{{Login: "admin", Password: password, Role: noren.Admin}},
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

// as is a browser in which the user of the tenant has signed in.
func (b *bundle) as(login string) *browser {
	b.Helper()
	w := b.browser()
	w.signIn(contract, login, password, http.StatusSeeOther)
	return w
}

// signIn fails the test where the answer has another status.
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

// post sends a form as a page of the console does.
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

// lacks fails the test where the page has one of the texts.
func (w *browser) lacks(body string, texts ...string) {
	w.Helper()
	for _, text := range texts {
		if strings.Contains(body, text) {
			w.Errorf("the page shows %q:\n%s", text, body)
		}
	}
}

// textOf is a page without its tags, to be read in a test's log.
func textOf(a *httptest.ResponseRecorder) string {
	var b strings.Builder
	for part := range strings.SplitSeq(a.Body.String(), "<") {
		if _, text, ok := strings.Cut(part, ">"); ok && strings.TrimSpace(text) != "" {
			b.WriteString(strings.TrimSpace(text) + "\n")
		}
	}
	return b.String()
}

// newRequest is a request as web hands it over.
func newRequest(baseURL string) *web.Request {
	return &web.Request{HTTP: httptest.NewRequest(http.MethodGet, "/console/", nil), BaseURL: baseURL}
}
