package shop_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"noren"
	"noren/app/access"
	"noren/app/apptest"
	"noren/app/shop"
)

// Every write of a shop file is in the audit log, no secret is, and applying the file again writes nothing.
func TestApplyShopIsAudited(t *testing.T) {
	t.Parallel()
	rooms, engine := apptest.Rooms(t)
	if _, err := rooms.Shop.Apply(t.Context(), apptest.ShopWithEverything()); err != nil {
		t.Fatal(err)
	}
	first := apptest.AuditOf(t, engine)
	subjects := make(map[string]int)
	for _, e := range first {
		subjects[e.Subject]++
		if e.Dialect != noren.Operator || e.ClientID != nil {
			t.Errorf("entry %+v is not the operator's", e)
		}
		if text := string(e.Changes); strings.Contains(text, "hidden") || strings.Contains(text, "whsec_") || strings.Contains(text, "argon2") {
			t.Errorf("a secret is in the audit log: %s", text)
		}
	}
	for _, subject := range []string{
		"tenant", "ranks", "staff ranks", "stores", "products", "member", "purchase", "signing key", "console users", "client",
	} {
		if subjects[subject] != 1 {
			t.Errorf("%d entries for %s, want 1", subjects[subject], subject)
		}
	}
	report, err := rooms.Shop.Apply(t.Context(), apptest.ShopWithEverything())
	if err != nil || report.Changed() {
		t.Errorf("the second time: %+v, %v", report.Lines, err)
	}
	if again := apptest.AuditOf(t, engine); len(again) != len(first) {
		t.Errorf("the second time wrote %d entries", len(again)-len(first))
	}
}

// A code that is taken is reported with its row in the file, whatever else is in the file.
func TestApplyShopNamesTheRowOfAConflict(t *testing.T) {
	t.Parallel()
	rooms, _ := apptest.Rooms(t)
	wanted := apptest.ShopWithEverything()
	wanted.Members[0].AliasCode = noren.Set("taken")
	wanted.Members = append(wanted.Members, noren.MemberPatch{ID: 8, Code: noren.Set("MB8")})
	if _, err := rooms.Shop.Apply(t.Context(), wanted); err != nil {
		t.Fatal(err)
	}
	for name, members := range map[string][]noren.MemberPatch{
		"a new member":     {{ID: 7, LastName: noren.Set("佐藤")}, {ID: 9, Code: noren.Set("MB9")}, {ID: 10, Code: noren.Set("MB7")}},
		"a changed member": {{ID: 11, Code: noren.Set("MB11")}, {ID: 7, LastName: noren.Set("佐藤")}, {ID: 8, AliasCode: noren.Set("taken")}},
	} {
		_, err := rooms.Shop.Apply(t.Context(), shop.Shop{Contract: "sb_test", Members: members})
		if e, ok := errors.AsType[*noren.Error](err); !ok || e.Kind != noren.Conflict || e.Row != 3 {
			t.Errorf("%s: %v, want a conflict in row 3", name, err)
		}
	}
}

// A member of a shop file is judged as any other: half a point unit is refused.
func TestApplyShopRefusesHalfAPointUnit(t *testing.T) {
	t.Parallel()
	rooms, _ := apptest.Rooms(t)
	wanted := apptest.ShopWithEverything()
	wanted.Members[0].PointUnitPrice, wanted.Members[0].PointUnit = noren.Set(int64(100)), noren.Field[noren.Hundredths]{}
	_, err := rooms.Shop.Apply(t.Context(), wanted)
	if e, ok := errors.AsType[*noren.Error](err); !ok || e.Reason != noren.ReasonUnitPair || e.Row != 1 {
		t.Errorf("%v, want half a point unit to be refused in row 1", err)
	}
}

// Judging writes nothing, changes nothing of what it is given, and finds what applying finds.
func TestJudge(t *testing.T) {
	t.Parallel()
	rooms, engine := apptest.Rooms(t)
	wanted := apptest.ShopWithEverything()
	wanted.Products = append(wanted.Products, noren.Product{Code: "unnumbered", Name: "x"})
	given := len(wanted.Products) - 1
	if err := rooms.Shop.Judge(t.Context(), wanted); err != nil {
		t.Fatal(err)
	}
	if wanted.Products[given].ID != 0 {
		t.Error("judging has numbered a product")
	}
	if entries := apptest.AuditOf(t, engine); len(entries) != 0 {
		t.Errorf("judging has written %v", entries)
	}
	if report, err := rooms.Shop.Apply(t.Context(), wanted); err != nil || report.Lines[0].Created != 1 {
		t.Errorf("applying what was judged: %+v, %v", report, err)
	}
	wanted.Members = append(wanted.Members, noren.MemberPatch{ID: 999, Code: noren.Set("x"), Rank: noren.Set(noren.Ref{ID: 99})})
	judged := rooms.Shop.Judge(t.Context(), wanted)
	if _, err := rooms.Shop.Apply(t.Context(), wanted); err == nil || judged == nil || judged.Error() != err.Error() {
		t.Errorf("judged %v, applied %v", judged, err)
	}
}

// A token that the file replaces is reported and in the audit log, and applying it again is not.
func TestApplyReplacesATokenVisibly(t *testing.T) {
	t.Parallel()
	rooms, engine := apptest.Rooms(t)
	apply := func(token string) string {
		t.Helper()
		report, err := rooms.Shop.Apply(t.Context(), shop.Shop{
			Contract: "t", Clients: []access.ClientSpec{{Name: "clerk", Dialect: noren.Smaregi, Kind: noren.UserClient, AccessToken: token}},
		})
		if err != nil {
			t.Fatal(err)
		}
		line := report.Lines[len(report.Lines)-1]
		return fmt.Sprint(line.Created, line.Updated, line.Unchanged)
	}
	for _, c := range []struct{ token, want string }{{"one-one-one-one-1", "1 0 0"}, {"one-one-one-one-1", "0 0 1"}, {"two-two-two-two-2", "0 1 0"}, {"two-two-two-two-2", "0 0 1"}} {
		if got := apply(c.token); got != c.want {
			t.Errorf("%s: %s, want %s", c.token, got, c.want)
		}
	}
	replaced := 0
	for _, e := range apptest.AuditOf(t, engine) {
		if string(e.Changes) == `{"secret":[null,"rotated"]}` && e.SubjectID == "clerk" {
			replaced++
		}
		if strings.Contains(string(e.Changes), "two-two") {
			t.Errorf("the log has the token: %s", e.Changes)
		}
	}
	if replaced != 1 {
		t.Errorf("the log says %d times that the token was replaced", replaced)
	}
}
