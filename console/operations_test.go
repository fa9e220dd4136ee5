package console

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"noren"
	"noren/app/apptest"
	"noren/app/shop"
)

// caller is the tenant's client pos, restricted to a store unless that is 0.
func (b *bundle) caller(store int64) noren.Caller {
	b.Helper()
	c, err := b.rooms.Access.CallerByKey(b.Context(), noren.Smaregi, "pos")
	if err != nil {
		b.Fatal(err)
	}
	if store != 0 {
		c.Client.StoreID = &store
	}
	return c
}

// accept accepts a bulk update of stock, as the API does, and applies the queue.
func (b *bundle) accept(c noren.Caller, rows ...noren.StockChange) string {
	b.Helper()
	accepted, err := b.rooms.Bulk.Accept(b.Context(), c, noren.BulkRequest{
		Kind: noren.BulkStock, Dialect: noren.Smaregi, CallbackURL: "https://example.com/<b>", Rows: noren.BulkRows{Stock: rows},
	}, nil)
	if err != nil {
		b.Fatal(err)
	}
	return number(accepted.Request.ID)
}

func (b *bundle) applyLane() {
	b.Helper()
	for {
		// One call may leave some for the next: it applies fewer at once where they take long.
		done, err := b.rooms.Bulk.ApplyLane(b.Context(), b.caller(0).Tenant.ID)
		if err != nil {
			b.Fatal(err)
		}
		if len(done) == 0 {
			break
		}
	}
}

// TestBulkMembersAreNamed: the rows of a bulk update name members, ranks and stores, as the other pages do.
func TestBulkMembersAreNamed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	rows := []noren.MemberPatch{{ID: 1, Rank: noren.Set(noren.Ref{ID: 3}), Store: noren.Set(int64(2))}, {ID: 77}}
	accepted, err := b.rooms.Bulk.Accept(t.Context(), b.caller(0), noren.BulkRequest{
		Kind: noren.BulkMembers, Dialect: noren.Smaregi, CallbackURL: "https://example.com/", Rows: noren.BulkRows{Members: rows},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.as("admin").shows("/console/bulk/"+number(accepted.Request.ID), "山田 花子(1)", "会員 77", "Gold", "銀座店")
}

func level(product, store, amount int64) noren.StockChange {
	return noren.StockChange{StockKey: noren.StockKey{ProductID: product, StoreID: store}, Amount: amount}
}

// onceOf is the token of the first form of the page that takes effect once.
func onceOf(body string) string {
	found := regexp.MustCompile(`name="once" value="([^"]+)"`).FindStringSubmatch(body)
	if found == nil {
		return ""
	}
	return found[1]
}

func TestStockPages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.as("staff")
	w.shows("/console/stock", "緑茶", "P001", "本店", "銀座店", "倉庫", `/console/stock/1/2`)
	body := w.shows("/console/stock/1/2", "緑茶(銀座店)", "在庫の記録なし", "在庫数を変更")
	form := url.Values{"once": {onceOf(body)}, "amount": {"1，200"}, "memo": {"<i>棚卸</i>"}}
	for range 2 { // a double click
		if a := w.post("/console/stock/1/2", form); a.Code != http.StatusSeeOther || !strings.HasPrefix(a.Header().Get("Location"), "/console/stock/1/2") {
			t.Fatalf("%d %s", a.Code, textOf(a))
		}
	}
	body = w.shows("/console/stock/1/2", "1,200", "修正", "&lt;i&gt;棚卸&lt;/i&gt;", "data-chart=\"course\"")
	if n := strings.Count(body, "+1,200"); n != 1 {
		t.Errorf("it moved %d times", n)
	}
	w.shows("/console/stock?store=2", "1,200")
	w.lacks(w.shows("/console/stock?q=湯呑", "該当する商品はありません"), "緑茶")
	for field, value := range map[string]string{"amount": "多", "memo": strings.Repeat("長", noren.MaxStockMemo+1)} {
		form := url.Values{"amount": {"5"}}
		form.Set(field, value)
		if a := w.post("/console/stock/1/2", form); a.Code != http.StatusUnprocessableEntity || !strings.Contains(a.Body.String(), "is-invalid") || !strings.Contains(a.Body.String(), value) || strings.Contains(textOf(a), "%d") {
			t.Errorf("%s: %d %s", field, a.Code, textOf(a))
		}
	}
	if a := w.post("/console/stock/1/2", url.Values{"amount": {"1000000000"}}); a.Code != http.StatusUnprocessableEntity {
		t.Errorf("too many: %d", a.Code)
	}
	b.as("viewer").lacks(b.as("viewer").shows("/console/stock/1/2"), "在庫数を変更")
}

