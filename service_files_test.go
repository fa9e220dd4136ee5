package noren_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"noren"
)

// note adds a note to the first member.
func (b *bundle) note(t *testing.T, text string, staff *int64) noren.Note {
	t.Helper()
	list, kept, err := b.AddNote(b.ctx, b.caller, noren.Note{MemberID: 1, StaffID: staff, Text: text}, nil)
	if err != nil || kept != nil || len(list.Notes) != 1 {
		t.Fatalf("AddNote: %v, %v, %v", list, kept, err)
	}
	return list.Notes[0]
}

func TestNotes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	second := int64(2)
	b.note(t, "一", &second)
	b.clock.set(t, "2026-02-01 00:00:00")
	b.note(t, "二", nil)
	list, err := b.Notes(b.ctx, b.caller, noren.NoteFilter{MemberID: 1})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the notes", []noren.Note{
		{ID: 1, MemberID: 1, StaffID: &second, Text: "一", CreatedAt: list.Notes[0].CreatedAt},
		{ID: 2, MemberID: 1, Text: "二", CreatedAt: b.clock.read().UTC()},
	}, list.Notes)
	same(t, "their staff", map[int64]noren.Staff{2: {ID: 2, Name: "乙"}}, list.Staff)

	if _, err := b.DeleteNote(b.ctx, b.caller, 1, 1, nil); err != nil {
		t.Fatal(err)
	}
	list, err = b.Notes(b.ctx, b.caller, noren.NoteFilter{MemberID: 1})
	if err != nil || len(list.Notes) != 1 || len(list.Staff) != 0 {
		t.Errorf("after one is deleted: %+v, %v", list, err)
	}
	same(t, "the audit", []string{
		`recore r1 1 {"notes":[null,"一"]}`, `recore r1 1 {"notes":[null,"二"]}`, `recore r1 1 {"notes":["一",null]}`,
	}, b.audited(t, "member"))
	b.sound(t)
}

func TestNotesRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	kept := b.note(t, strings.Repeat("字", noren.MaxNoteLen), nil)
	add := func(c noren.Caller, n noren.Note) error {
		_, _, err := b.AddNote(b.ctx, c, n, nil)
		return err
	}
	refused(t, "a note that is too long", add(b.caller, noren.Note{MemberID: 1, Text: strings.Repeat("字", noren.MaxNoteLen+1)}), refusal{Field: "note"})
	refused(t, "a note by nobody", add(b.caller, noren.Note{MemberID: 1, StaffID: new(int64(9))}),
		refusal{Field: "staff_id", Value: "9", Reason: noren.ReasonStaffUnknown})
	deletes := func(c noren.Caller, member, note int64) error {
		_, err := b.DeleteNote(b.ctx, c, member, note, nil)
		return err
	}
	_, unseen := b.Notes(b.ctx, b.inStore(1), noren.NoteFilter{MemberID: 3})
	for name, err := range map[string]error{
		"a note about nobody":                      add(b.caller, noren.Note{MemberID: 9}),
		"a note about a member of another store":   add(b.inStore(1), noren.Note{MemberID: 3}),
		"notes about a member of another store":    unseen,
		"deleting a note that is not there":        deletes(b.caller, 1, 9),
		"deleting another member's note":           deletes(b.caller, 2, kept.ID),
		"deleting a note about nobody":             deletes(b.caller, 9, kept.ID),
		"deleting where the caller sees no member": deletes(b.inStore(1), 3, kept.ID),
	} {
		if noren.KindOf(err) != noren.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	list, err := b.Notes(b.ctx, b.caller, noren.NoteFilter{MemberID: 1})
	if err != nil || len(list.Notes) != 1 {
		t.Errorf("after all that there are %d notes, error %v", len(list.Notes), err)
	}
}

func TestNotesOnce(t *testing.T) {
	t.Parallel()
	b := setupOn(t, func(e noren.Engine) noren.Engine { return lostAnswers{e} })
	b.note(t, "without a key", nil)
	show := func(result any) string { return fmt.Sprint("note ", result.(noren.NoteList).Notes[0].ID) }
	for range 2 {
		_, kept, err := b.AddNote(b.ctx, b.caller, noren.Note{MemberID: 1}, once("key", "body", show))
		if err != nil || kept == nil || string(kept.Body) != "note 2" {
			t.Errorf("with a key: %v, %v", kept, err)
		}
	}
	list, err := b.Notes(b.ctx, b.caller, noren.NoteFilter{MemberID: 1})
	if err != nil || len(list.Notes) != 2 {
		t.Errorf("there are %d notes, error %v", len(list.Notes), err)
	}
}

func (b *bundle) upload(t *testing.T, keys ...string) {
	t.Helper()
	for _, key := range keys {
		if _, err := b.AddUpload(b.ctx, b.caller, noren.Upload{FileKey: key, MIMEType: "image/png", Size: 3}, nil); err != nil {
			t.Fatal(err)
		}
	}
}

