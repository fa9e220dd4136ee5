package noren

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const today = Date("2026-04-02")

func patchContext() PatchContext {
	return PatchContext{
		Ranks:      []Rank{{ID: 1, Name: "Bronze"}, {ID: 2, Name: " Gold Member "}},
		StaffRanks: []StaffRank{{ID: 1, Name: "社員"}, {ID: 2, Name: "役員"}},
		Stores: []Store{
			{ID: 1, Kind: StoreShop}, {ID: 2, Kind: StoreShop}, {ID: 3, Kind: StoreWarehouse}, {ID: 4, Kind: StoreOrder},
		},
		Today: today,
	}
}

// TestStatusAndLeaveDate goes through the rules of the Smaregi page of PATCH /customers/bulk about 会員状態区分 and
// 退会日, and what a change means that is written through another view. A status or date of "" is not set or not given.
func TestStatusAndLeaveDate(t *testing.T) {
	t.Parallel()
	absent, null := Field[Date]{}, Null[Date]()
	const d, e = Date("2020-01-01"), Date("2021-01-01")
	for _, c := range []struct {
		name      string
		view      View
		status    Status
		leave     Date
		newStatus Status
		newLeave  Field[Date]
		want      Status
		wantLeave Date
		broken    Reason
	}{
		{"leaving sets today", SmaregiView, Active, "", Left, absent, Left, today, ""},
		{"leaving keeps a date that is there", SmaregiView, Suspended, d, Left, absent, Left, d, ""},
		{"leaving on a given date", SmaregiView, Active, "", Left, Set(e), Left, e, ""},
		{"another date for one who left", SmaregiView, Left, d, "", Set(e), Left, e, ""},
		{"an active member gets a date", SmaregiView, Active, "", "", Set(d), Active, d, ReasonActiveWithLeaveDate},
		{"active with a date, both given", SmaregiView, Active, "", Active, Set(d), Active, d, ReasonActiveWithLeaveDate},
		{"becomes active with a date", SmaregiView, Suspended, "", Active, Set(d), Active, d, ReasonActiveWithLeaveDate},
		{"one who left loses the date", SmaregiView, Left, d, "", null, Left, "", ReasonLeftWithoutDate},
		{"left without a date, both given", SmaregiView, Left, d, Left, null, Left, "", ReasonLeftWithoutDate},
		{"leaves without a date", SmaregiView, Active, "", Left, null, Left, "", ReasonLeftWithoutDate},
		{"one who left is set active", SmaregiView, Left, d, Active, absent, Active, d, ReasonLeaveDateSet},
		{"one with a date is set active", SmaregiView, Suspended, d, Active, absent, Active, d, ReasonLeaveDateSet},
		{"one who left comes back, date cleared", SmaregiView, Left, d, Active, null, Active, "", ""},
		{"one with a date is set active, date cleared", SmaregiView, Lost, d, Active, null, Active, "", ""},
		{"Smaregi keeps the date of another status", SmaregiView, Left, d, Suspended, absent, Suspended, d, ""},
		{"and clears it when told", SmaregiView, Left, d, Suspended, null, Suspended, "", ""},
		{"a suspended member may have a date", SmaregiView, Suspended, "", "", Set(d), Suspended, d, ""},
		{"clearing what is not set", SmaregiView, Active, "", "", null, Active, "", ""},
		{"nothing given", SmaregiView, Left, d, "", absent, Left, d, ""},

		{"Smaregi reads a tentative member as suspended", SmaregiView, Tentative, "", Suspended, absent, Tentative, "", ""},
		{"a tentative member is set to lost", SmaregiView, Tentative, "", Lost, absent, Lost, "", ""},
		{"a tentative member with a date is set active", SmaregiView, Tentative, d, Active, absent, Active, d, ReasonLeaveDateSet},
		{"a merged member stays merged", SmaregiView, Merged, d, Merged, absent, Merged, d, ""},

		{"ReCORE reads a lost member as tentative", ReCOREView, Lost, d, Tentative, absent, Lost, d, ""},
		{"ReCORE reads a suspended member as tentative", ReCOREView, Suspended, "", Tentative, absent, Suspended, "", ""},
		{"through ReCORE one who left comes back", ReCOREView, Left, d, Active, absent, Active, "", ""},
		{"through ReCORE a date goes with the status", ReCOREView, Suspended, d, Active, absent, Active, "", ""},
		{"through ReCORE one who left becomes tentative", ReCOREView, Left, d, Tentative, absent, Tentative, "", ""},
		{"through ReCORE one who left stays so", ReCOREView, Left, d, Left, absent, Left, d, ""},
		{"through ReCORE leaving sets today", ReCOREView, Active, "", Left, absent, Left, today, ""},
		{"ReCORE puts back a merged member", ReCOREView, Merged, d, Merged, absent, Merged, d, ""},

		{"the console changes the status", Canonical, Left, d, Suspended, absent, Suspended, "", ""},
		{"the console tells all statuses apart", Canonical, Suspended, d, Tentative, absent, Tentative, "", ""},
		{"the console gives status and date", Canonical, Left, d, Suspended, Set(e), Suspended, e, ""},
		{"the console sets active with a date", Canonical, Left, d, Active, Set(e), Active, e, ReasonActiveWithLeaveDate},
		{"the console leaves the status alone", Canonical, Suspended, d, Suspended, absent, Suspended, d, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := Member{Status: c.status}
			if c.leave != "" {
				m.LeaveDate = &c.leave
			}
			p := MemberPatch{View: c.view, LeaveDate: c.newLeave}
			if c.newStatus != "" {
				p.Status = Set(c.newStatus)
			}
			got, broken := p.Apply(m, patchContext())
			var want []Reason
			if c.broken != "" {
				want = []Reason{c.broken}
			}
			if diff := cmp.Diff(want, reasons(broken)); diff != "" {
				t.Errorf("rules broken (-want +got):\n%s", diff)
			}
			if len(broken) == 0 && (got.Status != c.want || Deref(got.LeaveDate) != c.wantLeave) {
				t.Errorf("becomes %s, leave date %q; want %s, %q", got.Status, Deref(got.LeaveDate), c.want, c.wantLeave)
			}
		})
	}
}

