package console

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	encodings "golang.org/x/text/encoding/japanese"

	"noren"
	"noren/app/members"
	"noren/app/shop"
)

// found lists the codes in the rows of a list, in their order.
func found(body string) string {
	var codes []string
	for _, m := range regexp.MustCompile(`<td class="nowrap">(M\d+)</td>`).FindAllStringSubmatch(body, -1) {
		codes = append(codes, m[1])
	}
	return strings.Join(codes, " ")
}

func TestMemberList(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, c := range []struct{ login, query, want string }{
		{"staff", "", "M1 M2 M3 M4"},
		{"staff", "?q=" + url.QueryEscape("山田"), "M1"},
		{"staff", "?q=" + url.QueryEscape("やま"), "M1"},
		{"staff", "?q=4567", "M1"},
		{"staff", "?q=M3", "M3"},
		{"staff", "?status=LEFT", "M2"},
		{"staff", "?rank=1", "M1"},
		{"staff", "?store=2", "M3"},
		{"staff", "?sort=-code", "M4 M3 M2 M1"},
		{"staff", "?sort=-kana", "M1 M4 M3 M2"}, // the reverse order, ties included
		{"staff", "?sort=-code&q=M&page=2", ""},
		{"staff", "?q=nobody", ""},
		{"ginza", "", "M1 M2 M3"},
	} {
		w := b.as(c.login)
		body := w.shows("/console/members" + c.query)
		if got := found(body); got != c.want {
			t.Errorf("%s finds %q with %q, want %q", c.login, got, c.query, c.want)
		}
		if part := w.get("/console/members"+c.query, "HX-Request: true").Body.String(); found(part) != c.want || strings.Contains(part, "<html") {
			t.Errorf("the part for %q is %s", c.query, part)
		}
		if strings.Contains(body, "X9") || strings.Contains(body, "<b>") {
			t.Errorf("%s sees %s", c.login, body)
		}
	}
	whole := b.as("staff").get("/console/members?q=M3", "HX-Request: true", "HX-History-Restore-Request: true")
	if !strings.Contains(whole.Body.String(), "<html") {
		t.Error("going back gets a part of a page")
	}
	b.as("staff").shows("/console/members?q=nobody", "該当する会員はいません", "条件をクリア")
}

// TestMemberPages pages through a list that is longer than one page.
func TestMemberPages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	shop := shop.Shop{Contract: contract}
	for id := range int64(60) {
		shop.Members = append(shop.Members, noren.MemberPatch{ID: 100 + id, Code: noren.Set(fmt.Sprintf("M%d", 100+id))})
	}
	if _, err := b.rooms.Shop.Apply(t.Context(), shop); err != nil {
		t.Fatal(err)
	}
	w := b.as("viewer")
	first := w.shows("/console/members?q=M1", "1〜50件目", `rel="next" href="/console/members?q=M1&amp;page=2"`)
	second := w.shows("/console/members?q=M1&page=2", "51〜61件目", `rel="prev" href="/console/members?q=M1"`)
	w.lacks(second, `rel="next"`)
	if n := len(strings.Fields(found(first) + " " + found(second))); n != 61 {
		t.Errorf("%d members on two pages", n)
	}
}

func TestMemberPage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.as("viewer")
	body := w.shows("/console/members/1", "山田 花子", "ヤマダ", "M1", "03-0123-4567", "店舗指定なし", "Bronze", "利用可")
	w.lacks(body, `action="/console/members`, "/edit")
	w.shows("/console/members/2", "&lt;b&gt;次郎&lt;/b&gt;", "退会")
	for _, below := range []string{"", "/points", "/spend", "/history", "/edit"} {
		if a := b.as("ginza").get("/console/members/4" + below); a.Code != http.StatusNotFound {
			t.Errorf("another store's member%s: %d", below, a.Code)
		}
	}
	for _, id := range []string{"0", "-1", "x", "99999999999999999999", "9"} {
		if a := w.get("/console/members/" + id); a.Code != http.StatusNotFound {
			t.Errorf("member %s: %d", id, a.Code)
		}
	}
}

