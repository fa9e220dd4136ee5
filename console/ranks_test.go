package console

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"noren"
	"noren/app/shop"
	"noren/ladder"
)

// setupRanks is setup with a programme that is checked each month, and members who have spent: M1, of the lowest rank,
// enough for the middle one; M3, of the highest, too little to keep it.
func setupRanks(t *testing.T) *bundle {
	t.Helper()
	b := setup(t)
	paid := b.clock.Read()
	purchase := func(member, id string, amount int64) noren.PurchaseEvent {
		return noren.PurchaseEvent{Kind: noren.PurchasePaid, Member: noren.MemberKey{Code: member}, ExternalID: id, Amount: amount, PaidAt: paid}
	}
	b.applyShop(shop.Shop{
		Contract: contract,
		Tenant: noren.TenantPatch{Programme: noren.Set(noren.RankProgramme{
			Start: "2026-01", WindowMonths: 12, CheckEveryMonths: 1, Demotion: ladder.OneStep,
		})},
		Ranks: []noren.Rank{
			{ID: 1, Name: "Bronze"},
			{ID: 2, Name: "Silver", EntrySpend: 2000, MaintenanceSpend: 1000, Ratio: 0.03},
			{ID: 3, Name: "Gold", EntrySpend: 10000, MaintenanceSpend: 8000, Ratio: 0.05},
		},
		Members:   []noren.MemberPatch{{ID: 3, Rank: noren.Set(noren.Ref{ID: 3})}},
		Purchases: []noren.PurchaseEvent{purchase("M1", "o-1", 2500), purchase("M3", "o-2", 7999)},
	})
	return b
}

func (b *bundle) applyShop(shop shop.Shop) {
	b.Helper()
	if _, err := b.rooms.Shop.Apply(b.Context(), shop); err != nil {
		b.Fatal(err)
	}
}

func TestLadder(t *testing.T) {
	t.Parallel()
	b := setupRanks(t)
	body := b.as("viewer").shows("/console/ranks", "Bronze", "Silver", "Gold", "2,000円", "3%", "ランクなし",
		"2026-05-01 00:00", "2025-05〜2026-04", "1ランクずつ下がる", "まだ判定は行われていません")
	b.as("viewer").lacks(body, "/console/ranks/programme", "style=")
	b.as("admin").shows("/console/ranks", "/console/ranks/programme", "/console/ranks/next")
	b.as("ginza").lacks(b.as("ginza").shows("/console/ranks", "Gold"), "/console/ranks/next", "/console/ranks/changes")
}

// TestRankOfClient: a rank that a client has set names the client, in the member's page and among the changes of all members.
func TestRankOfClient(t *testing.T) {
	t.Parallel()
	b := setup(t)
	rank := noren.MemberPatch{ID: 1, Rank: noren.Set(noren.Ref{Name: "Gold"})}
	if _, _, err := b.rooms.Members.Update(t.Context(), b.caller(0), []noren.MemberPatch{rank}, nil); err != nil {
		t.Fatal(err)
	}
	w := b.as("viewer")
	w.shows("/console/members/1/spend", "Gold", ">pos<")
	w.shows("/console/ranks/changes", "Gold", "(pos)")
}

// TestForecast shows whose rank the next check would change, and changes nothing.
func TestForecast(t *testing.T) {
	t.Parallel()
	b := setupRanks(t)
	w := b.as("viewer")
	w.shows("/console/ranks/next", "ランクが変わる会員: 3人", "M1", "2,500円", "購入額が上位ランクの条件に到達", "M3", "7,999円",
		"購入額がランク維持の条件に未達", "データは変更していません")
	w.shows("/console/ranks/changes", "変更前", "手動またはAPI連携による設定")
	for _, page := range []string{"/console/ranks/next", "/console/ranks/changes"} {
		if a := b.as("ginza").get(page); a.Code != http.StatusForbidden && a.Code != http.StatusNotFound {
			t.Errorf("%s of somebody restricted to one store: %d", page, a.Code)
		}
	}
}

// TestRankChanges shows the changes of a check that has run.
func TestRankChanges(t *testing.T) {
	t.Parallel()
	b := setupRanks(t)
	b.clock.Advance(30 * 24 * time.Hour)
	w := b.as("admin")
	tenants, err := b.rooms.Access.Tenants(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, tenant := range tenants {
		if tenant.Contract != contract {
			continue
		}
		at, err := b.rooms.Ranks.Due(t.Context(), tenant)
		if err != nil || at == nil {
			t.Fatal(at, err)
		}
		if _, err := b.rooms.Ranks.Check(t.Context(), tenant, *at, nil); err != nil {
			t.Fatal(err)
		}
	}
	w.shows("/console/ranks", "2026-05-01 00:00", "2026-04-30T15:00:00Z")
	w.shows("/console/ranks/changes?check=2026-04-30T15:00:00Z", "購入額が上位ランクの条件に到達", "購入額がランク維持の条件に未達", "2,500円")
	w.shows("/console/ranks/changes?check=2026-03-31T15:00:00Z", "ランクの変更はまだありません")
}

func TestProgramme(t *testing.T) {
	t.Parallel()
	b := setupRanks(t)
	w := b.as("admin")
	w.shows("/console/ranks/programme", `value="2026-01"`, `value="2000"`, `value="5"`)
	form := url.Values{
		"start": {"2026-01"}, "window_months": {"12"}, "check_every_months": {"3"}, "demotion": {"one_step"}, "never_rank_down": {"on"},
		"entry-1": {"0"}, "maintenance-1": {"0"}, "ratio-1": {"1"}, "entry-2": {"3,000"}, "maintenance-2": {"1000"}, "ratio-2": {"3"},
		"entry-3": {"10000"}, "maintenance-3": {"8000"}, "ratio-3": {"5.5"}, "deed": {"preview"},
	}
	a := w.post("/console/ranks/programme", form)
	for _, text := range []string{"この設定での次回判定の見込み", "2026-07-01 00:00", "ランクダウンしない設定"} {
		if !strings.Contains(a.Body.String(), text) {
			t.Errorf("the preview does not show %q:\n%s", text, textOf(a))
		}
	}
	w.lacks(a.Body.String(), "M1</a>")  // whose 2,500 no longer suffices
	w.shows("/console/ranks", "2,000円") // nothing was stored
	form.Set("deed", "save")
	if a := w.post("/console/ranks/programme", form); a.Code != http.StatusSeeOther {
		t.Fatalf("saving: %d %s", a.Code, textOf(a))
	}
	w.shows("/console/ranks", "3,000円", "5.5%", "3か月ごと", "保存しました")
	for field, wrong := range map[string]string{
		"start": "2026-13", "window_months": "0", "check_every_months": "x", "demotion": "at_once", "entry-2": "-1",
		"entry-3": "1.5", "ratio-3": "10001", "maintenance-2": "",
	} {
		bad := url.Values{}
		maps.Copy(bad, form)
		bad.Set(field, wrong)
		if a := w.post("/console/ranks/programme", bad); a.Code != http.StatusUnprocessableEntity || !strings.Contains(a.Body.String(), `id="field-`+field+`-problem"`) {
			t.Errorf("%s %q: %d %s", field, wrong, a.Code, textOf(a))
		}
	}
	w.shows("/console/ranks", "3,000円")
}