func TestPatchedAddress(t *testing.T) {
	t.Parallel()
	stored := Member{Prefecture: new("東京都"), Address1: new("千代田区1-1"), Address2: new("暖簾ビル")}
	for _, c := range []struct {
		name    string
		member  Member
		address Field[string]
		want    [3]*string
	}{
		{"absent", stored, Field[string]{}, [3]*string{stored.Prefecture, stored.Address1, stored.Address2}},
		{"what was read", stored, Set("東京都千代田区1-1暖簾ビル"), [3]*string{stored.Prefecture, stored.Address1, stored.Address2}},
		{"another", stored, Set("大阪府大阪市2-2"), [3]*string{new("大阪府"), new("大阪市2-2"), nil}},
		{"another without prefecture", stored, Set("大阪市2-2"), [3]*string{nil, new("大阪市2-2"), nil}},
		{"a prefecture alone", stored, Set("京都府"), [3]*string{new("京都府"), nil, nil}},
		{"null", stored, Null[string](), [3]*string{}},
		{"null where nothing is set", Member{}, Null[string](), [3]*string{}},
	} {
		got, _ := MemberPatch{View: SmaregiView, Address: c.address}.Apply(c.member, patchContext())
		if diff := cmp.Diff(c.want, [3]*string{got.Prefecture, got.Address1, got.Address2}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestPatchedSex(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		view             View
		stored, set, got Sex
	}{
		{SmaregiView, OtherSex, SexUnknown, OtherSex},
		{SmaregiView, OtherSex, Female, Female},
		{SmaregiView, Male, SexUnknown, SexUnknown},
		{ReCOREView, OtherSex, SexUnknown, SexUnknown},
		{Canonical, OtherSex, SexUnknown, SexUnknown},
	} {
		got, _ := MemberPatch{View: c.view, Sex: Set(c.set)}.Apply(Member{Sex: c.stored}, patchContext())
		if got.Sex != c.got {
			t.Errorf("view %d: %q set to %q becomes %q, want %q", c.view, c.stored, c.set, got.Sex, c.got)
		}
	}
}

// TestPatchedRanks checks that ranks are named by id, or by name trimmed and case-blind.
func TestPatchedRanks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		ref    Field[Ref]
		want   *int64
		broken []Reason
	}{
		{"absent", Field[Ref]{}, new(int64(1)), nil},
		{"null", Null[Ref](), nil, nil},
		{"id", Set(Ref{ID: 2}), new(int64(2)), nil},
		{"name", Set(Ref{Name: "Gold Member"}), new(int64(2)), nil},
		{"name in other case, with blanks around", Set(Ref{Name: "　gOLD mEMBER\t"}), new(int64(2)), nil},
		{"blanks within count", Set(Ref{Name: "GoldMember"}), nil, []Reason{ReasonRankUnknown}},
		{"unknown id", Set(Ref{ID: 9}), nil, []Reason{ReasonRankUnknown}},
		{"the id decides, not the name", Set(Ref{ID: 9, Name: "Bronze"}), nil, []Reason{ReasonRankUnknown}},
		{"no name", Set(Ref{}), nil, []Reason{ReasonRankUnknown}},
	} {
		got, broken := MemberPatch{Rank: c.ref}.Apply(Member{RankID: new(int64(1))}, patchContext())
		if diff := cmp.Diff(c.broken, reasons(broken)); diff != "" {
			t.Errorf("%s: rules broken (-want +got):\n%s", c.name, diff)
		}
		if diff := cmp.Diff(c.want, got.RankID); len(broken) == 0 && diff != "" {
			t.Errorf("%s: rank (-want +got):\n%s", c.name, diff)
		}
	}
}

