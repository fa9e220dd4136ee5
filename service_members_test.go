package noren_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"noren"
)

func (b *bundle) create(t *testing.T, patches ...noren.MemberPatch) noren.MemberList {
	t.Helper()
	list, kept, err := b.CreateMembers(b.ctx, b.caller, patches, noren.Tentative, nil)
	if err != nil || kept != nil {
		t.Fatalf("CreateMembers: %v, %v", kept, err)
	}
	return list
}

// members are all members as "id code status", with their names and notes where they have any.
func (b *bundle) members(t *testing.T) (lines []string) {
	t.Helper()
	list, err := b.Members(b.ctx, b.caller, noren.MemberFilter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list.Items {
		line := fmt.Sprintf("%d %s %s", m.ID, m.Code, m.Status)
		for _, text := range []*string{m.LastName, m.Note} {
			if text != nil {
				line += " " + *text
			}
		}
		lines = append(lines, line)
	}
	return lines
}

func TestCreateMembers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	list := b.create(t,
		noren.MemberPatch{LastName: noren.Set("山田"), Rank: noren.Set(noren.Ref{ID: 2}), Status: noren.Set(noren.Left)},
		noren.MemberPatch{},
		noren.MemberPatch{Code: noren.Set("MINE"), View: noren.ReCOREView, Status: noren.Set(noren.Active), AliasCode: noren.Set("A2")},
	)
	left, plain, mine := list.Items[0], list.Items[1], list.Items[2]
	same(t, "ids, in the order of the patches", []int64{4, 5, 6}, []int64{left.ID, plain.ID, mine.ID})
	same(t, "the number of ranks beside them", 2, len(list.Ranks))
	same(t, "the rank", new(int64(2)), left.RankID)
	same(t, "the leave date of one who left", new(noren.Date("2026-01-31")), left.LeaveDate)
	same(t, "a status that is not given", noren.Tentative, plain.Status)
	same(t, "a code that is given", "MINE", mine.Code)
	same(t, "when they were made", b.clock.read().UTC(), plain.CreatedAt)
	if len(plain.Code) != 12 || !strings.HasPrefix(plain.Code, "MB") || plain.Code == left.Code || !plain.MailOptIn {
		t.Errorf("a member of whom nothing is given: %+v", plain)
	}
	same(t, "the audit", 3, len(b.audited(t, "member")))

	bound, _, err := b.CreateMembers(b.ctx, b.inStore(2), []noren.MemberPatch{{}}, noren.Active, nil)
	if err != nil || *bound.Items[0].StoreID != 2 {
		t.Errorf("a member of a caller of one store: %+v, %v", bound.Items, err)
	}
	b.sound(t)
}

func TestCreateMembersAllOrNone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	before := b.members(t)
	create := func(patches ...noren.MemberPatch) error {
		_, _, err := b.CreateMembers(b.ctx, b.caller, patches, noren.Active, nil)
		return err
	}
	refused(t, "what is unknown, in each row",
		create(noren.MemberPatch{}, noren.MemberPatch{Rank: noren.Set(noren.Ref{ID: 9}), Store: noren.Set(int64(9))},
			noren.MemberPatch{LeaveDate: noren.Set(noren.Date("2026-01-01"))}),
		refusal{Row: 2, Field: "rank", Reason: noren.ReasonRankUnknown},
		refusal{Row: 2, Field: "store", Reason: noren.ReasonStoreUnknown},
		refusal{Row: 3, Field: "leave_date", Reason: noren.ReasonActiveWithLeaveDate},
	)
	refused(t, "an alias code that is taken",
		create(noren.MemberPatch{}, noren.MemberPatch{AliasCode: noren.Set("A1")}),
		refusal{Row: 2, Field: "alias_code", Value: "A1"})
	refused(t, "an alias code that an earlier row takes",
		create(noren.MemberPatch{AliasCode: noren.Set("A2")}, noren.MemberPatch{AliasCode: noren.Set("A2")}),
		refusal{Row: 2, Field: "alias_code", Value: "A2"})
	same(t, "the members", before, b.members(t))
	same(t, "the next id: numbers that were not used are given again", int64(4), b.create(t, noren.MemberPatch{}).Items[0].ID)
	b.sound(t)
}