// form reads the fields of the form with the action from a page, as a browser would send them.
func form(t *testing.T, body, action string) url.Values {
	t.Helper()
	_, rest, ok := strings.Cut(body, `action="`+action+`"`)
	if !ok {
		t.Fatalf("the page has no form for %s:\n%s", action, body)
	}
	rest, _, _ = strings.Cut(rest, "</form>")
	values := make(url.Values)
	unescape := strings.NewReplacer("&lt;", "<", "&gt;", ">", "&#34;", `"`, "&amp;", "&")
	for _, tag := range regexp.MustCompile(`(?s)<input\s[^>]*>`).FindAllString(rest, -1) {
		name := regexp.MustCompile(`name="([^"]*)"`).FindStringSubmatch(tag)
		value := regexp.MustCompile(`value="([^"]*)"`).FindStringSubmatch(tag)
		if name != nil && value != nil && !strings.Contains(tag, `type="checkbox"`) {
			values.Set(name[1], unescape.Replace(value[1]))
		}
	}
	for _, area := range regexp.MustCompile(`(?s)<textarea[^>]*name="([^"]*)"[^>]*>(.*?)</textarea>`).FindAllStringSubmatch(rest, -1) {
		values.Set(area[1], unescape.Replace(area[2]))
	}
	for _, pick := range regexp.MustCompile(`(?s)<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>`).FindAllStringSubmatch(rest, -1) {
		first := regexp.MustCompile(`<option value="([^"]*)"`).FindStringSubmatch(pick[2])
		if chosen := regexp.MustCompile(`<option value="([^"]*)" selected`).FindStringSubmatch(pick[2]); chosen != nil {
			first = chosen
		}
		values.Set(pick[1], first[1])
	}
	return values
}

func (b *bundle) stored(id int64) noren.Member {
	b.Helper()
	tenant, err := b.rooms.Access.TenantByContract(b.Context(), contract)
	if err != nil {
		b.Fatal(err)
	}
	list, err := b.rooms.Members.Get(b.Context(), noren.Caller{Tenant: tenant}, id)
	if err != nil {
		b.Fatal(err)
	}
	return list.Items[0]
}

