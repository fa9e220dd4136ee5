package members_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"noren"
	"noren/app/apptest"
	"noren/app/members"
)

func TestCreateMembers(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	list := apptest.Create(t, b,
		noren.MemberPatch{LastName: noren.Set("山田"), Rank: noren.Set(noren.Ref{ID: 2}), Status: noren.Set(noren.Left)},
		noren.MemberPatch{},
		noren.MemberPatch{Code: noren.Set("MINE"), View: noren.ReCOREView, Status: noren.Set(noren.Active), AliasCode: noren.Set("A2")},
	)
	left, plain, mine := list.Items[0], list.Items[1], list.Items[2]
	apptest.Same(t, "ids, in the order of the patches", []int64{4, 5, 6}, []int64{left.ID, plain.ID, mine.ID})
	apptest.Same(t, "the number of ranks beside them", 2, len(list.Ranks))
	apptest.Same(t, "the rank", new(int64(2)), left.RankID)
	apptest.Same(t, "the leave date of one who left", new(noren.Date("2026-01-31")), left.LeaveDate)
	apptest.Same(t, "a status that is not given", noren.Tentative, plain.Status)
	apptest.Same(t, "a code that is given", "MINE", mine.Code)
	apptest.Same(t, "when they were made", b.Clock.Read().UTC(), plain.CreatedAt)
	if len(plain.Code) != 12 || !strings.HasPrefix(plain.Code, "MB") || plain.Code == left.Code || !plain.MailOptIn {
		t.Errorf("a member of whom nothing is given: %+v", plain)
	}
	apptest.Same(t, "the audit", 3, len(b.Audited(t, "member")))

	bound, _, err := b.Members.Create(b.Ctx, b.InStore(2), []noren.MemberPatch{{}}, noren.Active, nil)
	if err != nil || *bound.Items[0].StoreID != 2 {
		t.Errorf("a member of a caller of one store: %+v, %v", bound.Items, err)
	}
	b.Sound(t)
}

func TestCreateMembersAllOrNone(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	before := apptest.Members(t, b)
	create := func(patches ...noren.MemberPatch) error {
		_, _, err := b.Members.Create(b.Ctx, b.Caller, patches, noren.Active, nil)
		return err
	}
	apptest.Refused(t, "what is unknown, in each row",
		create(noren.MemberPatch{}, noren.MemberPatch{Rank: noren.Set(noren.Ref{ID: 9}), Store: noren.Set(int64(9))},
			noren.MemberPatch{LeaveDate: noren.Set(noren.Date("2026-01-01"))}),
		apptest.Refusal{Row: 2, Field: "rank", Reason: noren.ReasonRankUnknown},
		apptest.Refusal{Row: 2, Field: "store", Reason: noren.ReasonStoreUnknown},
		apptest.Refusal{Row: 3, Field: "leave_date", Reason: noren.ReasonActiveWithLeaveDate},
	)
	apptest.Refused(t, "an alias code that is taken",
		create(noren.MemberPatch{}, noren.MemberPatch{AliasCode: noren.Set("A1")}),
		apptest.Refusal{Row: 2, Field: "alias_code", Value: "A1"})
	apptest.Refused(t, "an alias code that an earlier row takes",
		create(noren.MemberPatch{AliasCode: noren.Set("A2")}, noren.MemberPatch{AliasCode: noren.Set("A2")}),
		apptest.Refusal{Row: 2, Field: "alias_code", Value: "A2"})
	apptest.Same(t, "the members", before, apptest.Members(t, b))
	apptest.Same(t, "the next id: numbers that were not used are given again", int64(4), apptest.Create(t, b, noren.MemberPatch{}).Items[0].ID)
	b.Sound(t)
}