func TestUpdateMembers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.clock.set(t, "2026-02-01 00:00:00")
	list, _, err := b.UpdateMembers(b.ctx, b.caller, []noren.MemberPatch{
		{ID: 3, Note: noren.Set("third")},
		{ID: 1, AliasCode: noren.Null[string](), Status: noren.Set(noren.Left)},
		{ID: 2, Code: noren.Set("M2")}, // says what is so already
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	third, first, second := list.Items[0], list.Items[1], list.Items[2]
	same(t, "the order of the patches", []int64{3, 1, 2}, []int64{third.ID, first.ID, second.ID})
	same(t, "the note", new("third"), third.Note)
	same(t, "the leave date", new(noren.Date("2026-02-01")), first.LeaveDate)
	if first.AliasCode != nil || !first.UpdatedAt.Equal(b.clock.read()) {
		t.Errorf("the first member: %+v", first)
	}
	if second.UpdatedAt.Equal(b.clock.read()) {
		t.Error("a member that did not change was written")
	}
	same(t, "the audit", []string{
		`recore r1 3 {"note":[null,"third"]}`,
		`recore r1 1 {"alias_code":["A1",null],"leave_date":[null,"2026-02-01"],"status":["ACTIVE","LEFT"]}`,
	}, b.audited(t, "member"))
	b.sound(t)
}

func TestUpdateMembersAllOrNone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	before := b.members(t)
	update := func(c noren.Caller, patches ...noren.MemberPatch) error {
		_, _, err := b.UpdateMembers(b.ctx, c, patches, nil)
		return err
	}
	note := noren.Set("changed")
	refused(t, "unknown ids, one twice and a rule",
		update(b.caller, noren.MemberPatch{ID: 1, Note: note}, noren.MemberPatch{ID: 99}, noren.MemberPatch{ID: 1}, noren.MemberPatch{ID: 98},
			noren.MemberPatch{ID: 2, StaffRank: noren.Set(noren.Ref{ID: 7})}),
		refusal{Row: 2, Field: "id", Value: "99", Reason: noren.ReasonMemberUnknown},
		refusal{Row: 3, Field: "id", Value: "1", Reason: noren.ReasonDuplicate},
		refusal{Row: 4, Field: "id", Value: "98", Reason: noren.ReasonMemberUnknown},
		refusal{Row: 5, Field: "staff_rank", Reason: noren.ReasonStaffRankUnknown},
	)
	refused(t, "a member of another store",
		update(b.inStore(1), noren.MemberPatch{ID: 1, Note: note}, noren.MemberPatch{ID: 3, Note: note}),
		refusal{Row: 2, Field: "id", Value: "3", Reason: noren.ReasonMemberUnknown})
	refused(t, "a taken code, behind a row that changes nothing",
		update(b.caller, noren.MemberPatch{ID: 1, AliasCode: noren.Set("A1")}, noren.MemberPatch{ID: 2, Note: note}, noren.MemberPatch{ID: 3, AliasCode: noren.Set("A1")}),
		refusal{Row: 3, Field: "alias_code", Value: "A1"})
	same(t, "the members", before, b.members(t))
	same(t, "the audit", []string{}, b.audited(t, "member"))
}

func TestMembersOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	show := func(result any) string {
		list := result.(noren.MemberList)
		return fmt.Sprint("made ", list.Items[0].ID)
	}
	patches := []noren.MemberPatch{{LastName: noren.Set("山田")}}
	list, kept, err := b.CreateMembers(b.ctx, b.caller, patches, noren.Active, once("key", "body", show))
	if err != nil || kept != nil || len(list.Items) != 1 {
		t.Fatalf("the first: %v, %v, %v", list.Items, kept, err)
	}
	_, kept, err = b.CreateMembers(b.ctx, b.caller, patches, noren.Active, once("key", "body", show))
	if err != nil || kept == nil || string(kept.Body) != "made 4" {
		t.Fatalf("the same again: %v, %v", kept, err)
	}
	same(t, "the number of members", 4, len(b.members(t)))
}

func TestMembersAreMadeOnceThoughTheAnswerIsLost(t *testing.T) {
	t.Parallel()
	b := setupOn(t, func(e noren.Engine) noren.Engine { return lostAnswers{e} })
	list := b.create(t, noren.MemberPatch{LastName: noren.Set("山田")}, noren.MemberPatch{})
	same(t, "the members answered", 2, len(list.Items))
	same(t, "the members", 5, len(b.members(t)))
	if !slices.Contains(b.members(t), fmt.Sprintf("4 %s TENTATIVE 山田", list.Items[0].Code)) {
		t.Errorf("the member answered, %s, is not among %q", list.Items[0].Code, b.members(t))
	}
	b.sound(t)
}