// TestEditMember sends the form unchanged, then with some fields changed: only those are written.
func TestEditMember(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.as("staff")
	const target = "/console/members/1/edit"
	send := func(change map[string]string) (*httptest.ResponseRecorder, url.Values) {
		values := form(t, w.shows(target), target)
		for name, value := range change {
			values.Set(name, value)
		}
		return w.post(target, values), values
	}
	before := b.stored(1)
	b.clock.Advance(time.Minute)
	if a, _ := send(nil); a.Code != http.StatusSeeOther || b.stored(1).UpdatedAt != before.UpdatedAt {
		t.Errorf("%d, and the member has changed", a.Code)
	}
	if a, _ := send(map[string]string{"last_name": "佐々木", "rank_id": "3", "email": " hanako@example.com "}); a.Header().Get("Location") != "/console/members/1" {
		t.Errorf("%d %s", a.Code, textOf(a))
	}
	after := b.stored(1)
	changed := noren.ChangedColumns(&before, &after)
	if len(changed) != 3 || *after.LastName != "佐々木" || *after.RankID != 3 || *after.Email != "hanako@example.com" {
		t.Errorf("%d columns have changed: %+v", len(changed), after)
	}
	w.shows("/console/members/1", "保存しました", "佐々木 花子", "Gold")
	w.shows("/console/members/1/history", "staff", "管理画面", "山田", "佐々木", "Bronze", "Gold")
	w.shows("/console/members/1/spend", "手動またはAPI連携による設定", "staff")
	// Rarely used columns are in the form too. Only users who may edit see the PIN.
	rare := map[string]string{
		"pin": "4649", "passport_no": "TK1234567", "line_user_id": "U" + strings.Repeat("0a", 16), "favorites": "A-1,A-2", "browsing": "A-3", "point_unit_price": "100", "point_unit": "1.50",
	}
	if a, _ := send(rare); a.Code != http.StatusSeeOther {
		t.Errorf("%d %s", a.Code, textOf(a))
	}
	if m := b.stored(1); *m.PIN != "4649" || *m.PassportNo != "TK1234567" || *m.PointUnitPrice != 100 || *m.PointUnit != 150 || *m.Browsing != "A-3" || *m.Favorites != "A-1,A-2" {
		t.Errorf("%+v", m)
	}
	w.shows("/console/members/1/history", "1.5", "TK1234567", "4649")
	// Both halves of the unit are written, whichever was typed.
	if a, _ := send(map[string]string{"point_unit": "2"}); a.Code != http.StatusSeeOther || *b.stored(1).PointUnit != 200 || *b.stored(1).PointUnitPrice != 100 {
		t.Errorf("%d %s", a.Code, textOf(a))
	}
	if a, _ := send(map[string]string{"point_unit": "", "point_unit_price": ""}); a.Code != http.StatusSeeOther || b.stored(1).PointUnit != nil || b.stored(1).PointUnitPrice != nil {
		t.Errorf("%d %s", a.Code, textOf(a))
	}
	after = b.stored(1)
	// Wrong values: each has a message at its field, keeps what was typed, and writes nothing.
	for name, c := range map[string]struct{ value, words string }{
		"last_kana": {"山田", "全角カタカナ"}, "email": {"nobody", "メールアドレスを入力してください"}, "birth_date": {"2026-04-02", "今日までの正しい生年月日"},
		"code": {"", "入力してください"}, "note": {strings.Repeat("長", 1001), "1000文字以内"}, "status": {"GONE", "この値は使用できません"},
		"store_id": {"3", "倉庫や受注店舗"}, "rank_id": {"99", "この会員ランクはありません"}, "bank_code": {"12", "数字4桁"}, "leave_date": {"2026-01-01", "退会日は設定できません"},
		"point_unit_price": {"100", "両方を空欄に"}, "point_unit": {"1.234", "小数点以下は2桁まで"}, "line_user_id": {"U1", "32文字"}, "favorites": {strings.Repeat("1", 1001), "1000文字以内"},
		"phone": {"〇三", "電話番号を入力してください"}, "mobile": {"abc", "電話番号を入力してください"}, "postal_code": {"x", "郵便番号を入力してください"}, "email2": {"hanako@example", "メールアドレスを入力してください"}, "entry_date": {"去年", "日付を入力してください"}, "skip_next_check": {"perhaps", "この値は使用できません"},
	} {
		a, _ := send(map[string]string{name: c.value, "first_name": "太郎"})
		if a.Code != http.StatusUnprocessableEntity || !strings.Contains(a.Body.String(), c.words) || !strings.Contains(a.Body.String(), `aria-invalid="true"`) {
			t.Errorf("%s: %d %s", name, a.Code, textOf(a))
		}
		if kept := form(t, a.Body.String(), target); kept.Get("first_name") != "太郎" {
			t.Errorf("%s: what was typed is lost: %v", name, kept)
		}
	}
	if a, _ := send(map[string]string{"code": "M2"}); a.Code != http.StatusUnprocessableEntity || !strings.Contains(a.Body.String(), "すでに使われています") {
		t.Errorf("a code that is taken: %d %s", a.Code, textOf(a))
	}
	if now := b.stored(1); now.UpdatedAt != after.UpdatedAt || *now.FirstName != "花子" {
		t.Errorf("a refused form has changed %+v", now)
	}
}

