package easypoints

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"noren"
	"noren/wire"
)

// pos sends a request as the Smaregi client, and applies what it was accepted for.
func (b *bundle) pos(method, path, body string) answer {
	b.Helper()
	a := b.Do(request{Method: method, Path: path, As: "pos", Body: body})
	if method == http.MethodPatch && a.Status == http.StatusAccepted {
		b.ApplyLane(shopA)
	}
	return a
}

// ranksOf is the rank of the member with the id and the Shopify id, as Smaregi, ReCORE and easyPoints show it.
func (b *bundle) ranksOf(id, customer string) string {
	b.Helper()
	var smaregi struct{ Rank *string }
	if err := json.Unmarshal([]byte(b.pos("GET", "/customers/"+id, "").Body), &smaregi); err != nil {
		b.Fatal(err)
	}
	var recore struct{ Rank *struct{ Name string } }
	if err := json.Unmarshal([]byte(b.recore("GET", "/members/"+id, "").Body), &recore); err != nil {
		b.Fatal(err)
	}
	shown := []any{"none", "none", b.tierOf(customer)["tier"]}
	if smaregi.Rank != nil {
		shown[0] = *smaregi.Rank
	}
	if recore.Rank != nil {
		shown[1] = recore.Rank.Name
	}
	return fmt.Sprintf("%q", shown)
}

// A rank set through one dialect is the rank that the others show a moment later.
func TestOneRankInAllDialects(t *testing.T) {
	t.Parallel()
	b := setup(t, gold)
	if got, want := b.ranksOf("2", otherCustomer), `["none" "none" "Bronze"]`; got != want {
		t.Errorf("at first: %s, want %s", got, want)
	}
	for _, step := range []struct {
		name string
		set  func() answer
		want string
	}{
		{"easyPoints", func() answer {
			return b.Do(request{Method: "POST", Path: onePath + otherCustomer + "/tiers", As: "a", Body: `{"tier":"silver"}`})
		}, `["Silver " "Silver " "Silver "]`},
		{"ReCORE", func() answer { return b.recore("PUT", "/members/2", `{"member_rank_id":3}`) }, `["Gold" "Gold" "Gold"]`},
		{"easyPoints, by number", func() answer {
			return b.Do(request{Method: "POST", Path: onePath + otherCustomer, As: "a", Body: `{"tier":1}`})
		}, `["Bronze" "Bronze" "Bronze"]`},
		{"Smaregi", func() answer {
			return b.pos("PATCH", "/customers/bulk", `{"customers":[{"customerId":2,"rank":"gold"}],"callbackUrl":"https://example.com"}`)
		}, `["Gold" "Gold" "Gold"]`},
		{"ReCORE, to none", func() answer { return b.recore("PUT", "/members/2", `{"member_rank_id":null}`) }, `["none" "none" "Bronze"]`},
	} {
		if a := step.set(); a.Status >= 300 {
			t.Fatalf("%s: %d %s", step.name, a.Status, a.Body)
		}
		if got := b.ranksOf("2", otherCustomer); got != step.want {
			t.Errorf("%s: %s, want %s", step.name, got, step.want)
		}
	}
}

// Sending back what GET shows changes nothing, whichever dialect set it, even for a member without a rank.
func TestWritingBackChangesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, gold)
	rapid.Check(t, func(rt *rapid.T) {
		rank := rapid.SampledFrom([]string{"null", "1", "2", "3"}).Draw(rt, "rank")
		minimum := rapid.SampledFrom([]string{"null", "1", "2", `"GOLD "`}).Draw(rt, "minimum")
		skip := rapid.Bool().Draw(rt, "skip")
		if a := b.recore("PUT", "/members/2", `{"member_rank_id":`+rank+`}`); a.Status != http.StatusOK {
			rt.Fatalf("%d %s", a.Status, a.Body)
		}
		b.post(onePath+otherCustomer, fmt.Sprintf(`{"minimum_tier":%s,"skip_next_check":%v}`, minimum, skip))
		before, stored := b.get(onePath+otherCustomer+"/tier"), b.stored(2)
		data := b.tierOf(otherCustomer)
		back := wire.Map{}
		for _, name := range []string{"tier", "minimum_tier", "skip_next_check"} {
			value, err := json.Marshal(data[name])
			if err != nil {
				rt.Fatal(err)
			}
			back = append(back, wire.P(name, wire.Raw(value)))
		}
		b.post(onePath+otherCustomer+"/tiers", string(wire.JSON(back)))
		if diff := cmp.Diff(before, b.get(onePath+otherCustomer+"/tier")); diff != "" {
			rt.Fatal(diff)
		}
		if diff := cmp.Diff(stored, b.stored(2)); diff != "" {
			rt.Fatalf("what is stored: %s", diff)
		}
	})
}

// stored is the member as it is kept.
func (b *bundle) stored(id int64) noren.Member {
	b.Helper()
	c, err := b.Rooms.Access.CallerByKey(b.Context(), noren.EasyPoints, "app-A")
	if err != nil {
		b.Fatal(err)
	}
	list, err := b.Rooms.Members.Get(b.Context(), c, id)
	if err != nil {
		b.Fatal(err)
	}
	return list.Items[0]
}

// Whatever people do in the console is manual; expiry belongs to nobody.
func TestTypesOfAllotments(t *testing.T) {
	t.Parallel()
	for entry, want := range map[noren.PointEntry]string{
		{Kind: noren.PointsGranted, Dialect: "console"}:                                      typeManual,
		{Kind: noren.PointsUsed, Dialect: "console"}:                                         typeManual,
		{Kind: noren.PointsUsed, Dialect: "recore"}:                                          typeAPI,
		{Kind: noren.PointsGranted, Dialect: "easypoints"}:                                   typeAPI,
		{Kind: noren.PointsExpired, Dialect: "noren"}:                                        typeExpiration,
		{Kind: noren.PointsGranted, Dialect: "shopify", Purchase: noren.PurchaseRef{ID: 1}}:  typeFulfillment,
		{Kind: noren.PointsReturned, Dialect: "console", Purchase: noren.PurchaseRef{ID: 1}}: typeFulfillment,
	} {
		if got := (allotment{PointEntry: entry}).kind(); got != want {
			t.Errorf("%+v: %s, want %s", entry, got, want)
		}
		for _, asked := range []string{typeManual, typeAPI, typeExpiration, typeFulfillment} {
			var f noren.PointEntryFilter
			selectType(&f, asked)
			if selected(f, entry) != (asked == want) {
				t.Errorf("%+v is listed as %s: %v", entry, asked, asked != want)
			}
		}
	}
}

// selected reports whether the filter finds the entry.
func selected(f noren.PointEntryFilter, e noren.PointEntry) bool {
	has := func(list []string, one string) bool {
		if slices.Contains(list, one) {
			return true
		}
		return list == nil
	}
	var kinds []string
	for _, k := range f.Kinds {
		kinds = append(kinds, string(k))
	}
	return has(kinds, string(e.Kind)) && has(f.Dialects, e.Dialect) && (f.Earned == nil || *f.Earned == (e.Purchase.ID != 0))
}