// easyPoints shows a member without a rank as having the lowest, so giving it to them changes nothing. Any other rank
// does, and so does the lowest if another dialect gives it.
func TestRankThroughAView(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		view   View
		before *int64
		ref    Field[Ref]
		want   *int64
	}{
		{"the one shown", EasyPointsView, nil, Set(Ref{Name: "Bronze"}), nil},
		{"the one shown, by id", EasyPointsView, nil, Set(Ref{ID: 1}), nil},
		{"a higher one", EasyPointsView, nil, Set(Ref{ID: 2}), new(int64(2))},
		{"the lowest, from a higher one", EasyPointsView, new(int64(2)), Set(Ref{ID: 1}), new(int64(1))},
		{"none", EasyPointsView, new(int64(2)), Null[Ref](), nil},
		{"another view", SmaregiView, nil, Set(Ref{Name: "Bronze"}), new(int64(1))},
		{"no view", Canonical, nil, Set(Ref{ID: 1}), new(int64(1))},
	} {
		got, broken := MemberPatch{View: c.view, Rank: c.ref}.Apply(Member{RankID: c.before}, patchContext())
		if diff := cmp.Diff(c.want, got.RankID); diff != "" || broken != nil {
			t.Errorf("%s: %v (-want +got):\n%s", c.name, broken, diff)
		}
	}
}

