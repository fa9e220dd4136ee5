package members_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"noren"
	"noren/app/apptest"
	"noren/app/members"
)

// note adds a note to the first member.
func note(t *testing.T, b *apptest.Bundle, text string, staff *int64) noren.Note {
	t.Helper()
	list, kept, err := b.Members.AddNote(b.Ctx, b.Caller, noren.Note{MemberID: 1, StaffID: staff, Text: text}, nil)
	if err != nil || kept != nil || len(list.Notes) != 1 {
		t.Fatalf("AddNote: %v, %v, %v", list, kept, err)
	}
	return list.Notes[0]
}

func TestNotes(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	second := int64(2)
	note(t, b, "一", &second)
	b.Clock.Set(t, "2026-02-01 00:00:00")
	note(t, b, "二", nil)
	list, err := b.Members.Notes(b.Ctx, b.Caller, noren.NoteFilter{MemberID: 1})
	if err != nil {
		t.Fatal(err)
	}
	apptest.Same(t, "the notes", []noren.Note{
		{ID: 1, MemberID: 1, StaffID: &second, Text: "一", CreatedAt: list.Notes[0].CreatedAt},
		{ID: 2, MemberID: 1, Text: "二", CreatedAt: b.Clock.Read().UTC()},
	}, list.Notes)
	apptest.Same(t, "their staff", map[int64]noren.Staff{2: {ID: 2, Name: "乙"}}, list.Staff)

	if _, err := b.Members.DeleteNote(b.Ctx, b.Caller, 1, 1, nil); err != nil {
		t.Fatal(err)
	}
	list, err = b.Members.Notes(b.Ctx, b.Caller, noren.NoteFilter{MemberID: 1})
	if err != nil || len(list.Notes) != 1 || len(list.Staff) != 0 {
		t.Errorf("after one is deleted: %+v, %v", list, err)
	}
	apptest.Same(t, "the audit", []string{
		`recore r1 1 {"notes":[null,"#1"]}`, `recore r1 1 {"notes":[null,"#2"]}`, `recore r1 1 {"notes":["#1",null]}`,
	}, b.Audited(t, "member"))
	b.Sound(t)
}

