//go:build linux

package crashtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"noren"
)

// stormPassword is that of the console's user in a storm.
const stormPassword = "ひらけごま、開けゴマ"

// stormClients gives the shops of a shopFile clients of the other APIs, and a user of the console.
func stormClients(name string, shops int) []byte {
	var b bytes.Buffer
	b.WriteString("tenants:\n")
	for i := range shops {
		fmt.Fprintf(&b, `  - id: %[1]s%[2]d
    name: 暖簾%[2]d
    rate_limits: {times: 20}
    clients:
      - {name: reuse, dialect: recore, scopes: ["member:index", "member:show", "member:store", "member:update",
         "member:point:update", "member:note:store", "member:attachment:store"]}
      - {name: web, dialect: easypoints}
    console_users: [{login: staff, password: %[3]s, role: staff}]
`, name, i+1, stormPassword)
	}
	return b.Bytes()
}

// teller sends what is not sent in bulk, to one shop, and keeps books. Every write has an Idempotency-Key, and is sent to
// any node until it has a definite response.
type teller struct {
	*round
	t      testing.TB
	tenant string
	http   http.Client
	key    string // of ReCORE
	secret string // of easyPoints
	token  string // of Smaregi

	mu       sync.Mutex
	cookie   string         // of the console
	points   map[int]int64  // by member, as the responses add up
	jobs     map[int]string // the occupation of each member
	notes    []string
	created  []string
	attached map[string]string // content by file key
}

func newTeller(r *round, tenant string) *teller {
	c := &teller{
		round: r, t: r.t, tenant: tenant, points: make(map[int]int64), jobs: make(map[int]string), attached: make(map[string]string),
	}
	c.http.Timeout = 40 * time.Second
	c.http.Transport = &http.Transport{MaxIdleConnsPerHost: 16}
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	r.t.Cleanup(c.http.CloseIdleConnections)
	return c
}

// learn takes the credentials of one of the shop's clients.
func (c *teller) learn(of client) {
	switch of.Dialect {
	case noren.ReCORE:
		c.key = of.Identification
	case noren.EasyPoints:
		c.secret = of.SecretKey
	case noren.Smaregi:
		c.token = of.AccessToken
	case noren.Shopify, noren.Console, noren.Privacy: // no clients that send requests here
	}
}

// start sends requests until stop is called, which returns when each of them has a definite response.
func (c *teller) start() (stop func()) {
	ctx, cancel := context.WithCancel(c.t.Context())
	var group sync.WaitGroup
	for _, deed := range []func(){c.grant, c.grant, c.allot, c.allot, c.give, c.edit, c.note, c.create, c.attach, c.read, c.read} {
		group.Go(func() {
			for ctx.Err() == nil {
				deed()
				pause(stormPause).take()
			}
		})
	}
	return func() {
		cancel()
		group.Wait()
	}
}

// request is a request to a node.
type request struct {
	kind         string // for the tally
	method, path string
	header       map[string]string
	body         string
}

// reuse is a request of ReCORE's API.
func (c *teller) reuse(kind, method, path string, body any) request {
	text, _ := json.Marshal(body) // maps and texts
	return request{"recore " + kind, method, path, map[string]string{"X-Identification": c.key, "Content-Type": "application/json"}, string(text)}
}

// response is what a request got.
type response struct {
	status int
	header http.Header
	body   string
}

// once sends the request to one of the nodes.
func (c *teller) once(q request) (response, error) {
	r, err := http.NewRequestWithContext(context.WithoutCancel(c.t.Context()), q.method, "http://"+c.in.anyAddress()+q.path, strings.NewReader(q.body))
	if err != nil {
		return response{}, err
	}
	for name, value := range q.header {
		r.Header.Set(name, value)
	}
	began := time.Now()
	got, err := c.http.Do(r)
	if err != nil {
		c.operation(q.kind, said(0, err), time.Since(began))
		return response{}, err
	}
	defer got.Body.Close()
	body, err := io.ReadAll(got.Body)
	if err != nil {
		c.operation(q.kind, "lost", time.Since(began))
		return response{}, err
	}
	c.operation(q.kind, got.StatusCode, time.Since(began))
	return response{got.StatusCode, got.Header, string(body)}, nil
}