// TestEditTogether: two people edit the same member. Changes of different fields are both kept; a change of the same field is
// shown to the second person.
func TestEditTogether(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one, two := b.as("staff"), b.as("admin")
	const target = "/console/members/1/edit"
	first, second := form(t, one.shows(target), target), form(t, two.shows(target), target)
	first.Set("last_name", "佐々木")
	first.Set("note", "一行目\r\n二行目")
	if a := one.post(target, first); a.Code != http.StatusSeeOther {
		t.Fatalf("%d %s", a.Code, textOf(a))
	}
	second.Set("phone", "03-9999-0000")
	if a := two.post(target, second); a.Code != http.StatusSeeOther {
		t.Errorf("%d %s", a.Code, textOf(a))
	}
	if m := b.stored(1); *m.LastName != "佐々木" || *m.Phone != "03-9999-0000" || *m.Note != "一行目\n二行目" {
		t.Errorf("%+v", m)
	}
	second.Set("last_name", "田中")
	a := two.post(target, second)
	if a.Code != http.StatusUnprocessableEntity || !strings.Contains(a.Body.String(), "現在の値:「佐々木」") || *b.stored(1).LastName != "佐々木" {
		t.Errorf("%d %s", a.Code, textOf(a))
	}
	if a := two.post(target, form(t, a.Body.String(), target)); a.Code != http.StatusSeeOther || *b.stored(1).LastName != "田中" {
		t.Errorf("saved again: %d %s", a.Code, textOf(a))
	}
}

func TestPoints(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.as("staff")
	const page, target = "/console/members/1", "/console/members/1/points"
	give := form(t, w.shows(page), target)
	give.Set("mode", "ADD") // of the button
	give.Set("amount", "120")
	give.Set("reason", "ご来店")
	give.Set("expires_on", "2026-12-31")
	// Twice at once, and once more: a double click takes effect once.
	var wait sync.WaitGroup
	for range 2 {
		wait.Go(func() {
			other := &browser{bundle: b, cookies: maps.Clone(w.cookies), address: w.address}
			if a := other.do(http.MethodPost, target, strings.NewReader(give.Encode()), "Content-Type: application/x-www-form-urlencoded"); a.Code != http.StatusSeeOther {
				t.Errorf("%d %s", a.Code, textOf(a))
			}
		})
	}
	wait.Wait()
	if a := w.post(target, give); a.Header().Get("Location") != page {
		t.Errorf("again: %d %s", a.Code, textOf(a))
	}
	w.shows(page, "120", "2026-12-31に120", "120ポイントを付与しました(残高120)。")
	w.shows(target, "ご来店", "付与", "通常ポイント", "staff", "管理画面", "2026-12-31")
	// The same token with other content is a conflict.
	give.Set("amount", "999")
	if a := w.post(target, give); a.Code != http.StatusConflict || !strings.Contains(a.Body.String(), "すでに送信されています") {
		t.Errorf("another amount: %d %s", a.Code, textOf(a))
	}
	for name, c := range map[string]struct{ field, value, words string }{
		"too many":   {"amount", "121", "残高を超える減算はできません"},
		"none":       {"amount", "0", "1から100,000まで"},
		"words":      {"amount", "many", "1から100,000まで"},
		"mode":       {"mode", "MUL", "この値は使用できません"},
		"kind":       {"kind", "GOLD", "この値は使用できません"},
		"day":        {"expires_on", "tomorrow", "日付を入力してください"},
		"long story": {"reason", strings.Repeat("長", 201), "200文字以内"},
	} {
		take := form(t, w.shows(page), target)
		take.Set("mode", "SUB")
		take.Set("amount", "1")
		take.Set(c.field, c.value)
		a := w.post(target, take)
		if a.Code != http.StatusUnprocessableEntity || !strings.Contains(a.Body.String(), c.words) {
			t.Errorf("%s: %d %s", name, a.Code, textOf(a))
		}
		if kept := form(t, a.Body.String(), target); kept.Get(c.field) != c.value && c.field != "mode" && c.field != "kind" {
			t.Errorf("%s: what was typed is lost: %v", name, kept)
		}
	}
	past := form(t, w.shows(page), target)
	past.Set("mode", "ADD")
	past.Set("amount", "1")
	past.Set("expires_on", "2020-01-01")
	if a := w.post(target, past); a.Code != http.StatusUnprocessableEntity || !strings.Contains(a.Body.String(), "過去の日付") {
		t.Errorf("a day that has passed: %d %s", a.Code, textOf(a))
	}
	w.shows(page, ">120</p>")
	if a := b.as("ginza").post("/console/members/4/points", past); a.Code != http.StatusNotFound {
		t.Errorf("another store's member: %d", a.Code)
	}
}