func TestNotesRefused(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	kept := note(t, b, strings.Repeat("字", members.MaxNoteLen), nil)
	add := func(c noren.Caller, n noren.Note) error {
		_, _, err := b.Members.AddNote(b.Ctx, c, n, nil)
		return err
	}
	apptest.Refused(t, "a note that is too long", add(b.Caller, noren.Note{MemberID: 1, Text: strings.Repeat("字", members.MaxNoteLen+1)}), apptest.Refusal{Field: "note"})
	apptest.Refused(t, "a note by nobody", add(b.Caller, noren.Note{MemberID: 1, StaffID: new(int64(9))}),
		apptest.Refusal{Field: "staff_id", Value: "9", Reason: noren.ReasonStaffUnknown})
	deletes := func(c noren.Caller, member, note int64) error {
		_, err := b.Members.DeleteNote(b.Ctx, c, member, note, nil)
		return err
	}
	_, unseen := b.Members.Notes(b.Ctx, b.InStore(1), noren.NoteFilter{MemberID: 3})
	for name, err := range map[string]error{
		"a note about nobody":                      add(b.Caller, noren.Note{MemberID: 9}),
		"a note about a member of another store":   add(b.InStore(1), noren.Note{MemberID: 3}),
		"notes about a member of another store":    unseen,
		"deleting a note that is not there":        deletes(b.Caller, 1, 9),
		"deleting another member's note":           deletes(b.Caller, 2, kept.ID),
		"deleting a note about nobody":             deletes(b.Caller, 9, kept.ID),
		"deleting where the caller sees no member": deletes(b.InStore(1), 3, kept.ID),
	} {
		if noren.KindOf(err) != noren.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	list, err := b.Members.Notes(b.Ctx, b.Caller, noren.NoteFilter{MemberID: 1})
	if err != nil || len(list.Notes) != 1 {
		t.Errorf("after all that there are %d notes, error %v", len(list.Notes), err)
	}
}

func TestNotesOnce(t *testing.T) {
	t.Parallel()
	b := apptest.SetupOn(t, func(e noren.Engine) noren.Engine { return apptest.LostAnswers{Engine: e} })
	note(t, b, "without a key", nil)
	show := func(result any) string { return fmt.Sprint("note ", result.(members.NoteList).Notes[0].ID) }
	for range 2 {
		_, kept, err := b.Members.AddNote(b.Ctx, b.Caller, noren.Note{MemberID: 1}, apptest.Once("key", "body", show))
		if err != nil || kept == nil || string(kept.Body) != "note 2" {
			t.Errorf("with a key: %v, %v", kept, err)
		}
	}
	list, err := b.Members.Notes(b.Ctx, b.Caller, noren.NoteFilter{MemberID: 1})
	if err != nil || len(list.Notes) != 2 {
		t.Errorf("there are %d notes, error %v", len(list.Notes), err)
	}
}

func TestAttachments(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	apptest.Upload(t, b, "a.png")
	first, second := apptest.Attach(t, b, 1, "a.png"), apptest.Attach(t, b, 2, "a.png")
	apptest.Same(t, "the attachment", noren.Attachment{
		ID: 1, MemberID: 1, FileKey: "a.png", Tag: noren.PhotoFile, MIMEType: "image/png", CreatedAt: b.Clock.Read(),
	}, first)
	list, err := b.Members.List(b.Ctx, b.Caller, noren.MemberFilter{WithAttachments: true})
	if err != nil {
		t.Fatal(err)
	}
	apptest.Same(t, "the attachments of all", map[int64][]noren.Attachment{1: {first}, 2: {second}}, list.Attachments)
	if list, err = b.Members.List(b.Ctx, b.Caller, noren.MemberFilter{}); err != nil || list.Attachments != nil {
		t.Errorf("attachments that were not asked for: %v, %v", list.Attachments, err)
	}

	attach := func(c noren.Caller, member int64, key string) error {
		_, _, err := b.Members.Attach(b.Ctx, c, noren.Attachment{MemberID: member, FileKey: key}, nil)
		return err
	}
	apptest.Refused(t, "an unknown file", attach(b.Caller, 1, "b.png"), apptest.Refusal{Field: "file_key", Value: "b.png", Reason: noren.ReasonFileUnknown})
	_, unseen := b.Members.DeleteAttachment(b.Ctx, b.Caller, 1, second.ID, nil)
	for name, err := range map[string]error{
		"attaching to nobody": attach(b.Caller, 9, "a.png"), "attaching out of sight": attach(b.InStore(1), 3, "a.png"),
		"taking off another member": unseen,
	} {
		if noren.KindOf(err) != noren.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := b.Members.DeleteAttachment(b.Ctx, b.Caller, 1, first.ID, nil); err != nil {
		t.Fatal(err)
	}
	one, err := b.Members.Get(b.Ctx, b.Caller, 1)
	if err != nil || len(one.Attachments) != 0 {
		t.Errorf("after it was taken off: %v, %v", one.Attachments, err)
	}
	apptest.Same(t, "the audit", []string{
		`recore r1 1 {"attachments":[null,"a.png"]}`, `recore r1 2 {"attachments":[null,"a.png"]}`, `recore r1 1 {"attachments":["a.png",null]}`,
	}, b.Audited(t, "member"))
	b.Sound(t)
}

// disk is where the files of a test are; broken ones cannot be removed.
type disk struct {
	files, broken []string
}

func (d *disk) remove(key string) error {
	if slices.Contains(d.broken, key) {
		return errors.New("the disk is broken")
	}
	d.files = slices.DeleteFunc(d.files, func(f string) bool { return f == key })
	return nil // an interrupted run has already removed it
}

func TestSweepUploads(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	d := &disk{files: []string{"a.png", "b.png", "c.png", "d.png", "e.png"}}
	apptest.Upload(t, b, d.files[:4]...)
	apptest.Attach(t, b, 1, "b.png")
	sweep := func(want int) error {
		t.Helper()
		swept, err := b.Members.SweepUploads(b.Ctx, b.Caller.Tenant.ID, d.remove)
		apptest.Same(t, "the number of files swept", want, swept)
		return err
	}
	if err := sweep(0); err != nil {
		t.Error(err)
	}
	b.Clock.Set(t, "2026-02-01 12:00:01") // a day and a second later
	apptest.Upload(t, b, "e.png")

	// A file that cannot be removed does not stop the others, and is tried again.
	d.broken = []string{"a.png"}
	if err := sweep(2); err == nil || !strings.Contains(err.Error(), "a.png") {
		t.Errorf("a file could not be removed, but the error is %v", err)
	}
	apptest.Same(t, "the files left", []string{"a.png", "b.png", "e.png"}, d.files)
	_, _, err := b.Members.Attach(b.Ctx, b.Caller, noren.Attachment{MemberID: 1, FileKey: "a.png"}, nil)
	apptest.Refused(t, "attaching a file that is being removed", err, apptest.Refusal{Field: "file_key", Value: "a.png", Reason: noren.ReasonFileUnknown})

	// A run that dies after removing the bytes leaves the record, and the next run finishes the work.
	d.broken = nil
	func() {
		defer func() { _ = recover() }()
		_, _ = b.Members.SweepUploads(b.Ctx, b.Caller.Tenant.ID, func(key string) error {
			_ = d.remove(key)
			panic("killed")
		})
	}()
	apptest.Same(t, "the files left", []string{"b.png", "e.png"}, d.files)
	if err := sweep(1); err != nil {
		t.Error(err)
	}
	if err := sweep(0); err != nil {
		t.Error(err)
	}
	apptest.Same(t, "the files in the end", []string{"b.png", "e.png"}, d.files)
	apptest.Attach(t, b, 2, "b.png")
	apptest.Attach(t, b, 2, "e.png")
	b.Sound(t)
}

func TestSweepUploadsIsBounded(t *testing.T) {
	t.Parallel()
	const n = 130
	b := apptest.Setup(t)
	d := &disk{}
	for i := range n {
		d.files = append(d.files, fmt.Sprintf("%03d.png", i))
	}
	apptest.Upload(t, b, d.files...)
	b.Clock.Set(t, "2026-02-02 00:00:00")
	for _, want := range []int{100, 30, 0} {
		swept, err := b.Members.SweepUploads(b.Ctx, b.Caller.Tenant.ID, d.remove)
		if err != nil || swept != want {
			t.Errorf("swept %d, error %v; want %d", swept, err, want)
		}
	}
	apptest.Same(t, "the files left", []string{}, d.files)
}

func TestNewFileKey(t *testing.T) {
	t.Parallel()
	first, second := members.NewFileKey("jpg"), members.NewFileKey("jpg")
	if len(first) != 44 || !strings.HasSuffix(first, ".jpg") || first == second {
		t.Errorf("file keys %q and %q", first, second)
	}
}

// TestStoreBoundAttach has a caller restricted to a store attach its own file, and one that another client has uploaded for
// a member of another store.
func TestStoreBoundAttach(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	bound := b.InStore(1)
	upload := func(c noren.Caller, key string) {
		if _, err := b.Members.AddUpload(b.Ctx, c, noren.Upload{FileKey: key, MIMEType: "image/png", Size: 1}, nil); err != nil {
			t.Fatal(err)
		}
	}
	attach := func(c noren.Caller, member int64, key string) error {
		_, _, err := b.Members.Attach(b.Ctx, c, noren.Attachment{MemberID: member, FileKey: key, Tag: noren.PhotoFile}, nil)
		return err
	}
	other := b.Caller
	other.Client.ID += 100
	upload(other, "foreign.png")
	if err := attach(other, 3, "foreign.png"); err != nil {
		t.Fatal(err)
	}
	apptest.Refused(t, "another client's file", attach(bound, 1, "foreign.png"),
		apptest.Refusal{Field: "file_key", Value: "foreign.png", Reason: noren.ReasonFileUnknown})
	upload(bound, "own.png")
	if err := attach(bound, 1, "own.png"); err != nil {
		t.Errorf("its own file: %v", err)
	}
}