func (b *bundle) attach(t *testing.T, member int64, key string) noren.Attachment {
	t.Helper()
	a, _, err := b.Attach(b.ctx, b.caller, noren.Attachment{MemberID: member, FileKey: key, Tag: noren.PhotoFile}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAttachments(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.upload(t, "a.png")
	first, second := b.attach(t, 1, "a.png"), b.attach(t, 2, "a.png")
	same(t, "the attachment", noren.Attachment{
		ID: 1, MemberID: 1, FileKey: "a.png", Tag: noren.PhotoFile, MIMEType: "image/png", CreatedAt: b.clock.read(),
	}, first)
	list, err := b.Members(b.ctx, b.caller, noren.MemberFilter{WithAttachments: true})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the attachments of all", map[int64][]noren.Attachment{1: {first}, 2: {second}}, list.Attachments)
	if list, err = b.Members(b.ctx, b.caller, noren.MemberFilter{}); err != nil || list.Attachments != nil {
		t.Errorf("attachments that were not asked for: %v, %v", list.Attachments, err)
	}

	attach := func(c noren.Caller, member int64, key string) error {
		_, _, err := b.Attach(b.ctx, c, noren.Attachment{MemberID: member, FileKey: key}, nil)
		return err
	}
	refused(t, "an unknown file", attach(b.caller, 1, "b.png"), refusal{Field: "file_key", Value: "b.png", Reason: noren.ReasonFileUnknown})
	_, unseen := b.DeleteAttachment(b.ctx, b.caller, 1, second.ID, nil)
	for name, err := range map[string]error{
		"attaching to nobody": attach(b.caller, 9, "a.png"), "attaching out of sight": attach(b.inStore(1), 3, "a.png"),
		"taking off another member": unseen,
	} {
		if noren.KindOf(err) != noren.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := b.DeleteAttachment(b.ctx, b.caller, 1, first.ID, nil); err != nil {
		t.Fatal(err)
	}
	one, err := b.Member(b.ctx, b.caller, 1)
	if err != nil || len(one.Attachments) != 0 {
		t.Errorf("after it was taken off: %v, %v", one.Attachments, err)
	}
	same(t, "the audit", []string{
		`recore r1 1 {"attachments":[null,"a.png"]}`, `recore r1 2 {"attachments":[null,"a.png"]}`, `recore r1 1 {"attachments":["a.png",null]}`,
	}, b.audited(t, "member"))
	b.sound(t)
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
	return nil // one that is gone already was removed by a run that was cut short
}

func TestSweepUploads(t *testing.T) {
	t.Parallel()
	b := setup(t)
	d := &disk{files: []string{"a.png", "b.png", "c.png", "d.png", "e.png"}}
	b.upload(t, d.files[:4]...)
	b.attach(t, 1, "b.png")
	sweep := func(want int) error {
		t.Helper()
		swept, err := b.SweepUploads(b.ctx, b.caller.Tenant.ID, d.remove)
		same(t, "the number of files swept", want, swept)
		return err
	}
	if err := sweep(0); err != nil {
		t.Error(err)
	}
	b.clock.set(t, "2026-02-01 12:00:01") // a day and a second later
	b.upload(t, "e.png")

	// A file that cannot be removed does not keep the others, and is tried again.
	d.broken = []string{"a.png"}
	if err := sweep(2); err == nil || !strings.Contains(err.Error(), "a.png") {
		t.Errorf("a file could not be removed, but the error is %v", err)
	}
	same(t, "the files left", []string{"a.png", "b.png", "e.png"}, d.files)
	_, _, err := b.Attach(b.ctx, b.caller, noren.Attachment{MemberID: 1, FileKey: "a.png"}, nil)
	refused(t, "attaching a file that is being removed", err, refusal{Field: "file_key", Value: "a.png", Reason: noren.ReasonFileUnknown})

	// A run that dies after it removed the bytes leaves the record, and the next one comes to the end.
	d.broken = nil
	func() {
		defer func() { _ = recover() }()
		_, _ = b.SweepUploads(b.ctx, b.caller.Tenant.ID, func(key string) error {
			_ = d.remove(key)
			panic("killed")
		})
	}()
	same(t, "the files left", []string{"b.png", "e.png"}, d.files)
	if err := sweep(1); err != nil {
		t.Error(err)
	}
	if err := sweep(0); err != nil {
		t.Error(err)
	}
	same(t, "the files in the end", []string{"b.png", "e.png"}, d.files)
	b.attach(t, 2, "b.png")
	b.attach(t, 2, "e.png")
	b.sound(t)
}

func TestSweepUploadsIsBounded(t *testing.T) {
	t.Parallel()
	const n = 130
	b := setup(t)
	d := &disk{}
	for i := range n {
		d.files = append(d.files, fmt.Sprintf("%03d.png", i))
	}
	b.upload(t, d.files...)
	b.clock.set(t, "2026-02-02 00:00:00")
	for _, want := range []int{100, 30, 0} {
		swept, err := b.SweepUploads(b.ctx, b.caller.Tenant.ID, d.remove)
		if err != nil || swept != want {
			t.Errorf("swept %d, error %v; want %d", swept, err, want)
		}
	}
	same(t, "the files left", []string{}, d.files)
}

func TestNewFileKey(t *testing.T) {
	t.Parallel()
	first, second := noren.NewFileKey("jpg"), noren.NewFileKey("jpg")
	if len(first) != 44 || !strings.HasSuffix(first, ".jpg") || first == second {
		t.Errorf("file keys %q and %q", first, second)
	}
}
