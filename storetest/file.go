package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"noren"
)

func fileChecks() []check {
	return []check{
		{"notes: filters, order and pages", fileNotes},
		{"deleting notes", fileDeleteNotes},
		{"attachments of members", fileAttachments},
		{"uploads come back as they went in", fileUploads},
		{"what nothing refers to is condemned", fileCondemned},
		{"a file is either attached or condemned", fileAttachedOrCondemned},
		{"a file that loses its last attachment is not attached again", fileDetachedAndAttached},
		{"tenants with files to sweep", fileDirectory},
		{"no tenant sees or removes another's", fileIsolation},
	}
}

// note is a note that was written id minutes after Now.
func note(id, member int64, text string) noren.Note {
	return noren.Note{ID: id, MemberID: member, Text: text, Login: "店員", CreatedAt: at(int(id))}
}

func (b *bundle) addNotes(t *testing.T, notes ...noren.Note) {
	t.Helper()
	b.update(t, func(tx noren.Tx) error {
		for _, n := range notes {
			if err := tx.AddNote(b.ctx, n); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *bundle) notes(t *testing.T, f noren.NoteFilter) (list []noren.Note) {
	t.Helper()
	b.view(t, func(tx noren.Tx) (err error) {
		list, err = tx.Notes(b.ctx, f)
		return err
	})
	return list
}

func fileNotes(t *testing.T, b *bundle) {
	b.insert(t, member(1), member(2))
	first := note(1, 1, `会員メモ '"\ 😀`+"\n2")
	first.StaffID = new(int64(7))
	all := []noren.Note{first, note(2, 1, ""), note(4, 1, "四"), note(5, 1, "五")}
	// Stored in another order than they are listed in, and with a number of another member between them.
	b.addNotes(t, all[3], note(3, 2, "another's"), all[2], all[1], all[0])
	for _, c := range []struct {
		name   string
		filter noren.NoteFilter
		want   []noren.Note
	}{
		{"all of the member", noren.NoteFilter{}, all},
		{"ids", noren.NoteFilter{IDs: []int64{4, 3, 1, 99}}, []noren.Note{all[0], all[2]}},
		{"no id", noren.NoteFilter{IDs: []int64{}}, nil},
		{"created from", noren.NoteFilter{Created: noren.Span{From: at(4)}}, all[2:]},
		{"created to", noren.NoteFilter{Created: noren.Span{To: at(4)}}, all[:3]},
		{"a page", noren.NoteFilter{Page: noren.Page{Limit: 2, Offset: 1}}, all[1:3]},
		{"behind the last page", noren.NoteFilter{Page: noren.Page{Limit: 2, Offset: 4}}, nil},
	} {
		c.filter.MemberID = 1
		same(t, "notes, "+c.name, c.want, b.notes(t, c.filter))
	}
	same(t, "notes of nobody", []noren.Note{}, b.notes(t, noren.NoteFilter{MemberID: 99}))
}

func fileDeleteNotes(t *testing.T, b *bundle) {
	b.insert(t, member(1), member(2))
	b.addNotes(t, note(1, 1, "a"), note(2, 1, "b"), note(3, 2, "c"))
	for _, c := range []struct {
		member, note int64
		want         *string
	}{{1, 1, new("a")}, {1, 1, nil}, {1, 3, nil}, {2, 3, new("c")}, {99, 2, nil}} {
		b.update(t, func(tx noren.Tx) error {
			// A note is named with its member: of another one it is not found, and stays.
			deleted, err := tx.DeleteNote(b.ctx, c.member, c.note)
			same(t, fmt.Sprintf("what note %d of member %d said", c.note, c.member), c.want, deleted)
			return err
		})
	}
	same(t, "what is left of one", []noren.Note{note(2, 1, "b")}, b.notes(t, noren.NoteFilter{MemberID: 1}))
	same(t, "what is left of the other", []noren.Note{}, b.notes(t, noren.NoteFilter{MemberID: 2}))
}

// upload is a file that was stored that many minutes after Now.
func upload(key string, minutes int) noren.Upload {
	return noren.Upload{FileKey: key, MIMEType: "image/jpeg", Size: 12, ClientID: 1, CreatedAt: at(minutes)}
}

func attachment(id, member int64, key string) noren.Attachment {
	return noren.Attachment{
		ID: id, MemberID: member, FileKey: key, Tag: noren.GeneralFile, MIMEType: "image/jpeg", CreatedAt: at(int(id)),
	}
}

func (b *bundle) addUploads(t *testing.T, uploads ...noren.Upload) {
	t.Helper()
	b.update(t, func(tx noren.Tx) error {
		for _, u := range uploads {
			if err := tx.AddUpload(b.ctx, u); err != nil {
				return err
			}
		}
		return nil
	})
}

// uploaded returns those of the keys that are known.
func (b *bundle) uploaded(t *testing.T, keys ...string) (known []string) {
	t.Helper()
	b.view(t, func(tx noren.Tx) error {
		for _, key := range keys {
			if u, err := tx.Upload(b.ctx, key); err != nil {
				return err
			} else if u != nil {
				known = append(known, key)
			}
		}
		return nil
	})
	return known
}

// attach adds the attachments; want says whether the engine is to take them.
func (b *bundle) attach(t *testing.T, want bool, list ...noren.Attachment) {
	t.Helper()
	b.update(t, func(tx noren.Tx) error {
		for _, a := range list {
			added, err := tx.AddAttachment(b.ctx, a)
			if err != nil {
				return err
			}
			same(t, fmt.Sprintf("attachment %d of %s is added", a.ID, a.FileKey), want, added)
		}
		return nil
	})
}

// detach deletes an attachment; want says whether the member is to have it.
func (b *bundle) detach(t *testing.T, want bool, member, id int64) {
	t.Helper()
	b.update(t, func(tx noren.Tx) error {
		deleted, err := tx.DeleteAttachment(b.ctx, member, id)
		same(t, fmt.Sprintf("attachment %d of member %d is deleted", id, member), want, deleted != nil)
		return err
	})
}

func (b *bundle) attachments(t *testing.T, members ...int64) (list []noren.Attachment) {
	t.Helper()
	b.view(t, func(tx noren.Tx) (err error) {
		list, err = tx.Attachments(b.ctx, members)
		return err
	})
	return list
}

// condemn condemns the unused uploads that were stored before that many minutes after Now.
func (b *bundle) condemn(t *testing.T, minutes, limit int) (keys []string) {
	t.Helper()
	b.update(t, func(tx noren.Tx) (err error) {
		keys, err = tx.CondemnUploads(b.ctx, at(minutes), limit)
		return err
	})
	slices.Sort(keys)
	return keys
}

func fileAttachments(t *testing.T, b *bundle) {
	b.insert(t, member(1), member(2), member(3))
	b.addUploads(t, upload("a.jpg", 0), upload("b.jpg", 0))
	photo := attachment(3, 1, "a.jpg")
	photo.Tag, photo.FileName, photo.MIMEType = noren.PhotoFile, new(`顔写真 '"\ 😀.jpg`), "image/png"
	second, others := attachment(2, 1, "b.jpg"), attachment(4, 2, "a.jpg")
	b.attach(t, true, photo, second, others)
	// A file that was never uploaded, and one by a key in another case: keys are compared as they are.
	b.attach(t, false, attachment(5, 1, "c.jpg"), attachment(6, 1, "A.jpg"))
	same(t, "of two members", []noren.Attachment{second, photo, others}, b.attachments(t, 2, 1, 1, 99))
	same(t, "of one", []noren.Attachment{others}, b.attachments(t, 2))
	same(t, "of one without", []noren.Attachment{}, b.attachments(t, 3))
	same(t, "of nobody", []noren.Attachment{}, b.attachments(t))

	// That of another member, one that is not there, one that is, and the same one when it is gone.
	b.detach(t, false, 2, photo.ID)
	b.detach(t, false, 1, 99)
	b.detach(t, true, 1, photo.ID)
	b.detach(t, false, 1, photo.ID)
	same(t, "what is left", []noren.Attachment{second, others}, b.attachments(t, 1, 2))
}

func fileUploads(t *testing.T, b *bundle) {
	want := upload("0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX2yZ3.png", 5)
	// A size that takes more than 32 bits, and not the zero value of anything.
	want.MIMEType, want.Size, want.Public, want.ClientID = "image/png", 1<<40, true, 2
	b.addUploads(t, want, upload("other.jpg", 1))
	b.view(t, func(tx noren.Tx) error {
		got, err := tx.Upload(b.ctx, want.FileKey)
		same(t, "the upload", &want, got)
		none, err2 := tx.Upload(b.ctx, "none.jpg")
		if none != nil {
			t.Errorf("an upload that is not there: %v", none)
		}
		return firstError(err, err2)
	})
}

func fileCondemned(t *testing.T, b *bundle) {
	b.insert(t, member(1))
	keys := []string{"a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg"}
	for i, key := range keys {
		b.addUploads(t, upload(key, i))
	}
	b.attach(t, true, attachment(1, 1, "a.jpg"), attachment(2, 1, "a.jpg"), attachment(3, 1, "b.jpg"))
	b.detach(t, true, 1, 1)
	b.detach(t, true, 1, 3)
	// One that has lost its last attachment is not found any more, however new it is.
	same(t, "what is known before anything is swept", []string{"a.jpg", "c.jpg", "d.jpg", "e.jpg"}, b.uploaded(t, keys...))
	b.attach(t, false, attachment(4, 1, "b.jpg"))
	same(t, "before any is old", []string{"b.jpg"}, b.condemn(t, 1, 10))
	same(t, "the oldest of the unused", []string{"b.jpg"}, b.condemn(t, 4, 1))
	same(t, "all before a time, and what is condemned already", []string{"b.jpg", "c.jpg", "d.jpg"}, b.condemn(t, 4, 10))
	same(t, "what is still known", []string{"a.jpg", "e.jpg"}, b.uploaded(t, keys...))
	// The bytes of what is condemned may be gone already, so nothing can be attached to it any more.
	b.attach(t, false, attachment(4, 1, "c.jpg"))

	forget := func(keys ...string) {
		b.update(t, func(tx noren.Tx) error { return tx.ForgetUploads(b.ctx, keys) })
	}
	// One that is condemned, one that is unused but not condemned, one that is attached, and one that is not there.
	forget("b.jpg", "e.jpg", "a.jpg", "unknown.jpg")
	forget()
	same(t, "what is not condemned is not forgotten", []string{"a.jpg", "e.jpg"}, b.uploaded(t, keys...))
	same(t, "what is condemned and not forgotten", []string{"c.jpg", "d.jpg"}, b.condemn(t, 4, 10))
	b.addUploads(t, upload("b.jpg", 9)) // its key is free again
	same(t, "what is known in the end", []string{"a.jpg", "b.jpg", "e.jpg"}, b.uploaded(t, keys...))
}

// fileAttachedOrCondemned attaches files while they are being condemned: the second of the two must notice.
func fileAttachedOrCondemned(t *testing.T, b *bundle) {
	const n = 24
	b.insert(t, member(1))
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf("%02d.jpg", i)
		b.addUploads(t, upload(keys[i], 0))
	}
	var attached [n]bool
	var condemned []string
	inParallel(n+1, func(i int) {
		err := b.Update(b.ctx, b.tenant.ID, func(tx noren.Tx) (err error) {
			if i == n {
				condemned, err = tx.CondemnUploads(b.ctx, at(1), n)
				return err
			}
			if u, err := tx.Upload(b.ctx, keys[i]); err != nil || u == nil {
				return err
			}
			attached[i], err = tx.AddAttachment(b.ctx, attachment(int64(i+1), 1, keys[i]))
			return err
		})
		if err != nil {
			t.Errorf("in parallel: %v", err)
		}
	})
	for i, key := range keys {
		if attached[i] == slices.Contains(condemned, key) {
			t.Errorf("%s is attached: %t, is condemned: %t", key, attached[i], !attached[i])
		}
	}
	same(t, "the number of attachments", n-len(condemned), len(b.attachments(t, 1)))
}

// fileDetachedAndAttached attaches files while they lose their last attachment: no attachment may be left without its file.
func fileDetachedAndAttached(t *testing.T, b *bundle) {
	const n = 12
	b.insert(t, member(1), member(2))
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf("%02d.jpg", i)
		b.addUploads(t, upload(keys[i], 0))
		b.attach(t, true, attachment(int64(i+1), 1, keys[i]))
	}
	var attached [n]bool
	inParallel(2*n, func(i int) {
		err := b.Update(b.ctx, b.tenant.ID, func(tx noren.Tx) (err error) {
			if i < n {
				_, err = tx.DeleteAttachment(b.ctx, 1, int64(i+1))
				return err
			}
			attached[i-n], err = tx.AddAttachment(b.ctx, attachment(int64(i+1), 2, keys[i-n]))
			return err
		})
		if err != nil {
			t.Errorf("in parallel: %v", err)
		}
	})
	var want []string
	for i, key := range keys {
		if attached[i] {
			want = append(want, key)
		}
	}
	same(t, "the files that are still known", want, b.uploaded(t, keys...))
	same(t, "the number of attachments", len(want), len(b.attachments(t, 1, 2)))
}

func fileDirectory(t *testing.T, b *bundle) {
	other := b.other(t)
	check := func(name string, minutes int, want ...noren.TenantID) {
		t.Helper()
		got, err := b.TenantsWithUnusedFiles(b.ctx, at(minutes))
		if err != nil {
			t.Fatal(err)
		}
		// Other tests have left theirs in the same database.
		got = slices.DeleteFunc(got, func(id noren.TenantID) bool { return id != b.tenant.ID && id != other.tenant.ID })
		same(t, name, append([]noren.TenantID{}, want...), append([]noren.TenantID{}, got...))
	}
	b.insert(t, member(1))
	b.addUploads(t, upload("a.jpg", 5), upload("b.jpg", 0))
	b.attach(t, true, attachment(1, 1, "b.jpg"))
	other.addUploads(t, upload("a.jpg", 3))
	check("before any is old", 3)
	check("one has an old one", 4, other.tenant.ID)
	check("both have", 6, b.tenant.ID, other.tenant.ID)
	b.detach(t, true, 1, 1)
	check("one has lost its last attachment", 0, b.tenant.ID)
}

func fileIsolation(t *testing.T, b *bundle) {
	other := b.other(t)
	// Both tenants have the same numbers and keys, so that nothing but the tenant keeps them apart.
	fill := func(b *bundle, text string) {
		b.insert(t, member(1))
		b.addNotes(t, note(1, 1, text))
		u := upload("a.jpg", 0)
		u.MIMEType = text
		b.addUploads(t, u, upload("b.jpg", 0))
		b.attach(t, true, attachment(1, 1, "a.jpg"))
	}
	seen := func(b *bundle) (seen []any) {
		b.view(t, func(tx noren.Tx) error {
			notes, err := tx.Notes(b.ctx, noren.NoteFilter{MemberID: 1})
			attachments, err2 := tx.Attachments(b.ctx, []int64{1})
			first, err3 := tx.Upload(b.ctx, "a.jpg")
			second, err4 := tx.Upload(b.ctx, "b.jpg")
			seen = []any{len(notes), notes, len(attachments), attachments, first, second}
			return firstError(err, err2, err3, err4)
		})
		return seen
	}
	nothing := seen(other)
	fill(b, "甲")
	same(t, "what the other tenant sees", nothing, seen(other))
	before := seen(b)
	other.update(t, func(tx noren.Tx) error {
		note, err := tx.DeleteNote(b.ctx, 1, 1)
		detached, err2 := tx.DeleteAttachment(b.ctx, 1, 1)
		same(t, "what the other tenant deletes", []*string{nil, nil}, []*string{note, detached})
		return firstError(err, err2)
	})
	other.attach(t, false, attachment(1, 1, "b.jpg"))
	fill(other, "乙")
	other.detach(t, true, 1, 1)
	same(t, "what the other tenant condemns", []string{"a.jpg", "b.jpg"}, other.condemn(t, int(time.Hour/time.Minute), 10))
	other.update(t, func(tx noren.Tx) error { return tx.ForgetUploads(b.ctx, []string{"a.jpg", "b.jpg"}) })
	same(t, "what the first tenant sees after the second removed all of its own", before, seen(b))
}
