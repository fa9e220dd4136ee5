package members_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"noren"
	"noren/app/apptest"
	"noren/app/points"
)

// TestPointHistory checks lots in the order in which they expire, movements with the newest first, and pages.
func TestPointHistory(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	for i, expires := range []noren.Field[noren.Date]{noren.Null[noren.Date](), noren.Set(noren.Date("2026-12-31"))} {
		give := points.Adjustment{
			Query: noren.MemberQuery{IDs: []int64{1}}, Mode: points.Add, Amount: int64(10 + i), Type: noren.DefaultPoint, ExpiresOn: expires,
		}
		if _, err := b.Points.Adjust(b.Ctx, b.Caller, give, nil); err != nil {
			t.Fatal(err)
		}
	}
	h, err := b.Points.History(b.Ctx, b.Caller, 1, noren.Page{})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, l := range h.Lots {
		lines = append(lines, fmt.Sprint("lot ", l.Remaining))
	}
	for _, e := range h.Entries {
		lines = append(lines, fmt.Sprint("entry ", e.Delta, " by ", h.Clients[*e.ClientID]))
	}
	apptest.Same(t, "the history", []string{"lot 11", "lot 10", "entry 11 by api", "entry 10 by api"}, lines)
	second, err := b.Points.History(b.Ctx, b.Caller, 1, noren.Page{Limit: 1, Offset: 1})
	if err != nil || len(second.Entries) != 1 || second.Entries[0].Delta != 10 || len(second.Staff) != 2 {
		t.Errorf("the second page is %+v, error %v", second, err)
	}
}

// TestMemberHistory checks that only the entries of this member are returned.
func TestMemberHistory(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	for _, id := range []int64{1, 2} {
		if _, _, err := b.Members.Update(b.Ctx, b.Caller, []noren.MemberPatch{{ID: id, Note: noren.Set(fmt.Sprint("note ", id))}}, nil); err != nil {
			t.Fatal(err)
		}
	}
	h, err := b.Members.History(b.Ctx, b.Caller, 1, noren.Page{Limit: 1})
	if err != nil || len(h.Events) != 1 || string(h.Events[0].Changes) != `{"note":[null,"note 1"]}` || h.Clients[*h.Events[0].ClientID] != "api" {
		t.Errorf("%+v, error %v", h, err)
	}
}

// TestMovementsInTheHistory checks that movements of the member's points stand among the changes, in the order of their times, however
// the list is cut into pages, and whether a call was about this member alone or about several.
func TestMovementsInTheHistory(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	for i := range int64(4) {
		b.Clock.Advance(time.Minute)
		if _, _, err := b.Members.Update(b.Ctx, b.Caller, []noren.MemberPatch{{ID: 1, Note: noren.Set(fmt.Sprint("note ", i))}}, nil); err != nil {
			t.Fatal(err)
		}
		b.Clock.Advance(time.Minute)
		give := points.Adjustment{
			Query: noren.MemberQuery{IDs: []int64{1, 2}[:1+i%2]}, Mode: points.Add, Amount: 10 + i, Type: noren.DefaultPoint,
		}
		if _, err := b.Points.Adjust(b.Ctx, b.Caller, give, nil); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"+13", "note 3", "+12", "note 2", "+11", "note 1", "+10", "note 0"}
	for _, limit := range []int{0, 1, 3, 8, 50} {
		var lines []string
		for offset := 0; offset == 0 || limit > 0 && offset < len(want); offset += limit {
			h, err := b.Members.History(b.Ctx, b.Caller, 1, noren.Page{Limit: limit, Offset: offset})
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range h.Events {
				var changes map[string][2]any
				switch _ = json.Unmarshal(e.Changes, &changes); {
				case e.ClientID == nil: // the shop file that made the member
				case h.Clients[*e.ClientID] != "api":
					t.Errorf("by %v", e.ClientID)
				case e.Points != nil:
					lines = append(lines, fmt.Sprintf("%+d", e.Points.Delta))
				case changes["note"][1] != nil:
					lines = append(lines, fmt.Sprint(changes["note"][1]))
				}
			}
			if limit == 0 {
				break
			}
		}
		apptest.Same(t, fmt.Sprint("in pages of ", limit), want, lines)
	}
}

// TestHistoriesOfStores checks that a caller restricted to one store cannot see members of others.
func TestHistoriesOfStores(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	for store, kind := range map[int64]noren.Kind{1: noren.NotFound, 2: noren.Internal} { // Internal: no error
		_, err := b.Points.History(b.Ctx, b.InStore(store), 3, noren.Page{})
		_, err2 := b.Members.History(b.Ctx, b.InStore(store), 3, noren.Page{})
		for _, err := range []error{err, err2} {
			if (err != nil) != (kind == noren.NotFound) || err != nil && noren.KindOf(err) != kind {
				t.Errorf("store %d: %v", store, err)
			}
		}
		c, err := b.Stock.Catalogue(b.Ctx, b.InStore(store))
		if err != nil || len(c.Stores) != 1 || c.Stores[0].ID != store || len(c.Ranks) != 2 {
			t.Errorf("store %d is offered %+v, error %v", store, c, err)
		}
	}
	if c, err := b.Stock.Catalogue(b.Ctx, b.Caller); err != nil || len(c.Stores) != 2 {
		t.Errorf("%+v, error %v", c, err)
	}
}