// TestManyPoints gives more than is given unasked, and more than the role may give at all.
func TestManyPoints(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const page, target = "/console/members/1", "/console/members/1/points"
	w := b.as("staff")
	give := form(t, w.shows(page, "1回に100,000まで"), target)
	give.Set("mode", "ADD")
	give.Set("amount", "10001")
	give.Set("reason", "周年のお祝い")
	asked := w.post(target, give)
	for _, words := range []string{"通常ポイントを10,001ポイント付与します。よろしいですか?", `value="周年のお祝い"`, `value="ADD"`} {
		if asked.Code != http.StatusUnprocessableEntity || !strings.Contains(asked.Body.String(), words) {
			t.Errorf("what is asked has no %q: %d %s", words, asked.Code, textOf(asked))
		}
	}
	if strings.Contains(asked.Body.String(), `value="SUB"`) {
		t.Error("whoever is asked about giving points can deduct them")
	}
	// What was confirmed is this amount, and no other.
	sure := form(t, asked.Body.String(), target)
	sure.Set("mode", "ADD")
	sure.Set("sure", "ADD 10001 DEFAULT")
	more := maps.Clone(sure)
	more.Set("amount", "20000")
	if a := w.post(target, more); a.Code != http.StatusUnprocessableEntity || !strings.Contains(a.Body.String(), "20,000ポイント付与します") {
		t.Errorf("another amount than was confirmed: %d %s", a.Code, textOf(a))
	}
	if a := w.post(target, sure); a.Code != http.StatusSeeOther {
		t.Fatalf("confirmed: %d %s", a.Code, textOf(a))
	}
	w.shows(page, "10,001ポイントを付与しました(残高10,001)。")

	take := form(t, w.shows(page), target)
	take.Set("mode", "SUB")
	take.Set("amount", "100001")
	if a := w.post(target, take); a.Code != http.StatusUnprocessableEntity || !strings.Contains(a.Body.String(), "1回に付与・減算できるのは100,000ポイントまでです。") {
		t.Errorf("above the limit: %d %s", a.Code, textOf(a))
	}
	take.Set("amount", "1")
	if a := w.post(target, take); a.Code != http.StatusSeeOther {
		t.Fatalf("deducted: %d %s", a.Code, textOf(a))
	}
	w.shows(page, "1ポイントを減算しました(残高10,000)。")
	b.as("admin").shows(page, "1回に1,000,000まで")
}