// patience is how long a write may be without a definite response.
const patience = 3 * time.Minute

// insist sends a write until its response is definite, and complains of a status that is not expected.
func (c *teller) insist(q request, expected ...int) response {
	key := rand.Text()
	if q.header["Idempotency-Key"] == "" && !strings.HasPrefix(q.path, "/console") {
		q.header["Idempotency-Key"] = key
	}
	passing := []int{http.StatusConflict, http.StatusTooManyRequests, http.StatusServiceUnavailable}
	for end := time.Now().Add(patience); ; time.Sleep(between(20*time.Millisecond, 200*time.Millisecond)) {
		got, err := c.once(q)
		switch {
		case err == nil && slices.Contains(expected, got.status):
			return got
		case err == nil && !slices.Contains(passing, got.status):
			c.t.Errorf(fmt.Sprint(q.kind, " got ", got.status)+": %s %s %.200s: %s", q.method, q.path, q.body, got.body)
			return got
		case time.Now().After(end):
			c.t.Errorf(q.kind+" has no definite response after %v: %s %s, %d, %v", patience, q.method, q.path, got.status, err)
			return got
		}
	}
}

// grant gives points to some members through ReCORE's API, or takes them.
func (c *teller) grant() {
	ids := someMembers()
	amount, mode := mathrand.Int64N(50)+1, "ADD"
	if mathrand.IntN(3) == 0 {
		mode = "SUB"
	}
	got := c.insist(c.reuse("points", http.MethodPut, "/members/point", map[string]any{
		"amount": amount, "mode": mode, "note": "storm", "query": map[string]any{"ids": ids},
	}), http.StatusOK, http.StatusBadRequest) // 400: too few points
	if mode == "SUB" {
		amount = -amount
	}
	if got.status == http.StatusOK {
		c.move(amount, ids...)
	}
}

// someMembers are a few members in random order.
func someMembers() (ids []int) {
	for _, i := range mathrand.Perm(members)[:1+mathrand.IntN(4)] {
		ids = append(ids, i+1)
	}
	return ids
}

// move notes that points have moved.
func (c *teller) move(amount int64, ids ...int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range ids {
		c.points[id] += amount
	}
}

// allot does the same through easyPoints' API, for a member who may not be linked to a customer yet.
func (c *teller) allot() {
	id, amount := mathrand.IntN(members)+1, mathrand.Int64N(50)-15
	if amount == 0 {
		amount = 1
	}
	got := c.insist(request{
		"easypoints allotment", http.MethodPost, "/api/shopify/point_allotments",
		map[string]string{"Authorization": "Bearer " + c.secret, "Content-Type": "application/json"},
		fmt.Sprintf(`{"customer_id":%d,"point_value":%d}`, 700+id, amount),
	}, http.StatusOK, http.StatusNotFound, http.StatusUnprocessableEntity)
	if got.status == http.StatusOK {
		c.move(amount, id)
	}
}

// give gives points in the console, like a clerk who sends the form again until it says something.
func (c *teller) give() {
	id := mathrand.IntN(members) + 1
	path := fmt.Sprintf("/console/members/%d", id)
	page, ok := c.page(path)
	if !ok {
		return
	}
	once := regexp.MustCompile(`(?s)action="` + path + `/points".*?name="once" value="([^"]*)"`).FindStringSubmatch(page)
	if once == nil {
		c.t.Errorf("the page of a member has no form for points: %s", page)
		return
	}
	amount, mode := mathrand.Int64N(50)+1, "ADD"
	if mathrand.IntN(3) == 0 {
		mode = "SUB"
	}
	form := url.Values{"once": {once[1]}, "mode": {mode}, "kind": {"DEFAULT"}, "amount": {strconv.FormatInt(amount, 10)}, "reason": {"storm"}}
	for end := time.Now().Add(patience); time.Now().Before(end); {
		got := c.insist(request{"console points", http.MethodPost, path + "/points", c.browser(), form.Encode()},
			http.StatusSeeOther, http.StatusUnprocessableEntity, http.StatusUnauthorized)
		switch {
		case got.status == http.StatusUnauthorized: // a clock has passed the end of the session
			c.signIn()
			time.Sleep(200 * time.Millisecond)
			continue
		case got.status == http.StatusSeeOther && mode == "SUB":
			amount = -amount
			fallthrough
		case got.status == http.StatusSeeOther:
			c.move(amount, id)
		}
		return
	}
	c.t.Errorf("nobody can sign in at the console any more")
}