func TestPatchedStaffRanks(t *testing.T) {
	t.Parallel()
	linked := patchContext()
	linked.HeadquartersLinked = true
	for _, c := range []struct {
		name   string
		ref    Field[Ref]
		in     PatchContext
		want   *int64
		broken []Reason
	}{
		{"absent", Field[Ref]{}, patchContext(), new(int64(1)), nil},
		{"null", Null[Ref](), patchContext(), nil, nil},
		{"name", Set(Ref{Name: "役員 "}), patchContext(), new(int64(2)), nil},
		{"unknown", Set(Ref{Name: "部長"}), patchContext(), nil, []Reason{ReasonStaffRankUnknown}},
		// ※会員本部連携を行う契約の場合、リクエストで指定された値に関わらずnullが設定されます。
		{"linked to headquarters", Set(Ref{Name: "役員"}), linked, nil, nil},
		{"unknown, linked to headquarters", Set(Ref{Name: "部長"}), linked, nil, nil},
		{"absent, linked to headquarters", Field[Ref]{}, linked, new(int64(1)), nil},
	} {
		got, broken := MemberPatch{StaffRank: c.ref}.Apply(Member{StaffRankID: new(int64(1))}, c.in)
		if diff := cmp.Diff(c.broken, reasons(broken)); diff != "" {
			t.Errorf("%s: rules broken (-want +got):\n%s", c.name, diff)
		}
		if diff := cmp.Diff(c.want, got.StaffRankID); len(broken) == 0 && diff != "" {
			t.Errorf("%s: staff rank (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestPatchedStore(t *testing.T) {
	t.Parallel()
	linked, bound := patchContext(), patchContext()
	linked.HeadquartersLinked, bound.CallerStore = true, new(int64(1))
	for _, c := range []struct {
		name   string
		store  Field[int64]
		in     PatchContext
		want   *int64
		broken []Reason
	}{
		{"absent", Field[int64]{}, patchContext(), new(int64(1)), nil},
		{"null is all stores", Null[int64](), patchContext(), nil, nil},
		{"a shop", Set(int64(2)), patchContext(), new(int64(2)), nil},
		{"a warehouse", Set(int64(3)), patchContext(), nil, []Reason{ReasonStoreNotForMembers}},
		{"an order-receiving store", Set(int64(4)), patchContext(), nil, []Reason{ReasonStoreNotForMembers}},
		{"unknown", Set(int64(9)), patchContext(), nil, []Reason{ReasonStoreUnknown}},
		{"linked to headquarters: all stores", Set(int64(2)), linked, nil, nil},
		{"linked to headquarters: whatever is named", Set(int64(3)), linked, nil, nil},
		{"the caller's own store", Set(int64(1)), bound, new(int64(1)), nil},
		{"the caller is bound to another", Set(int64(2)), bound, nil, []Reason{ReasonStoreUnknown}},
		{"a bound caller's warehouse elsewhere", Set(int64(3)), bound, nil, []Reason{ReasonStoreUnknown}},
		{"a bound caller gives the member to all", Null[int64](), bound, nil, []Reason{ReasonStoreUnknown}},
	} {
		got, broken := MemberPatch{Store: c.store}.Apply(Member{StoreID: new(int64(1))}, c.in)
		if diff := cmp.Diff(c.broken, reasons(broken)); diff != "" {
			t.Errorf("%s: rules broken (-want +got):\n%s", c.name, diff)
		}
		if diff := cmp.Diff(c.want, got.StoreID); len(broken) == 0 && diff != "" {
			t.Errorf("%s: store (-want +got):\n%s", c.name, diff)
		}
	}
}

// TestStoreThatIsNoShopAnyMore writes back what was read of a member whose store has become a warehouse since.
func TestStoreThatIsNoShopAnyMore(t *testing.T) {
	t.Parallel()
	in := patchContext()
	warehouse := in.Stores[slices.IndexFunc(in.Stores, func(s Store) bool { return s.Kind != StoreShop })].ID
	for _, caller := range []*int64{nil, &warehouse} {
		in.CallerStore = caller
		got, broken := MemberPatch{Store: Set(warehouse)}.Apply(Member{StoreID: &warehouse}, in)
		if len(broken) > 0 || got.StoreID == nil || *got.StoreID != warehouse {
			t.Errorf("store %v, refused for %v", got.StoreID, broken)
		}
	}
	in.CallerStore = new(warehouse + 1)
	if _, broken := (MemberPatch{Store: Set(warehouse)}).Apply(Member{StoreID: &warehouse}, in); len(broken) != 1 {
		t.Errorf("a caller of another store is refused for %v", broken)
	}
}

// TestBrokenRulesAreInOrder checks the order of the table on the Smaregi page: rank, staff rank, status, store.
func TestBrokenRulesAreInOrder(t *testing.T) {
	t.Parallel()
	p := MemberPatch{
		View: SmaregiView, Rank: Set(Ref{ID: 9}), StaffRank: Set(Ref{ID: 9}), LeaveDate: Set(today), Store: Set(int64(9)),
	}
	_, broken := p.Apply(Member{Status: Active}, patchContext())
	want := []Reason{ReasonRankUnknown, ReasonStaffRankUnknown, ReasonActiveWithLeaveDate, ReasonStoreUnknown}
	if diff := cmp.Diff(want, reasons(broken)); diff != "" {
		t.Errorf("rules broken (-want +got):\n%s", diff)
	}
}

func reasons(broken Refusals) (list []Reason) {
	for _, e := range broken {
		list = append(list, e.Reason)
	}
	return list
}

// TestDoubts checks that a doubtful value is refused where the member has another, and only there.
func TestDoubts(t *testing.T) {
	t.Parallel()
	refusal := &Error{Kind: Invalid, Reason: ReasonForm, Field: "phone"}
	p := MemberPatch{Doubts: []Doubt{{refusal, func(now *Member) bool { return Deref(now.Phone) == "内線1" }}}}
	if _, broken := p.Apply(Member{Status: Active, Phone: new("内線1")}, patchContext()); broken != nil {
		t.Errorf("what the member has is refused: %v", broken)
	}
	if _, broken := p.Apply(Member{Status: Active}, patchContext()); len(broken) != 1 || broken[0] != refusal {
		t.Errorf("what the member does not have is refused for %v, want %v", broken, refusal)
	}
}

// TestHalfAPointUnit gives one half of the point unit. It is refused, but not where that is the stored value.
func TestHalfAPointUnit(t *testing.T) {
	t.Parallel()
	whole := Member{Status: Active, PointUnitPrice: new(int64(100)), PointUnit: new(Hundredths(150))}
	for _, c := range []struct {
		name   string
		patch  MemberPatch
		member Member
		field  string // blamed; "": nothing
	}{
		{"price alone", MemberPatch{PointUnitPrice: Set(int64(100))}, Member{Status: Active}, "point_unit"},
		{"points alone", MemberPatch{PointUnit: Set(Hundredths(150))}, Member{Status: Active}, "point_unit_price"},
		{"one is cleared", MemberPatch{PointUnitPrice: Set(int64(100)), PointUnit: Null[Hundredths]()}, whole, "point_unit"},
		{"another price", MemberPatch{PointUnitPrice: Set(int64(200))}, whole, "point_unit"},
		{"the stored price", MemberPatch{PointUnitPrice: Set(int64(100))}, whole, ""},
		{"both", MemberPatch{PointUnitPrice: Set(int64(200)), PointUnit: Set(Hundredths(50))}, whole, ""},
		{"neither", MemberPatch{}, whole, ""},
	} {
		_, broken := c.patch.Apply(c.member, patchContext())
		var want []Reason
		if c.field != "" {
			want = []Reason{ReasonUnitPair}
		}
		if diff := cmp.Diff(want, reasons(broken)); diff != "" || c.field != "" && broken[0].Field != c.field {
			t.Errorf("%s: refused for %v, want the field %q", c.name, broken, c.field)
		}
	}
}

// TestWritingBackChangesNothing reads a member through each view and writes back all of what was read.
func TestWritingBackChangesNothing(t *testing.T) {
	t.Parallel()
	for _, view := range []View{Canonical, SmaregiView, ReCOREView} {
		rapid.Check(t, func(t *rapid.T) {
			stored := anyMember().Draw(t, "member")
			before := clone(t, stored)
			p := patchOf(t, seenBy(view, stored))
			p.ID, p.View = stored.ID, view
			after, broken := p.Apply(stored, patchContext())
			if len(broken) > 0 {
				t.Errorf("view %d: what was read breaks %v", view, broken)
			}
			if diff := cmp.Diff(before, after); diff != "" {
				t.Errorf("view %d: writing back changes (-before +after):\n%s", view, diff)
			}
			if diff := cmp.Diff(before, stored); diff != "" {
				t.Errorf("view %d: Apply changed what it was given:\n%s", view, diff)
			}
		})
	}
}

// seenBy is a member as a view shows it: the values of a patch by their canonical names.
func seenBy(view View, m Member) map[string]any {
	seen := make(map[string]any)
	for _, c := range memberColumns {
		seen[c.Name] = c.Ref(&m)
	}
	for column, field := range map[string]string{"rank_id": "rank", "staff_rank_id": "staff_rank"} {
		seen[field] = nil
		if id := *seen[column].(**int64); id != nil {
			seen[field] = Ref{ID: *id}
		}
		delete(seen, column)
	}
	seen["store"] = m.StoreID
	delete(seen, "store_id")
	delete(seen, "last_visit_at")
	seen["status"], seen["sex"] = view.Status(m.Status), view.Sex(m.Sex)
	if view == SmaregiView {
		delete(seen, "prefecture")
		delete(seen, "address1")
		delete(seen, "address2")
		seen["address"] = m.Address()
	}
	return seen
}

// patchOf returns the patch that sets each value, or clears it if it is nil.
func patchOf(t *rapid.T, values map[string]any) (p MemberPatch) {
	t.Helper()
	data, err := json.Marshal(values)
	if err == nil {
		err = json.Unmarshal(data, &p)
	}
	if err != nil {
		t.Fatalf("making a patch of %v: %v", values, err)
	}
	return p
}

// TestPatchChangesOnlyWhatItNames applies any part of another member's values. The leave date may follow the status.
func TestPatchChangesOnlyWhatItNames(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		stored := anyMember().Draw(t, "member")
		before := clone(t, stored)
		view := rapid.SampledFrom([]View{Canonical, SmaregiView, ReCOREView}).Draw(t, "view")
		p, named := anyPatch(t, view)
		after, _ := p.Apply(stored, patchContext())
		for _, c := range ChangedColumns(&before, &after) {
			if !slices.Contains(named, c.Name) {
				t.Errorf("view %d: a patch of %v changes %s", view, named, c.Name)
			}
		}
		if after.ID != before.ID || !after.UpdatedAt.Equal(before.UpdatedAt) {
			t.Error("Apply changed the id or a time")
		}
		if diff := cmp.Diff(before, stored); diff != "" {
			t.Errorf("Apply changed what it was given:\n%s", diff)
		}
	})
}

// anyPatch draws a patch, with the columns that it may change.
func anyPatch(t *rapid.T, view View) (p MemberPatch, columns []string) {
	t.Helper()
	values := seenBy(view, anyMember().Draw(t, "values"))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		switch rapid.SampledFrom([]string{"absent", "absent", "null", "value"}).Draw(t, name) {
		case "absent":
			delete(values, name)
			continue
		case "null":
			values[name] = nil
		}
		switch name {
		case "address":
			columns = append(columns, "prefecture", "address1", "address2")
		case "rank", "staff_rank", "store":
			columns = append(columns, name+"_id")
		case "status":
			columns = append(columns, name, "leave_date")
		default:
			columns = append(columns, name)
		}
	}
	p = patchOf(t, values)
	p.ID, p.View = rapid.Int64Range(1, 9_999_999_999).Draw(t, "id"), view
	return p, columns
}

// TestPatchNamesColumns checks that the JSON names of a patch, in which bulk requests are stored, are those of the
// columns.
func TestPatchNamesColumns(t *testing.T) {
	t.Parallel()
	for _, c := range memberColumns {
		if strings.HasSuffix(c.Name, "_id") && c.Name != "line_user_id" && c.Name != "shopify_customer_id" || c.Name == "last_visit_at" {
			continue // not set by its own name
		}
		var p MemberPatch
		if err := json.Unmarshal([]byte(`{"`+c.Name+`":null}`), &p); err != nil {
			t.Fatal(err)
		}
		data, err := json.Marshal(p)
		if want := `{"id":0,"` + c.Name + `":null}`; err != nil || string(data) != want {
			t.Errorf("a patch that clears %s is stored as %s, error %v; want %s", c.Name, data, err, want)
		}
	}
}
