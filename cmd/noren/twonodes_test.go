package main

import (
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"noren"
	"noren/app/access"
	"noren/app/apptest"
	"noren/app/shop"
)

// nodes are two servers on one database and one directory of files, and a shop whose members have 1,000 points each.
type nodes struct {
	*testing.T
	houses [2]*house
	files  string
	urls   [2]string
	keys   map[noren.Dialect][2]string // the header and its value
}

// membersOfNodes is more than any of the tests names.
const membersOfNodes = 40

func newNodes(t *testing.T, database string) *nodes {
	t.Helper()
	n := &nodes{T: t, keys: make(map[noren.Dialect][2]string), files: filepath.Join(t.TempDir(), "files")}
	for i := range n.houses {
		h, err := openHouse(t.Context(), database, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(h.close)
		store, err := filesFlag{n.files}.open()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = store.Close() })
		s, err := h.newServer(serverFlags{RateLimits: "off"}, store)
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewServer(s.handler)
		t.Cleanup(server.Close)
		n.houses[i], n.urls[i] = h, server.URL
	}
	n.fill()
	return n
}

func (n *nodes) fill() {
	n.Helper()
	members := make([]noren.MemberPatch, membersOfNodes)
	for i := range members {
		members[i] = noren.MemberPatch{
			ID: int64(i + 1), Code: noren.Set(fmt.Sprint("M", i+1)), Status: noren.Set(noren.Active),
			ShopifyCustomerID: noren.Set(strconv.Itoa(1000 + i)),
		}
	}
	rooms := n.houses[0].rooms
	report, err := rooms.Shop.Apply(n.Context(), shop.Shop{
		Contract: "sb_nodes", Members: members,
		Tenant: noren.TenantPatch{Name: noren.Set("店"), Plan: noren.Set(noren.PlanPremiumPlus)},
		Clients: []access.ClientSpec{
			{Name: "pos", Dialect: noren.Smaregi, Kind: noren.UserClient, Scopes: []string{"pos.customers:write"}, AccessToken: "token-of-the-pos"},
			{Name: "web", Dialect: noren.EasyPoints, Key: "pk", Secret: "secret-of-the-web", Scopes: []string{"write_point_balances"}},
			{Name: "reuse", Dialect: noren.ReCORE, Key: "reuse", Scopes: []string{
				"member:store", "member:update", "member:bulk:store", "member:bulk:update", "member:point:update",
				"member:note:store", "member:note:destroy", "member:attachment:store",
			}},
		},
	})
	if err != nil {
		n.Fatal(err)
	}
	keys, err := identify(n.Context(), rooms, []shop.Report{report})
	if err != nil {
		n.Fatal(err)
	}
	n.keys[noren.Smaregi] = [2]string{"Authorization", "Bearer token-of-the-pos"}
	n.keys[noren.EasyPoints] = [2]string{"Authorization", "Bearer secret-of-the-web"}
	n.keys[noren.ReCORE] = [2]string{"X-Identification", keys["reuse"]}
	ids := make([]string, membersOfNodes)
	for i := range ids {
		ids[i] = strconv.Itoa(i + 1)
	}
	n.send(0, "", nodeWrite{"grant", noren.ReCORE, "PUT", "/members/point", `{"amount":1000,"mode":"ADD","note":"x","query":{"ids":[` + strings.Join(ids, ",") + `]}}`})
}

// nodeWrite is a request that takes effect once; a second effect, or a refusal because of the first, would show.
type nodeWrite struct {
	name         string
	dialect      noren.Dialect
	method, path string
	body         string
}

// nodeWrites is one write of each kind on the member with the id, which has not been written yet.
func nodeWrites(id int) []nodeWrite {
	return []nodeWrite{
		{"points", noren.ReCORE, "PUT", "/members/point", fmt.Sprintf(`{"amount":600,"mode":"SUB","note":"x","query":{"ids":[%d]}}`, id)},
		{"a new member", noren.ReCORE, "POST", "/members", fmt.Sprintf(`{"code":"N%d","last_name":"新"}`, id)},
		{"new members", noren.ReCORE, "POST", "/members/bulk", fmt.Sprintf(`[{"code":"P%d","last_name":"新"},{"code":"Q%[1]d","last_name":"新"}]`, id)},
		{"a member", noren.ReCORE, "PUT", fmt.Sprint("/members/", id), fmt.Sprintf(`{"last_name":"改%d"}`, id)},
		{"members", noren.ReCORE, "PUT", "/members/bulk", fmt.Sprintf(`[{"id":%d,"first_name":"改"}]`, id)},
		{"a note", noren.ReCORE, "POST", fmt.Sprintf("/members/%d/notes", id), `{"note":"memo"}`},
		{"no note", noren.ReCORE, "DELETE", fmt.Sprintf("/members/%d/notes/%[1]d", id), ""}, // each member has one, in order
		{"a file", noren.ReCORE, "POST", "/upload/private", "a text"},
		{"a bulk update", noren.Smaregi, "PATCH", "/sb_nodes/pos/customers/bulk", fmt.Sprintf(
			`{"callbackUrl":"https://example.com/","customers":[{"customerId":"%d","note":"x"}]}`, id)},
		{"an allotment", noren.EasyPoints, "POST", "/api/shopify/point_allotments", fmt.Sprintf(`{"customer_id":%d,"point_value":-300}`, 999+id)},
	}
}