// TestStockOfOneStore uses a user restricted to store 2.
func TestStockOfOneStore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.as("ginza")
	w.lacks(w.shows("/console/stock?store=2", "銀座店"), "本店", "倉庫")
	for _, of := range []string{"/console/stock?store=1", "/console/members?store=1"} {
		a := w.get(of)
		if w.lacks(a.Body.String(), "本店"); a.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", of, a.Code)
		}
	}
	for _, target := range []string{"/console/stock/1/1", "/console/stock/9/2", "/console/stock/1/9", "/console/stock/x/2"} {
		if a := w.get(target); a.Code != http.StatusNotFound {
			t.Errorf("GET %s: %d", target, a.Code)
		}
		if a := w.post(target, url.Values{"amount": {"1"}}); a.Code != http.StatusNotFound {
			t.Errorf("POST %s: %d", target, a.Code)
		}
	}
	if a := w.post("/console/stock/1/2", url.Values{"amount": {"1"}}); a.Code != http.StatusSeeOther {
		t.Errorf("its own store: %d", a.Code)
	}
	w.shows("/console/stock/1/2", "から1に変更しました")
}

func TestBulkPages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.as("staff")
	w.shows("/console/bulk", "該当する一括更新はありません")
	good := b.accept(b.caller(0), level(1, 1, 5), level(2, 1, 6))
	bad := b.accept(b.caller(0), level(1, 2, 5), level(77, 1, 6))
	w.shows("/console/bulk", "受付済み", `hx-trigger="every 2s"`, "pos")
	w.shows("/console/bulk/"+good, "受付済み", `hx-trigger="every 1s"`, "緑茶")
	b.applyLane()
	b.clock.Advance(time.Hour)
	w.shows("/console/bulk", "成功", "失敗", "1時間前")
	w.lacks(w.shows("/console/bulk?state=failed", "/console/bulk/"+bad), "/console/bulk/"+good)
	w.lacks(w.shows("/console/bulk?kind=members&delivery=pending", "該当する一括更新はありません"), "/console/bulk/"+good)
	body := w.shows("/console/bulk/"+bad, "商品が存在しません。", "1行にエラーがあった", `id="row-2" class="wrong"`, "&#34;failed&#34;:1,&#34;&lt;script&gt;", "まだ送信していません", "https://example.com/&lt;b&gt;")
	w.lacks(body, `id="row-1" class="wrong"`, "<script>alert", "<b>")

	claimed := apptest.Claim(t, b.rooms)
	if len(claimed) != 2 {
		t.Fatalf("%d callbacks", len(claimed))
	}
	for _, a := range []noren.Attempt{
		{At: b.clock.Read(), Duration: 42 * time.Millisecond, Status: 500, Answer: []byte("\xff<script>alert(2)</script>")},
		{At: b.clock.Read(), Duration: time.Second, Status: 204},
	} {
		var err error
		if claimed[0], err = b.rooms.Bulk.RecordAttempt(t.Context(), claimed[0], a); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.rooms.Bulk.RecordAttempt(t.Context(), claimed[1], noren.Attempt{At: b.clock.Read(), Status: 200}); err != nil {
		t.Fatal(err)
	}
	w.lacks(w.shows("/console/bulk")+w.shows("/console/bulk/"+good), `hx-trigger="every`) // nothing is about to change
	body = w.shows("/console/bulk/"+good, "送信済み", "500", "204", "42ミリ秒", "&lt;script&gt;alert(2)")
	w.lacks(body, "<script>alert")
	form := url.Values{"once": {onceOf(body)}}
	if a := w.post("/console/bulk/"+good+"/send-again", form); a.Header().Get("Location") != "/console/bulk/"+good {
		t.Errorf("sending again: %d %v", a.Code, a.Header())
	}
	w.shows("/console/bulk/"+good, "送信待ち")
	if a := w.post("/console/bulk/send-again", url.Values{"id": {good, bad, "x"}}); a.Header().Get("Location") != "/console/bulk" {
		t.Errorf("sending several again: %d %v", a.Code, a.Header())
	}
	if a := w.post("/console/bulk/send-again", url.Values{"id": {good, "99"}}); a.Code != http.StatusNotFound {
		t.Errorf("sending one of nobody again: %d", a.Code)
	}
	w.shows("/console/bulk/health", "処理待ち", `data-chart="queue"`, `data-value="2"`)
	part := w.get("/console/bulk", "HX-Request: true")
	if strings.Contains(part.Body.String(), "<html") || !strings.Contains(part.Body.String(), `id="bulk-list"`) {
		t.Errorf("a part: %s", part.Body)
	}
	viewer := b.as("viewer")
	viewer.lacks(viewer.shows("/console/bulk")+viewer.shows("/console/bulk/"+good), "send-again\" method", "再送</button>")
}