func TestReversePoints(t *testing.T) {
	t.Parallel()
	b := setup(t)
	give := func(mode, amount string) {
		t.Helper()
		const target = "/console/members/1/points"
		w := b.as("staff")
		f := form(t, w.shows("/console/members/1"), target)
		f.Set("mode", mode)
		f.Set("amount", amount)
		if a := w.post(target, f); a.Code != http.StatusSeeOther {
			t.Fatalf("%s %s: %d %s", mode, amount, a.Code, textOf(a))
		}
	}
	give("ADD", "500")
	const history, page = "/console/members/1/points", "/console/members/1/points/1/reverse"
	w := b.as("admin")
	w.shows(history, `href="`+page+`"`)
	stale := form(t, w.shows(page, "残高が500から0になります(-500)", "+500"), page)
	give("SUB", "120")
	if a := w.post(page, stale); a.Code != http.StatusUnprocessableEntity || !strings.Contains(a.Body.String(), "もう一度確認してください") {
		t.Errorf("after the points have moved: %d %s", a.Code, textOf(a))
	}
	reverse := form(t, w.shows(page, "残高が380から0になります(-380)", "120ポイントはすでに利用または失効しているため"), page)
	reverse.Set("reason", strings.Repeat("長", 201))
	if a := w.post(page, reverse); a.Code != http.StatusUnprocessableEntity || !strings.Contains(a.Body.String(), "200文字以内") {
		t.Errorf("a long story: %d %s", a.Code, textOf(a))
	}
	reverse.Set("reason", "桁の間違い")
	for range 2 { // a double click
		if a := w.post(page, reverse); a.Header().Get("Location") != history {
			t.Fatalf("%d %s", a.Code, textOf(a))
		}
	}
	w.shows(history, "ポイント履歴を取り消しました(残高0)。", "取り消し済み", "の付与(+500)の取り消し 桁の間違い", "-380")
	w.shows("/console/members/1/history", "通常ポイント 付与", "+500", "通常ポイント 利用", "-120", "-380", "の付与(+500)の取り消し 桁の間違い", "staff", "管理画面")
	w.shows(page, "この履歴はすでに取り消されています。", history)
	w.shows("/console/members/1/points/3/reverse", "取り消しの履歴は取り消せません")
	w.shows("/console/audit?subject=points", "-380")
	if again := b.as("admin").post(page, url.Values{"shown": {"-380"}}); again.Code != http.StatusUnprocessableEntity {
		t.Errorf("again: %d %s", again.Code, textOf(again))
	}
	// The use was of points whose grant is reversed by now: they do not come back.
	w.shows("/console/members/1/points/2/reverse", "付与が取り消されているため、戻るポイントはありません")
	for _, path := range []string{page, "/console/members/2/points/1/reverse", "/console/members/1/points/99/reverse"} {
		want := http.StatusNotFound
		if path == page {
			want = http.StatusOK
		}
		if a := w.get(path); a.Code != want {
			t.Errorf("%s: %d", path, a.Code)
		}
	}
	if strings.Contains(b.as("staff").shows(history), "取り消す") {
		t.Error("staff are offered to reverse entries")
	}
}

func TestNotes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.as("staff")
	const page, target = "/console/members/1", "/console/members/1/notes"
	note := form(t, w.shows(page, "メモはまだありません"), target)
	note.Set("note", "緑茶をお好み\r\nです <script>")
	for range 2 {
		if a := w.post(target, note); a.Code != http.StatusSeeOther {
			t.Errorf("%d %s", a.Code, textOf(a))
		}
	}
	body := w.shows(page, "緑茶をお好み\nです &lt;script&gt;", "/console/members/1/notes/1/delete")
	w.lacks(body, "/notes/2/delete")
	for _, text := range []string{" ", strings.Repeat("長", members.MaxNoteLen+1)} {
		if a := w.post(target, url.Values{"note": {text}}); a.Code != http.StatusUnprocessableEntity {
			t.Errorf("a note of %d bytes: %d", len(text), a.Code)
		}
	}
	b.browser().lacks(b.as("viewer").shows(page, "緑茶", "2026-04-01 12:00 staff"), "/delete")
	if a := w.post("/console/members/2/notes/1/delete", nil); a.Code != http.StatusNotFound {
		t.Errorf("another member's note: %d", a.Code)
	}
	if a := w.post("/console/members/1/notes/1/delete", nil); a.Header().Get("Location") != page {
		t.Errorf("%d %s", a.Code, textOf(a))
	}
	w.shows(page, "メモはまだありません", "削除しました")
}

// multipartForm is a form with a file, as a browser sends it.
func multipartForm(photo bool, name, kind, data string) (contentType string, body *bytes.Buffer) {
	body = new(bytes.Buffer)
	m := multipart.NewWriter(body)
	if photo {
		_ = m.WriteField("photo", "1")
	}
	header := textproto.MIMEHeader{"Content-Type": {kind}}
	header.Set("Content-Disposition", fmt.Sprintf(`form-data; name="file"; filename=%q`, name))
	part, _ := m.CreatePart(header)
	_, _ = part.Write([]byte(data))
	_ = m.Close()
	return m.FormDataContentType(), body
}

