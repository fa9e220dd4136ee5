package shopfile

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"noren"
	"noren/app/access"
	"noren/app/shop"
)

var update = flag.Bool("update", false, "write what is got to the golden files")

// TestFullFile reads a file with every section, as in the operations manual.
func TestFullFile(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join("testdata", "full.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	shops, err := Read("full.yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.MarshalIndent(shops, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "full.golden.json")
	if *update {
		if err := os.WriteFile(golden, append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)+"\n"); diff != "" {
		t.Errorf("what was read differs (-want +got):\n%s", diff)
	}
}

// oneShop reads a file with one tenant that has the given lines.
func oneShop(t *testing.T, lines ...string) shop.Shop {
	t.Helper()
	shops, err := Read("shop.yaml", []byte(tenant(lines...)))
	if err != nil {
		t.Fatal(err)
	}
	return shops[0]
}

// tenant returns a file with one tenant; the first of the lines is line 4.
func tenant(lines ...string) string {
	file := "tenants:\n  - id: t1\n    name: 店\n"
	for _, line := range lines {
		file += "    " + line + "\n"
	}
	return file
}

func TestOnlyIDAndNameAreNeeded(t *testing.T) {
	t.Parallel()
	want := shop.Shop{Contract: "t1", Tenant: noren.TenantPatch{Name: noren.Set("店")}}
	for _, lines := range [][]string{nil, {"members:", "ranks:", "clients: []", "points:", "plan: null"}} {
		got := oneShop(t, lines...)
		if diff := cmp.Diff(want, got, fields...); diff != "" {
			t.Errorf("%q (-want +got):\n%s", lines, diff)
		}
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	got := oneShop(t,
		"points: {expires_after_months: 6}",
		"rank_programme: {check_every_months: 3}",
		"ranks: [{id: 1, name: 銀, entry: 500}, {id: 2, name: 金, entry: 900, maintenance: 0}]",
		"stores: [{id: 1, name: 本店}]",
		"console_users: [{login: a, password: bbbbbbbbbb}]",
		"clients: [{name: pos, dialect: smaregi}]",
	)
	want := shop.Shop{
		Contract: "t1",
		Tenant: noren.TenantPatch{
			Name: noren.Set("店"),
			Points: noren.Set(noren.PointSettings{
				Enabled: true, ExpiresAfterMonths: 6, DefaultTitle: "通常P", PaidTitle: "有償P",
			}),
			Programme: noren.Set(noren.RankProgramme{
				Start: "2000-01", WindowMonths: 12, CheckEveryMonths: 3, Demotion: "one_step",
			}),
		},
		Ranks: []noren.Rank{
			{ID: 1, Name: "銀", EntrySpend: 500, MaintenanceSpend: 500}, {ID: 2, Name: "金", EntrySpend: 900},
		},
		Stores:       []noren.Store{{ID: 1, Name: "本店", Kind: noren.StoreShop}},
		ConsoleUsers: []shop.ConsoleUser{{Login: "a", Password: "bbbbbbbbbb", Role: "viewer"}},
		Clients:      []access.ClientSpec{{Name: "pos", Dialect: noren.Smaregi, Kind: noren.AppClient}},
	}
	if diff := cmp.Diff(want, got, fields...); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// fields leaves out the lines, which the messages of apply are tested by, lets cmp look into fields of a patch, and compares times as instants.
var fields = []cmp.Option{
	cmpopts.IgnoreFields(shop.Shop{}, "Lines"),
	cmp.Comparer(equal[string]), cmp.Comparer(equal[bool]), cmp.Comparer(equal[int64]), cmp.Comparer(equal[noren.Plan]),
	cmp.Comparer(equal[noren.PointSettings]), cmp.Comparer(equal[noren.RankProgramme]), cmp.Comparer(equal[noren.Sex]),
	cmp.Comparer(equal[noren.Date]), cmp.Comparer(equal[noren.Hundredths]), cmp.Comparer(equal[noren.Status]),
	cmp.Comparer(equal[noren.Ref]), cmp.Comparer(equal[noren.RateLimit]), cmp.Comparer(equal[noren.Retention]),
	cmp.Comparer(func(a, b noren.Field[[]noren.SensitiveColumn]) bool { return fmt.Sprint(a) == fmt.Sprint(b) }),
	cmp.Comparer(func(a, b noren.Field[[]string]) bool { return fmt.Sprint(a) == fmt.Sprint(b) && a.Given() == b.Given() }),
}

func equal[T comparable](a, b noren.Field[T]) bool {
	x, _ := a.Value()
	y, _ := b.Value()
	return a.Given() == b.Given() && a.IsNull() == b.IsNull() && x == y
}

// TestMember: absent, null and a value differ, and values are read in every form.
func TestMember(t *testing.T) {
	t.Parallel()
	got := oneShop(t,
		"ranks: [{id: 7, name: Gold}]",
		"staff_ranks: [{id: 1, name: 社員}]",
		"stores: [{id: 3, name: 本店}]",
		"members:",
		"  - id: 9999999999",
		"    code: 0012",
		"    last_name: 山田",
		"    first_name: null",
		"    phone: 0312345678",
		"    mobile: 090-1234-5678",
		"    mail_opt_in: false",
		"    birth_date: 1990-02-28",
		"    leave_date:",
		"    point_unit_price: 100",
		"    point_unit: 1.50",
		"    sex: FEMALE",
		"    status: SUSPENDED",
		"    rank: ' gold '",
		"    staff_rank: 1",
		"    store: 本店",
		"    note: |",
		"      一行目",
		"      二行目",
		"    shopify_customer_id: 6757085806881",
		"  - {code: b, rank: 7, store: 3, sex: null, address: 東京都千代田区}",
	).Members
	want := []noren.MemberPatch{{
		ID: 9999999999, Code: noren.Set("0012"), LastName: noren.Set("山田"), FirstName: noren.Null[string](),
		Phone: noren.Set("0312345678"), Mobile: noren.Set("090-1234-5678"), MailOptIn: noren.Set(false),
		BirthDate: noren.Set(noren.Date("1990-02-28")), LeaveDate: noren.Null[noren.Date](),
		PointUnitPrice: noren.Set(int64(100)), PointUnit: noren.Set(noren.Hundredths(150)), Sex: noren.Set(noren.Female),
		Status: noren.Set(noren.Suspended), Rank: noren.Set(noren.Ref{Name: " gold "}),
		StaffRank: noren.Set(noren.Ref{ID: 1}), Store: noren.Set(int64(3)), Note: noren.Set("一行目\n二行目\n"),
		ShopifyCustomerID: noren.Set("6757085806881"),
	}, {
		Code: noren.Set("b"), Rank: noren.Set(noren.Ref{ID: 7}), Store: noren.Set(int64(3)), Sex: noren.Null[noren.Sex](),
		Address: noren.Set("東京都千代田区"),
	}}
	if diff := cmp.Diff(want, got, fields...); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestEveryColumnCanBeWritten compares the file's keys with the columns of a member, so that none is forgotten.
func TestEveryColumnCanBeWritten(t *testing.T) {
	t.Parallel()
	other := map[string]string{"rank_id": "rank", "minimum_rank_id": "minimum_rank", "staff_rank_id": "staff_rank", "store_id": "store"}
	for _, c := range noren.MemberColumns() {
		key := c.Name
		if as, renamed := other[key]; renamed {
			key = as
		}
		_, err := Read("f", []byte(tenant("members: [{id: 1, "+key+": [] }]")))
		unknown := err != nil && strings.Contains(err.Error(), "unknown key")
		if visited := key == "last_visit_at"; unknown != visited { // a visit is observed, not set
			t.Errorf("column %s: %v", c.Name, err)
		}
	}
}

func TestReferencesToWhatIsStored(t *testing.T) {
	t.Parallel()
	got := oneShop(t, "members: [{id: 1, rank: Gold, store: 5}]", "purchases: [{member: 1, id: a, amount: 1, at: 2026-01-01T00:00:00Z}]")
	if ref, _ := got.Members[0].Rank.Value(); ref.Name != "Gold" {
		t.Errorf("the rank is %+v", ref)
	}
	want := noren.PurchaseEvent{
		Kind: noren.PurchasePaid, Member: noren.MemberKey{ID: 1}, ExternalID: "a", Amount: 1,
		PaidAt: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	if diff := cmp.Diff(want, got.Purchases[0]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestAliases reads a value that is written once and used twice, and a file with a byte order mark.
func TestAliases(t *testing.T) {
	t.Parallel()
	shops, err := Read("f", []byte("\ufefftenants:\n- id: a\n  name: A\n  ranks: &r [{id: 1, name: R}]\n- {id: b, name: B, ranks: *r}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(shops[0].Ranks, shops[1].Ranks); diff != "" || len(shops[1].Ranks) != 1 {
		t.Errorf("the alias differs:\n%s", diff)
	}
}

// FuzzRead looks for input on which Read panics, or returns neither shops nor problems.
func FuzzRead(f *testing.F) {
	full, err := os.ReadFile(filepath.Join("testdata", "full.yaml"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(full)
	for _, c := range wrong() {
		f.Add([]byte(c.file))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		shops, err := Read("fuzz.yaml", data)
		if err == nil {
			for _, s := range shops {
				if s.Contract == "" {
					t.Errorf("a shop without a contract id from %q", data)
				}
			}
			return
		}
		for _, p := range err.(Problems) {
			// In YAML a carriage return alone ends a line too. An error about the end may point past it.
			last := strings.Count(string(data), "\n") + strings.Count(string(data), "\r") + 2
			if p.Line < 1 || p.Line > last || p.Message == "" {
				t.Errorf("problem %+v of a file of %d lines", p, last)
			}
		}
	})
}

// TestSensitiveColumns reads what a tenant adds to the columns that are sensitive everywhere.
func TestSensitiveColumns(t *testing.T) {
	t.Parallel()
	got, _ := oneShop(t, "sensitive_columns: [{name: pin, see: admin}, {name: birth_date, see: viewer, change: admin}, {name: email}]").Tenant.SensitiveColumns.Value()
	want := []noren.SensitiveColumn{{Name: "pin", See: "admin", Change: "admin"}, {Name: "birth_date", See: "viewer", Change: "admin"}, {Name: "email", See: "staff", Change: "staff"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, bad := range []string{"{name: code}", "{name: shoe_size}", "{see: admin}", "{name: pin, see: boss}", "{name: pin, see: admin, change: staff}", "{name: pin}, {name: pin}"} {
		if _, err := Read("shop.yaml", []byte(tenant("sensitive_columns: ["+bad+"]"))); err == nil || !strings.Contains(err.Error(), "shop.yaml:4") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