// TestBulkOfOneStore uses a user restricted to store 2, and the other tenant.
func TestBulkOfOneStore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	all, own := b.accept(b.caller(0), level(1, 1, 5)), b.accept(b.caller(2), level(1, 2, 5))
	b.applyLane()
	w := b.as("ginza")
	w.lacks(w.shows("/console/bulk", "/console/bulk/"+own+`"`), "/console/bulk/"+all+`"`, "/console/bulk/health")
	w.shows("/console/bulk/"+own, "銀座店")
	for _, a := range []int{
		w.get("/console/bulk/" + all).Code, w.post("/console/bulk/"+all+"/send-again", nil).Code,
		w.post("/console/bulk/send-again", url.Values{"id": {own, all}}).Code,
	} {
		if a != http.StatusNotFound {
			t.Errorf("another's request: %d", a)
		}
	}
	if a := w.get("/console/bulk/health"); a.Code != http.StatusForbidden {
		t.Errorf("how the tenant fares: %d", a.Code)
	}
	other := b.browser()
	other.signIn(stranger, "admin", password, http.StatusSeeOther)
	other.shows("/console/bulk", "該当する一括更新はありません")
	if a := other.get("/console/bulk/" + all); a.Code != http.StatusNotFound {
		t.Errorf("another tenant's request: %d", a.Code)
	}
}