func TestAttachments(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.as("staff")
	const page, target = "/console/members/1", "/console/members/1/attachments"
	send := func(photo bool, name, kind, data string) *httptest.ResponseRecorder {
		contentType, body := multipartForm(photo, name, kind, data)
		return w.do(http.MethodPost, target, body, "Content-Type: "+contentType)
	}
	if a := send(false, `C:\doc\領収書.txt`, "text/plain", "42円"); a.Header().Get("Location") != page {
		t.Fatalf("%d %s", a.Code, textOf(a))
	}
	if a := send(true, "face.png", "image/png", "\x89PNG\r\n\x1a\n"); a.Code != http.StatusSeeOther {
		t.Fatalf("%d %s", a.Code, textOf(a))
	}
	w.shows(page, "領収書.txt", "face.png", `alt="山田 花子さんの写真"`, "/files/")
	if len(b.files.kept) != 2 {
		t.Errorf("%d files are kept", len(b.files.kept))
	}
	for _, bad := range []*httptest.ResponseRecorder{
		send(false, "page.html", "text/html", "<script>"), send(false, "nothing.txt", "text/plain", ""),
		w.do(http.MethodPost, target, strings.NewReader("x"), "Content-Type: text/plain"),
	} {
		if bad.Code != http.StatusUnprocessableEntity || !strings.Contains(bad.Body.String(), "ファイルを選択してください(20MBまで)") {
			t.Errorf("%d %s", bad.Code, textOf(bad))
		}
	}
	for _, name := range []string{"x.exe", "領収書.PDF"} {
		a := send(false, name, "text/plain", "MZ: a text")
		if a.Code != http.StatusUnprocessableEntity || !strings.Contains(a.Body.String(), "が、ファイルの内容と合っていません。JPG、") {
			t.Errorf("a text named %s: %d %s", name, a.Code, textOf(a))
		}
	}
	if len(b.files.kept) != 2 {
		t.Errorf("%d files are kept", len(b.files.kept))
	}
	if a := send(false, "big", "text/plain", strings.Repeat("x", members.MaxUpload)); a.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("a large file: %d", a.Code)
	}
	if a := w.post(target+"/1/delete", nil); a.Code != http.StatusSeeOther {
		t.Errorf("%d %s", a.Code, textOf(a))
	}
	w.lacks(w.shows(page), "領収書.txt")
}

func TestFileName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		`C:\a\b.txt`: "b.txt", "../../etc/passwd": "passwd", "": "", "/": "", "a\x00b": "ab", strings.Repeat("長", 200): strings.Repeat("長", 100),
		strings.Repeat("長", 97) + ".pdf": strings.Repeat("長", 96) + ".pdf", "x.exe.": "x.exe.", "x.pdf\n": "x.pdf",
	} {
		if got := fileName(name); got != want {
			t.Errorf("%q becomes %q", name, got)
		}
	}
}