// browser has the headers of a form that is sent from the console's own page.
func (c *teller) browser() map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin", "Cookie": c.cookie}
}

// page reads a page of the console, after signing in where that is needed; false if that does not work now.
func (c *teller) page(path string) (string, bool) {
	got, err := c.once(request{"console page", http.MethodGet, path, c.browser(), ""})
	if err == nil && got.status == http.StatusSeeOther {
		c.signIn()
		got, err = c.once(request{"console page", http.MethodGet, path, c.browser(), ""})
	}
	if err != nil || got.status != http.StatusOK {
		c.known("console page", got.status, err, http.StatusSeeOther)
		return "", false
	}
	return got.body, true
}

// known complains of a response to a read that no fault explains.
func (c *teller) known(kind string, status int, err error, besides ...int) {
	fine := slices.Concat(besides, []int{http.StatusOK, http.StatusServiceUnavailable, http.StatusTooManyRequests})
	if err == nil && !slices.Contains(fine, status) {
		c.t.Errorf(kind+" got %d", status)
	}
}

// signIn signs in at the console. It may fail: after failures in a row, such as those that a kill leaves, one has to wait.
func (c *teller) signIn() {
	form := url.Values{"contract": {c.tenant}, "login": {"staff"}, "password": {stormPassword}}
	got, err := c.once(request{"console sign-in", http.MethodPost, "/console/sign-in", c.browser(), form.Encode()})
	if err != nil || got.status != http.StatusSeeOther {
		return
	}
	cookie, _, _ := strings.Cut(got.header.Get("Set-Cookie"), ";")
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cookie = cookie
}

// edit changes the occupation of a member. Nobody else does, so the last change has to be the one that stays.
func (c *teller) edit() {
	id, job := mathrand.IntN(members)+1, rand.Text()[:16]
	c.insist(c.reuse("member", http.MethodPut, fmt.Sprint("/members/", id), map[string]any{"occupation": job}), http.StatusOK)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.jobs[id] = job
}

// note writes a note about a member.
func (c *teller) note() {
	note := rand.Text()
	c.insist(c.reuse("note", http.MethodPost, fmt.Sprintf("/members/%d/notes", mathrand.IntN(members)+1), map[string]any{"note": note}), http.StatusOK)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.notes = append(c.notes, note)
}

// create makes a member.
func (c *teller) create() {
	name := rand.Text()
	c.insist(c.reuse("new member", http.MethodPost, "/members", map[string]any{"last_name": name}), http.StatusOK)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.created = append(c.created, name)
}

// attach uploads a file and attaches it to a member.
func (c *teller) attach() {
	content := "storm\n" + strings.Repeat(rand.Text()+"\n", 100+mathrand.IntN(1000))
	got := c.insist(request{
		"recore upload", http.MethodPost, "/upload/private", map[string]string{"X-Identification": c.key, "Content-Type": "text/plain"}, content,
	}, http.StatusOK)
	var file struct {
		Key string `json:"file_key"`
	}
	if err := json.Unmarshal([]byte(got.body), &file); err != nil || file.Key == "" {
		return // insist has complained
	}
	c.insist(c.reuse("attachment", http.MethodPost, fmt.Sprintf("/members/%d/attachments", mathrand.IntN(members)+1), map[string]any{
		"file_key": file.Key, "tag": "GENERAL", "file_name": "storm.txt",
	}), http.StatusOK)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.attached[file.Key] = content
}

