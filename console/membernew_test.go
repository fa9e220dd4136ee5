package console

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestNewMember registers a member, is told of one who may be the same, and registers another all the same.
func TestNewMember(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.as("staff")
	const page = "/console/members/new"
	w.shows("/console/members", `href="`+page+`"`)
	blank := form(t, w.shows(page, "会員を登録"), page)
	for name, want := range map[string]string{"status": "ACTIVE", "mail_opt_in": "true", "entry_date": "2026-04-01", "code": "", "store_id": ""} {
		if got := blank.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	create := func(w *browser, changed map[string]string) (f url.Values, code int, body, location string) {
		t.Helper()
		f = form(t, w.shows(page), page)
		for name, value := range changed {
			f.Set(name, value)
		}
		a := w.post(page, f)
		return f, a.Code, a.Body.String(), a.Header().Get("Location")
	}
	for name, c := range map[string]struct{ field, value, words string }{
		"kana":       {"last_kana", "山田", "全角カタカナで入力してください"},
		"phone":      {"phone", "abc", "電話番号を入力してください"},
		"postal":     {"postal_code", "12-34", "郵便番号を入力してください"},
		"mail":       {"email", "nitta@example", "メールアドレスを入力してください"},
		"day":        {"birth_date", "1990-02-30", "日付を入力してください"},
		"short year": {"birth_date", "60/12/31", "年は4桁で"},
		"unborn":     {"birth_date", "2026-04-02", "今日までの正しい生年月日"},
		"ancient":    {"birth_date", "0085-12-31", "今日までの正しい生年月日"},
		"status":     {"status", "GONE", "この値は使用できません"},
		"store":      {"store_id", "99", "この店舗は選択できません"},
		"code":       {"code", "M1", "すでに使われています"},
		"leave date": {"leave_date", "2026-04-01", "利用可の会員に退会日は設定できません"},
	} {
		f, code, body, _ := create(w, map[string]string{"last_name": "新田", c.field: c.value})
		if code != http.StatusUnprocessableEntity || !strings.Contains(body, c.words) {
			t.Errorf("%s: %d %s", name, code, body)
		}
		if kept := form(t, body, page); kept.Get("last_name") != "新田" || kept.Get(c.field) != f.Get(c.field) && c.field != "status" && c.field != "store_id" {
			t.Errorf("%s: what was typed is lost", name)
		}
	}
	person := map[string]string{
		"last_name": "新田", "first_name": "一郎", "birth_date": "1990-12-31", "phone": "090-1111-2222", "email": "nitta@example.com",
	}
	f, code, body, made := create(w, person)
	if code != http.StatusSeeOther || !strings.HasPrefix(made, "/console/members/") {
		t.Fatalf("%d %s", code, body)
	}
	if a := w.post(page, f); a.Header().Get("Location") != made {
		t.Errorf("sent twice: %d %s", a.Code, a.Header().Get("Location"))
	}
	w.shows(made, "会員を登録しました", "新田 一郎", "090-1111-2222", "2026-04-01")

	twin := map[string]string{"last_name": "新田", "first_name": "一郎", "birth_date": "1990-12-31", "mobile": "09011112222", "email": "NITTA@example.com"}
	f, code, body, _ = create(w, twin)
	for _, words := range []string{"登録済みの可能性がある会員", `href="` + made + `"`, "電話番号が同じ、メールアドレスが同じ、氏名と生年月日が同じ", `value="09011112222"`} {
		if code != http.StatusUnprocessableEntity || !strings.Contains(body, words) {
			t.Errorf("about the twin: %d, no %q in %s", code, words, body)
		}
	}
	again := form(t, body, page)
	again.Set("sure", strings.TrimPrefix(made, "/console/members/"))
	if a := w.post(page, again); a.Code != http.StatusSeeOther || a.Header().Get("Location") == made {
		t.Errorf("all the same: %d %s", a.Code, textOf(a))
	}
	// Of the two who are like this now, one was confirmed.
	other := maps.Clone(f)
	other.Set("sure", strings.TrimPrefix(made, "/console/members/"))
	other.Set("once", "another")
	if a := w.post(page, other); a.Code != http.StatusUnprocessableEntity {
		t.Errorf("with a twin that was not shown: %d", a.Code)
	}

	// Typed as people do, and read as in every other form.
	_, code, body, made = create(w, map[string]string{
		"last_name": "仁田", "last_kana": "にった", "phone": "０３ー９９９９ー０００１", "postal_code": "〒 100　0001", "birth_date": "昭和60年12月31日", "point_unit_price": "1,000", "point_unit": "１．５",
	})
	if code != http.StatusSeeOther {
		t.Fatalf("%d %s", code, body)
	}
	w.shows(made, "ニッタ", "03-9999-0001", "100-0001", "1985-12-31")

	ginza := b.as("ginza")
	_, code, body, made = create(ginza, map[string]string{"last_name": "銀座"})
	if code != http.StatusSeeOther {
		t.Fatalf("%d %s", code, body)
	}
	b.as("admin").shows(made, "銀座")
	if a := b.as("viewer").get(page); a.Code != http.StatusForbidden {
		t.Errorf("a viewer: %d", a.Code)
	}
}
