package console

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"noren"
	"noren/app/points"
	"noren/app/shop"
)

// TestHome counts what has happened today and in the last thirty days, and leads to the lists of exactly these.
func TestHome(t *testing.T) {
	t.Parallel()
	b := setup(t) // its four members are registered on 2026-04-01, a noon
	tenant, err := b.rooms.Engine.TenantByContract(t.Context(), contract)
	if err != nil {
		t.Fatal(err)
	}
	c := noren.Caller{Tenant: tenant, Client: noren.Client{Dialect: noren.ReCORE}}
	move := func(mode points.Mode, amount int64, member int64, expires noren.Date) {
		t.Helper()
		a := points.Adjustment{Query: noren.MemberQuery{IDs: []int64{member}}, Mode: mode, Amount: amount, Type: noren.DefaultPoint}
		if expires != "" {
			a.ExpiresOn = noren.Set(expires)
		}
		if _, err := b.rooms.Points.Adjust(t.Context(), c, a, nil); err != nil {
			t.Fatal(err)
		}
	}
	move(points.Add, 1000, 1, "2026-05-02")
	move(points.Add, 50, 4, "2026-06-30") // the fourth is of another store than ginza
	b.clock.Advance(10 * 24 * time.Hour)
	move(points.Subtract, 300, 1, "")
	move(points.Add, 7, 1, "2026-07-01") // after the three months
	move(points.Add, 90, 1, "2026-04-30")
	if _, _, err := b.rooms.Points.Reverse(t.Context(), c, points.Undo{MemberID: 1, EntryID: 4, Net: -7}, nil); err != nil {
		t.Fatal(err)
	}
	admin := b.as("admin")
	words := func(w *browser) string { return strings.Join(strings.Fields(textOf(w.get("/console/"))), " ") }
	admin.shows("/console/", "新しい会員", "ポイントの動き", "2026年4月", "失敗した一括更新", `aria-label="今日: 0"`, `aria-label="直近30日間: 4"`,
		"/console/members?since=2026-04-11", "/console/members?since=2026-03-13", "/console/bulk?state=failed", "/console/bulk?delivery=given_up")
	for _, row := range []string{"付与 90 1,140", "利用 300 300", "失効 0 0", "2026年4月 90", "2026年5月 700", "2026年6月 50"} {
		if text := words(admin); !strings.Contains(text, row) {
			t.Errorf("no %q in %s", row, text)
		}
	}
	admin.shows("/console/members?since=2026-03-13", "2026-03-13以降に登録された会員", "該当する会員: 4人")
	admin.shows("/console/members?since=2026-04-11", "該当する会員はいません")
	// Each number of points leads to the list of exactly these.
	admin.shows("/console/", "/console/points?flow=given&amp;since=2026-04-11", "/console/points?flow=used&amp;since=2026-03-13",
		"/console/points/expiring?month=2026-05")
	for _, c := range []struct {
		path    string
		amounts []string
	}{
		{"/console/points?flow=given&since=2026-04-11", []string{"+90", "-7", "+7"}},
		{"/console/points?flow=given&since=2026-03-13", []string{"+90", "-7", "+7", "+50", "+1,000"}},
		{"/console/points?flow=used&since=2026/4/11", []string{"-300"}},
		{"/console/points?flow=expired", nil},
		{"/console/points", []string{"-7", "+90", "+7", "-300", "+50", "+1,000"}},
	} {
		text := textOf(admin.get(c.path))
		for _, amount := range c.amounts {
			if !strings.Contains(text, amount) {
				t.Errorf("%s lacks %s: %s", c.path, amount, text)
			}
		}
		if rows := strings.Count(admin.shows(c.path), "<td class=\"who\"><a href=\"/console/members/"); rows != len(c.amounts) {
			t.Errorf("%s has %d rows, want %d", c.path, rows, len(c.amounts))
		}
	}
	admin.shows("/console/points/expiring?month=2026-05", "2026年5月に失効するポイント", "2026-05-02", "700", "山田 花子")
	admin.lacks(admin.shows("/console/points/expiring"), "700") // of the running month
	admin.shows("/console/points/expiring?month=2026-12", "この月に失効するポイントはありません")
	ginza := b.as("ginza")
	ginza.lacks(ginza.shows("/console/points"), "+50")
	ginza.shows("/console/points/expiring?month=2026-06", "この月に失効するポイントはありません")
	ginza.shows("/console/", `aria-label="直近30日間: 3"`)
	text := words(ginza)
	if !strings.Contains(text, "2026年6月 0") || !strings.Contains(text, "付与 90 1,090") || strings.Contains(text, "失敗した") {
		t.Errorf("a user of one store sees %s", text)
	}
	b.as("viewer").shows("/console/", "新しい会員")
	if a := b.browser().get("/console/"); a.Code != http.StatusSeeOther {
		t.Errorf("nobody: %d", a.Code)
	}
}

// TestHomeOfAnEmptyShop shows the first steps instead of zeros.
func TestHomeOfAnEmptyShop(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.rooms.Shop.Apply(t.Context(), shop.Shop{Contract: "sb_new", ConsoleUsers: []shop.ConsoleUser{
		{Login: "admin", Password: password, Role: noren.Admin}, {Login: "viewer", Password: password, Role: noren.Viewer},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for login, sees := range map[string]string{"admin": `href="/console/imports"`, "viewer": "これらの設定は、管理者が行います"} {
		w := b.browser()
		w.signIn("sb_new", login, password, http.StatusSeeOther)
		w.shows("/console/", "はじめに行うこと", "会員をCSVファイルから取り込む", sees)
	}
}