// nodeAnswer is what must be the same.
type nodeAnswer struct {
	status int
	body   string
}

// send sends the write to a node, under a key unless that is "".
func (n *nodes) send(node int, key string, w nodeWrite) (a nodeAnswer) {
	r, err := http.NewRequestWithContext(n.Context(), w.method, n.urls[node]+w.path, strings.NewReader(w.body))
	if err != nil {
		n.Error(err)
		return a
	}
	r.Header.Set(n.keys[w.dialect][0], n.keys[w.dialect][1])
	r.Header.Set("Content-Type", "application/json")
	if w.name == "a file" {
		r.Header.Set("Content-Type", "text/plain")
	}
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		n.Error(err)
		return a
	}
	defer got.Body.Close()
	body, err := io.ReadAll(got.Body)
	if err != nil {
		n.Error(err)
	}
	return nodeAnswer{got.StatusCode, string(body)}
}

// together sends the write to both nodes at the same moment.
func (n *nodes) together(key string, w nodeWrite) (answers [2]nodeAnswer) {
	var wait sync.WaitGroup
	begin := make(chan struct{})
	for i := range answers {
		wait.Go(func() {
			<-begin
			answers[i] = n.send(i, key, w)
		})
	}
	close(begin)
	wait.Wait()
	return answers
}

// TestOneKeyTwoNodes sends every kind of write with one Idempotency-Key to two nodes at once, and then to each again. It
// takes effect once, and whoever asks is told so: a second answer is the first, never "too few points", "already taken"
// or 404, which would be the effect of the first seen by the second.
func TestOneKeyTwoNodes(t *testing.T) {
	t.Parallel()
	apptest.OnEngines(t, func(t *testing.T, url string) {
		n := newNodes(t, url)
		for id := 1; id <= membersOfNodes; id++ {
			for _, w := range nodeWrites(id) {
				key := fmt.Sprintf("%s %d", w.name, id)
				answers := n.together(key, w)
				if answers[0].status >= 300 || answers[1] != answers[0] {
					t.Fatalf("%s of %d: the nodes say %v and %v", w.name, id, answers[0], answers[1])
				}
				for i := range answers {
					if again := n.send(i, key, w); again != answers[0] {
						t.Errorf("%s of %d again at node %d: %v, first %v", w.name, id, i, again, answers[0])
					}
				}
			}
		}
		n.effects(url)
	})
}

// TestFilesAway removes the directory of the files under a running server: an upload is told to come back and readiness
// says so, but everything else goes on. A disk that is full fails in the same place.
func TestFilesAway(t *testing.T) {
	t.Parallel()
	n := newNodes(t, "sqlite:"+filepath.Join(t.TempDir(), "noren.db"))
	readiness := nodeWrite{"readiness", noren.ReCORE, "GET", "/readyz", ""}
	if a := n.send(0, "", readiness); a.status != http.StatusOK || !strings.Contains(a.body, `"ok"`) {
		t.Errorf("before: %v", a)
	}
	if left, err := os.ReadDir(n.files); err != nil || len(left) > 0 {
		t.Errorf("readiness leaves %v, %v", left, err)
	}
	if err := os.RemoveAll(n.files); err != nil {
		t.Fatal(err)
	}
	writes := nodeWrites(1)
	for _, w := range writes {
		want := http.StatusOK
		switch w.name {
		case "a file":
			want = http.StatusServiceUnavailable
		case "a bulk update":
			want = http.StatusAccepted
		}
		if a := n.send(0, "key of "+w.name, w); a.status != want {
			t.Errorf("%s: %v", w.name, a)
		}
	}
	if a := n.send(0, "", readiness); a.status != http.StatusOK || !strings.Contains(a.body, "files cannot be stored") {
		t.Errorf("after: %v", a)
	}
}

// effects counts what the writes of all members have left.
func (n *nodes) effects(url string) {
	n.Helper()
	driver, source := "pgx", url
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		driver, source = "sqlite", path
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		n.Fatal(err)
	}
	defer db.Close()
	for query, want := range map[string]int64{
		"SELECT CAST(SUM(remaining) AS bigint) FROM point_lots": membersOfNodes * 100,
		"SELECT COUNT(*) FROM members":                          membersOfNodes * 4,
		"SELECT COUNT(*) FROM member_notes":                     0,
		"SELECT COUNT(*) FROM uploads":                          membersOfNodes,
		"SELECT COUNT(*) FROM bulk_requests":                    membersOfNodes,
		"SELECT next - 1 FROM counters WHERE name = 'note'":     membersOfNodes,
	} {
		var got int64
		if err := db.QueryRowContext(n.Context(), query).Scan(&got); err != nil || got != want {
			n.Errorf("%s: %d, %v, want %d", query, got, err, want)
		}
	}
	stored, err := os.ReadDir(filepath.Join(n.files, "sb_nodes"))
	if err != nil || len(stored) != membersOfNodes {
		n.Errorf("%d files are stored, %v", len(stored), err)
	}
}