func TestClientPages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.as("admin")
	w.lacks(w.shows("/console/clients", "pos", "&lt;script&gt;alert(1)", "未使用"), "<script>alert", "他社")
	body := w.shows("/console/clients/new", "pos.stock:write", "ユーザー", "銀座店")
	w.lacks(w.shows("/console/clients/new?dialect=recore", "member:index"), "pos.stock:write", "clients.kind")
	form := url.Values{
		"once": {onceOf(body)}, "dialect": {"smaregi"}, "kind": {"user"}, "name": {"在庫連携"}, "store": {"2"}, "scope": {"pos.stock:write"},
	}
	made := w.post("/console/clients", form)
	token := regexp.MustCompile(`id="credential-access_token"[^>]*>([^<]+)<`).FindStringSubmatch(made.Body.String())
	if made.Code != http.StatusCreated || token == nil || made.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v %s", made.Code, made.Header(), textOf(made))
	}
	if strings.Contains(made.Header().Get("Location"), token[1]) {
		t.Error("the secret is in an address")
	}
	c, err := b.rooms.Access.Authenticate(t.Context(), token[1])
	if err != nil || c.Client.Name != "在庫連携" || *c.Client.StoreID != 2 {
		t.Fatalf("the token: %+v, error %v", c.Client, err)
	}
	again := w.post("/console/clients", form)
	if again.Code != http.StatusSeeOther || strings.Contains(again.Body.String(), token[1]) {
		t.Errorf("the form again: %d", again.Code)
	}
	own := "/console/clients/" + number(c.Client.ID)
	w.lacks(w.shows(own, "在庫連携", "curl "), token[1])
	change := url.Values{"name": {"在庫"}, "store": {"1"}, "scope": {"pos.stock:write", "pos.customers:write"}}
	if a := w.post(own, change); a.Code != http.StatusSeeOther {
		t.Fatalf("%d %s", a.Code, textOf(a))
	}
	if c, err = b.rooms.Access.Authenticate(t.Context(), token[1]); err != nil || len(c.Scopes) != 2 || *c.Client.StoreID != 1 {
		t.Errorf("after a change: %+v, error %v", c.Client, err)
	}
	if a := w.post(own+"/revoke", nil); a.Code != http.StatusSeeOther {
		t.Fatalf("%d %s", a.Code, textOf(a))
	}
	if _, err = b.rooms.Access.Authenticate(t.Context(), token[1]); noren.KindOf(err) != noren.Unauthenticated {
		t.Errorf("after it was revoked: %v", err)
	}
	w.lacks(w.shows(own, "この連携クライアントは無効です"), "action=\""+own)
	if a := w.post(own, change); a.Code != http.StatusUnprocessableEntity || !strings.Contains(a.Body.String(), "この連携クライアントは無効です") {
		t.Errorf("changing a revoked client: %d %s", a.Code, textOf(a))
	}
	w.shows("/console/audit?subject=client&login=admin", "在庫連携", "無効にした日時", "admin")
}

func TestClientFormRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.as("admin")
	good := func() url.Values {
		return url.Values{"dialect": {"smaregi"}, "kind": {"app"}, "name": {"x"}, "scope": {"pos.stock:write"}}
	}
	none := good()
	none.Del("scope")
	if a := w.post("/console/clients", none); a.Code != http.StatusUnprocessableEntity || !strings.Contains(a.Body.String(), "スコープを1つ以上") {
		t.Errorf("without a scope: %d %s", a.Code, textOf(a))
	}
	for field, value := range map[string]string{
		"name": strings.Repeat("長", 101), "store": "99", "scope": "pos.everything:write", "kind": "console", "dialect": "console",
	} {
		form := good()
		form.Set(field, value)
		if a := w.post("/console/clients", form); a.Code != http.StatusUnprocessableEntity || !strings.Contains(a.Body.String(), `role="alert"`) || strings.Contains(textOf(a), "%d") {
			t.Errorf("%s: %d %s", field, a.Code, textOf(a))
		}
	}
	form := good()
	form.Set("name", "pos")
	if a := w.post("/console/clients", form); a.Code != http.StatusUnprocessableEntity || !strings.Contains(a.Body.String(), "すでに使われています") {
		t.Errorf("a name that is taken: %d %s", a.Code, textOf(a))
	}
	// A scope that a shop file granted stays although no route requires it; one that the client never had is refused.
	pos := number(b.caller(0).Client.ID)
	if a := w.post("/console/clients/"+pos, url.Values{"name": {"pos"}, "scope": {"pos.old:write"}}); a.Code != http.StatusSeeOther {
		t.Errorf("a scope that it has: %d %s", a.Code, textOf(a))
	}
	if a := w.post("/console/clients/"+pos, url.Values{"name": {"pos"}, "scope": {"member:index"}}); a.Code != http.StatusUnprocessableEntity {
		t.Errorf("a scope of another dialect: %d", a.Code)
	}
}

func TestReCOREKeyIsShown(t *testing.T) {
	t.Parallel()
	w := setup(t).as("admin")
	a := w.post("/console/clients", url.Values{"dialect": {"recore"}, "name": {"買取"}, "scope": {"member:index"}})
	if a.Code != http.StatusCreated || !strings.Contains(a.Body.String(), "jwt of recore_") {
		t.Errorf("%d %s", a.Code, textOf(a))
	}
}