// read reads in one of the dialects.
func (c *teller) read() {
	id := mathrand.IntN(members) + 1
	reads := []request{
		c.reuse("read", http.MethodGet, fmt.Sprint("/members/", id), nil),
		c.reuse("search", http.MethodGet, "/members?keyword="+url.QueryEscape("山田"), nil),
		{"smaregi read", http.MethodGet, fmt.Sprintf("/%s/pos/customers/%d", c.tenant, id), map[string]string{"Authorization": "Bearer " + c.token}, ""},
		{"easypoints read", http.MethodGet, fmt.Sprintf("/api/shopify/point_balances/%d/tier", 700+id), map[string]string{"Authorization": "Bearer " + c.secret}, ""},
	}
	q := reads[mathrand.IntN(len(reads))]
	got, err := c.once(q)
	if q.kind == "easypoints read" {
		c.known(q.kind, got.status, err, http.StatusNotFound)
	} else {
		c.known(q.kind, got.status, err)
	}
}

// check compares the books with what is stored; no node is running.
func (c *teller) check() {
	c.t.Helper()
	db := c.in.open()
	var tenant int64
	if err := db.QueryRow("SELECT id FROM tenants WHERE contract = '" + c.tenant + "'").Scan(&tenant); err != nil {
		c.t.Fatal(err)
	}
	one := func(query string) (n int64) {
		if err := db.QueryRow(strings.ReplaceAll(query, "TENANT", strconv.FormatInt(tenant, 10))).Scan(&n); err != nil {
			c.t.Fatalf("%s: %v", query, err)
		}
		return n
	}
	for id := 1; id <= members; id++ {
		got := one(fmt.Sprintf("SELECT CAST(COALESCE(SUM(remaining), 0) AS bigint) FROM point_lots WHERE tenant_id = TENANT AND member_id = %d", id))
		if got != c.points[id] {
			c.t.Errorf("ledger: a member has %d points, and the responses add up to %d: %s %d", got, c.points[id], c.tenant, id)
		}
		if job := c.jobs[id]; job != "" && one(fmt.Sprintf("SELECT COUNT(*) FROM members WHERE tenant_id = TENANT AND id = %d AND occupation = '%s'", id, job)) != 1 {
			c.t.Errorf("lost: the last change of a member is not stored: %s %d %s", c.tenant, id, job)
		}
	}
	c.compare("notes", c.notes, one("SELECT COUNT(*) FROM member_notes WHERE tenant_id = TENANT"), func(note string) int64 {
		return one("SELECT COUNT(*) FROM member_notes WHERE tenant_id = TENANT AND note = '" + note + "'")
	})
	c.compare("members", c.created, one("SELECT COUNT(*) FROM members WHERE tenant_id = TENANT")-members, func(name string) int64 {
		return one("SELECT COUNT(*) FROM members WHERE tenant_id = TENANT AND last_name = '" + name + "'")
	})
	c.compare("attachments", sorted(c.attached), one("SELECT COUNT(*) FROM member_attachments WHERE tenant_id = TENANT"), func(key string) int64 {
		stored, err := os.ReadFile(filepath.Join(c.files, c.tenant, key))
		if err != nil || string(stored) != c.attached[key] {
			c.t.Errorf("lost: the file %s has %d bytes, want %d: %v", key, len(stored), len(c.attached[key]), err)
		}
		return one("SELECT COUNT(*) FROM member_attachments WHERE tenant_id = TENANT AND file_key = '" + key + "'")
	})
	c.t.Logf("%s: %d notes, %d members, %d attachments, %d points", c.tenant, len(c.notes), len(c.created), len(c.attached),
		one("SELECT CAST(COALESCE(SUM(remaining), 0) AS bigint) FROM point_lots WHERE tenant_id = TENANT"))
}

// compare expects each of the things to be stored once, and no others.
func (c *teller) compare(what string, made []string, stored int64, count func(string) int64) {
	c.t.Helper()
	for _, one := range made {
		switch n := count(one); {
		case n == 0:
			c.t.Errorf("lost: one of the "+what+" is not stored: %s %s", c.tenant, one)
		case n > 1:
			c.t.Errorf("twice: one of the "+what+" is stored %d times: %s %s", n, c.tenant, one)
		}
	}
	if stored != int64(len(made)) {
		c.t.Errorf("lost or twice: %s of %d "+what+" are stored: %d", c.tenant, len(made), stored)
	}
}