func TestExport(t *testing.T) {
	t.Parallel()
	b := setup(t)
	shop := shop.Shop{Contract: contract, Members: []noren.MemberPatch{
		{ID: 5, Code: noren.Set("M5"), LastName: noren.Set("=HYPERLINK(1)"), FirstName: noren.Set("波〜線−円¥"), Company: noren.Set("😀堂")},
	}}
	for id := range int64(2 * exportSlice) {
		shop.Members = append(shop.Members, noren.MemberPatch{ID: 1000 + id, LastName: noren.Set("客")})
	}
	if _, err := b.rooms.Shop.Apply(t.Context(), shop); err != nil {
		t.Fatal(err)
	}
	rows := func(login, query string) [][]string {
		a := b.as(login).get("/console/members/export" + query)
		body := a.Body.String()
		if strings.Contains(query, "shift_jis") {
			var err error
			if body, err = encodings.ShiftJIS.NewDecoder().String(body); err != nil {
				t.Fatal(err)
			}
		} else if !strings.HasPrefix(body, "\ufeff") {
			t.Error("spreadsheets will not read this as UTF-8")
		}
		list, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(body, "\ufeff"))).ReadAll()
		if err != nil || a.Code != http.StatusOK || !strings.Contains(a.Header().Get("Content-Disposition"), "members-20260401.csv") {
			t.Fatalf("%d %v %v", a.Code, err, a.Header())
		}
		return list[1:]
	}
	if all := rows("staff", ""); len(all) != 5+2*exportSlice || all[0][1] != "M1" || all[4][3] != "'=HYPERLINK(1)" || all[4][4] != "波〜線−円¥" {
		t.Errorf("%d rows, the first %v, the fifth %v", len(all), all[0], all[4])
	}
	if some := rows("staff", "?q="+url.QueryEscape("山田")+"&sort=-code"); len(some) != 1 || some[0][3] != "山田" || some[0][20] != "Bronze" {
		t.Errorf("%v", some)
	}
	if own := rows("ginza", "?q=M"); len(own) != 4+2*exportSlice {
		t.Errorf("%d rows of a store", len(own))
	}
	sjis := rows("staff", "?encoding=shift_jis&q=HYPERLINK")
	if row := sjis[0]; row[4] != "波～線－円￥" || row[7] != "〓堂" || row[len(row)-1] != "会社名" {
		t.Errorf("in Shift_JIS: %v", row)
	}
	if clean := rows("staff", "?encoding=shift_jis&q=M1")[0]; clean[len(clean)-1] != "" {
		t.Errorf("in Shift_JIS: %v", clean)
	}
	if a := b.as("viewer").get("/console/members/export"); a.Code != http.StatusForbidden {
		t.Errorf("a viewer exports: %d", a.Code)
	}
}

// TestOneStoresClerkMovesNobodyOut has somebody of store 2 give members to store 1, though the form does not offer it.
func TestOneStoresClerkMovesNobodyOut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.as("ginza")
	for _, id := range []int64{1, 3} { // of all stores, and of store 2
		target := fmt.Sprintf("/console/members/%d/edit", id)
		f := form(t, w.shows(target), target)
		before := b.stored(id)
		f.Set("store_id", "1")
		a := w.post(target, f)
		if a.Code != http.StatusUnprocessableEntity || !strings.Contains(a.Body.String(), "この店舗は選択できません") {
			t.Errorf("member %d: %d %s", id, a.Code, textOf(a))
		}
		if after := b.stored(id); after.UpdatedAt != before.UpdatedAt {
			t.Errorf("member %d was changed: %+v", id, after)
		}
	}
}

// TestSearchOpensTheOneHit sends the form of the list as Enter and a scanner do.
func TestSearchOpensTheOneHit(t *testing.T) {
	t.Parallel()
	w := setup(t).as("staff")
	for target, want := range map[string]string{
		"/console/members?q=M3&open=1": "/console/members/3", "/console/members?q=ｍ３&open=1": "/console/members/3",
		"/console/members?q=山田&status=&open=1": "/console/members/1", "/console/members?q=%2B81+(0)3.0123.4567&open=1": "/console/members/1",
	} {
		if a := w.get(target); a.Code != http.StatusSeeOther || a.Header().Get("Location") != want {
			t.Errorf("%s: %d %s", target, a.Code, a.Header().Get("Location"))
		}
	}
	w.shows("/console/members?q=M&open=1", "該当する会員: 4人", "03-0123-4567") // several hits
	w.shows("/console/members?q=M3", "該当する会員: 1人")                       // the address of a list stays a list
	w.shows("/console/members?q=nobody&open=1", "該当する会員はいません")
	w.shows("/console/members?status=LEFT", "該当する会員: 1人")
	setup(t).as("ginza").shows("/console/members", "該当する会員: 3人")
}