func TestAuditPages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.as("admin")
	if a := w.post("/console/stock/2/1", url.Values{"amount": {"7"}}); a.Code != http.StatusSeeOther {
		t.Fatalf("%d", a.Code)
	}
	b.accept(b.caller(0), level(1, 1, 5))
	b.applyLane()
	body := w.shows("/console/audit", "admin", "pos", "在庫", "/console/stock/2/1", "/console/stock/1/1", "コマンド", "緑茶(本店)", "山田 花子(1)")
	w.lacks(body, ">1:1<", ">2:1<")
	w.lacks(body, "<script>alert", "他社")
	if len(body) > 100<<10 {
		t.Errorf("the page has %d bytes", len(body))
	}
	w.lacks(w.shows("/console/audit?login=admin&subject=stock", "/console/stock/2/1"), "/console/stock/1/1")
	w.lacks(w.shows("/console/audit?client="+number(b.caller(0).Client.ID), "/console/stock/1/1"), "/console/stock/2/1")
	w.lacks(w.shows("/console/audit?subject=stock&id=1:1", "/console/stock/1/1"), "/console/stock/2/1")
	today := b.clock.Read().In(time.FixedZone("JST", 9*60*60)).Format(time.DateOnly)
	w.shows("/console/audit?since="+today+"&until="+today, "/console/stock/1/1")
	w.lacks(w.shows("/console/audit?subject=console+session", "成功"), "signed in")
	w.shows("/console/audit?until=2000-01-01", "該当する記録はありません")
	entry := regexp.MustCompile(`/console/audit/(\d+)`).FindString(w.shows("/console/audit?subject=stock&id=1:1"))
	w.shows(entry, "在庫数", "<ins class=\"prewrap\">5</ins>")
	if a := w.get("/console/audit/999999"); a.Code != http.StatusNotFound {
		t.Errorf("no such entry: %d", a.Code)
	}
}

// TestOperationsOfBoundAdmin: an administrator restricted to one store cannot reach what belongs to the whole tenant.
func TestOperationsOfBoundAdmin(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.rooms.Shop.Apply(t.Context(), shop.Shop{Contract: contract, ConsoleUsers: []shop.ConsoleUser{
		{Login: "chief", Password: password, Role: noren.Admin, StoreID: new(int64(2))},
	}})
	if err != nil {
		t.Fatal(err)
	}
	w := b.as("chief")
	pos := number(b.caller(0).Client.ID)
	for _, target := range []string{"/console/clients", "/console/clients/new", "/console/clients/" + pos, "/console/audit", "/console/audit/1"} {
		if a := w.get(target); a.Code != http.StatusForbidden {
			t.Errorf("GET %s: %d", target, a.Code)
		}
	}
	for _, target := range []string{"/console/clients", "/console/clients/" + pos, "/console/clients/" + pos + "/revoke"} {
		if a := w.post(target, url.Values{"dialect": {"smaregi"}, "name": {"x"}}); a.Code != http.StatusForbidden {
			t.Errorf("POST %s: %d", target, a.Code)
		}
	}
}

// TestOperationsEscape shows hostile names everywhere: they are escaped and shortened.
func TestOperationsEscape(t *testing.T) {
	t.Parallel()
	b := setup(t)
	request := b.accept(b.caller(0), level(2, 1, 5))
	b.applyLane()
	reuse, err := b.rooms.Access.CallerByKey(t.Context(), noren.ReCORE, "reuse")
	if err != nil {
		t.Fatal(err)
	}
	w := b.as("admin")
	for _, target := range []string{
		"/console/stock", "/console/stock/2/1", "/console/bulk", "/console/bulk/" + request, "/console/clients",
		fmt.Sprintf("/console/clients/%d", reuse.Client.ID), "/console/audit", "/console/stock?q=" + url.QueryEscape(`"><script>alert(1)</script>`),
	} {
		body := w.shows(target, "&lt;script&gt;")
		w.lacks(body, "<script>alert")
		if len(body) > 100<<10 {
			t.Errorf("%s has %d bytes", target, len(body))
		}
	}
}