func TestUpdateMembers(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	b.Clock.Set(t, "2026-02-01 00:00:00")
	list, _, err := b.Members.Update(b.Ctx, b.Caller, []noren.MemberPatch{
		{ID: 3, Note: noren.Set("third")},
		{ID: 1, AliasCode: noren.Null[string](), Status: noren.Set(noren.Left)},
		{ID: 2, Code: noren.Set("M2")}, // says what is so already
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	third, first, second := list.Items[0], list.Items[1], list.Items[2]
	apptest.Same(t, "the order of the patches", []int64{3, 1, 2}, []int64{third.ID, first.ID, second.ID})
	apptest.Same(t, "the note", new("third"), third.Note)
	apptest.Same(t, "the leave date", new(noren.Date("2026-02-01")), first.LeaveDate)
	if first.AliasCode != nil || !first.UpdatedAt.Equal(b.Clock.Read()) {
		t.Errorf("the first member: %+v", first)
	}
	if second.UpdatedAt.Equal(b.Clock.Read()) {
		t.Error("a member that did not change was written")
	}
	apptest.Same(t, "the audit", []string{
		`recore r1 3 {"note":[null,"third"]}`,
		`recore r1 1 {"alias_code":["A1",null],"leave_date":[null,"2026-02-01"],"status":["ACTIVE","LEFT"]}`,
	}, b.Audited(t, "member"))
	b.Sound(t)
}

func TestUpdateMembersAllOrNone(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	before := apptest.Members(t, b)
	update := func(c noren.Caller, patches ...noren.MemberPatch) error {
		_, _, err := b.Members.Update(b.Ctx, c, patches, nil)
		return err
	}
	note := noren.Set("changed")
	apptest.Refused(t, "unknown ids, one twice and a rule",
		update(b.Caller, noren.MemberPatch{ID: 1, Note: note}, noren.MemberPatch{ID: 99}, noren.MemberPatch{ID: 1}, noren.MemberPatch{ID: 98},
			noren.MemberPatch{ID: 2, StaffRank: noren.Set(noren.Ref{ID: 7})}),
		apptest.Refusal{Row: 2, Field: "id", Value: "99", Reason: noren.ReasonMemberUnknown},
		apptest.Refusal{Row: 3, Field: "id", Value: "1", Reason: noren.ReasonDuplicate},
		apptest.Refusal{Row: 4, Field: "id", Value: "98", Reason: noren.ReasonMemberUnknown},
		apptest.Refusal{Row: 5, Field: "staff_rank", Reason: noren.ReasonStaffRankUnknown},
	)
	apptest.Refused(t, "a member of another store",
		update(b.InStore(1), noren.MemberPatch{ID: 1, Note: note}, noren.MemberPatch{ID: 3, Note: note}),
		apptest.Refusal{Row: 2, Field: "id", Value: "3", Reason: noren.ReasonMemberUnknown})
	apptest.Refused(t, "a taken code, behind a row that changes nothing",
		update(b.Caller, noren.MemberPatch{ID: 1, AliasCode: noren.Set("A1")}, noren.MemberPatch{ID: 2, Note: note}, noren.MemberPatch{ID: 3, AliasCode: noren.Set("A1")}),
		apptest.Refusal{Row: 3, Field: "alias_code", Value: "A1"})
	apptest.Same(t, "the members", before, apptest.Members(t, b))
	apptest.Same(t, "the audit", []string{}, b.Audited(t, "member"))
}

func TestMembersOnce(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	show := func(result any) string {
		list := result.(members.List)
		return fmt.Sprint("made ", list.Items[0].ID)
	}
	patches := []noren.MemberPatch{{LastName: noren.Set("山田")}}
	list, kept, err := b.Members.Create(b.Ctx, b.Caller, patches, noren.Active, apptest.Once("key", "body", show))
	if err != nil || kept != nil || len(list.Items) != 1 {
		t.Fatalf("the first: %v, %v, %v", list.Items, kept, err)
	}
	_, kept, err = b.Members.Create(b.Ctx, b.Caller, patches, noren.Active, apptest.Once("key", "body", show))
	if err != nil || kept == nil || string(kept.Body) != "made 4" {
		t.Fatalf("the same again: %v, %v", kept, err)
	}
	apptest.Same(t, "the number of members", 4, len(apptest.Members(t, b)))
}

func TestMembersAreMadeOnceThoughTheAnswerIsLost(t *testing.T) {
	t.Parallel()
	b := apptest.SetupOn(t, func(e noren.Engine) noren.Engine { return apptest.LostAnswers{Engine: e} })
	list := apptest.Create(t, b, noren.MemberPatch{LastName: noren.Set("山田")}, noren.MemberPatch{})
	apptest.Same(t, "the members in the result", 2, len(list.Items))
	apptest.Same(t, "the members", 5, len(apptest.Members(t, b)))
	if !slices.Contains(apptest.Members(t, b), fmt.Sprintf("4 %s TENTATIVE 山田", list.Items[0].Code)) {
		t.Errorf("the member in the result, %s, is not among %q", list.Items[0].Code, apptest.Members(t, b))
	}
	b.Sound(t)
}

// TestUpdateMembersAsTheyWereSeen refuses what would overwrite somebody else's change, names each such column, and
// changes nothing. What others changed in other columns, or changed to the same, is in nobody's way.
func TestUpdateMembersAsTheyWereSeen(t *testing.T) {
	t.Parallel()
	apptest.OnBothEngines(t, func(t *testing.T, b *apptest.Bundle) {
		seen := apptest.Member(t, b, "M1")
		b.Clock.Set(t, "2026-02-01 00:00:00")
		update := func(p noren.MemberPatch) error {
			p.ID, p.Seen = 1, &seen
			_, _, err := b.Members.Update(b.Ctx, b.Caller, []noren.MemberPatch{{ID: 2, Note: noren.Set("x")}, p}, nil)
			return err
		}
		faster := noren.MemberPatch{ID: 1, LastName: noren.Set("甲"), Rank: noren.Set(noren.Ref{ID: 2}), AliasCode: noren.Null[string]()}
		if _, _, err := b.Members.Update(b.Ctx, b.Caller, []noren.MemberPatch{faster}, nil); err != nil {
			t.Fatal(err)
		}
		err := update(noren.MemberPatch{
			LastName: noren.Set("乙"), Rank: noren.Set(noren.Ref{ID: 1}), AliasCode: noren.Set("A9"), FirstName: noren.Set("丙"),
		})
		apptest.Refused(t, "overtaken", err,
			apptest.Refusal{Row: 2, Field: "alias_code", Reason: noren.ReasonChanged},
			apptest.Refusal{Row: 2, Field: "last_name", Reason: noren.ReasonChanged},
			apptest.Refusal{Row: 2, Field: "rank_id", Reason: noren.ReasonChanged})
		if kind := noren.KindOf(err); kind != noren.Conflict {
			t.Errorf("overtaken is of the kind %v", kind)
		}
		if m := apptest.Member(t, b, "M2"); m.Note != nil {
			t.Error("the other row of a refused call was written")
		}
		if err := update(noren.MemberPatch{FirstName: noren.Set("丙"), LastName: noren.Set("甲")}); err != nil {
			t.Errorf("another column, and the same value: %v", err)
		}
		last, err := b.Members.LastChanges(b.Ctx, b.Caller, 1)
		if err != nil || last["last_name"].Client != "api" || last["first_name"].Entry.RequestID != "r1" {
			t.Errorf("who changed it last: %+v, %v", last, err)
		}
		if _, err := b.Members.LastChanges(b.Ctx, b.InStore(1), 3); noren.KindOf(err) != noren.NotFound {
			t.Errorf("who changed a member of another store: %v", err)
		}
	})
}
