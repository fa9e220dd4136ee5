package noren

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"time"
	"unicode/utf8"
)

// NoteList is a page of notes with the staff who wrote them.
type NoteList struct {
	Notes []Note
	Staff map[int64]Staff // by id; only those who wrote one of the notes
}

// Notes answers the member's notes that match. NotFound where the caller may not see the member.
func (s *Service) Notes(ctx context.Context, c Caller, f NoteFilter) (out NoteList, err error) {
	err = s.engine.View(ctx, c.Tenant.ID, func(tx Tx) error {
		if err := seen(ctx, tx, c, f.MemberID); err != nil {
			return err
		}
		if out.Notes, err = tx.Notes(ctx, f); err != nil {
			return err
		}
		return out.loadStaff(ctx, tx)
	})
	return out, err
}

func (l *NoteList) loadStaff(ctx context.Context, tx Tx) error {
	staff, err := tx.Staff(ctx)
	if err != nil {
		return err
	}
	l.Staff = make(map[int64]Staff)
	for _, n := range l.Notes {
		for _, person := range staff {
			if n.StaffID != nil && person.ID == *n.StaffID {
				l.Staff[person.ID] = person
			}
		}
	}
	return nil
}

// seen answers NotFound where the tenant has no such member or the caller may not see it.
func seen(ctx context.Context, tx Tx, c Caller, member int64) error {
	found, err := tx.MembersByID(ctx, []int64{member}, false)
	if err != nil {
		return err
	}
	if len(found) == 0 || !found[0].VisibleTo(c.Client.StoreID) {
		return notFound("member", member)
	}
	return nil
}

// AddNote writes a note about a member and answers it, as the only one of a list. NotFound where the caller may not
// see the member; Refusals where the staff is unknown. once may be nil; its Render gets the NoteList.
func (s *Service) AddNote(ctx context.Context, c Caller, n Note, once *Once) (out NoteList, kept *KeptAnswer, err error) {
	if utf8.RuneCountInString(n.Text) > MaxNoteLen {
		return out, nil, Refusals{{Kind: Invalid, Field: "note", Message: fmt.Sprintf("is longer than %d characters", MaxNoteLen)}}
	}
	kept, err = s.write(ctx, c, once, func(tx Tx, by AuditEntry) (any, error) {
		if err := seen(ctx, tx, c, n.MemberID); err != nil {
			return nil, err
		}
		if n.ID, err = tx.Reserve(ctx, CounterNote, 1); err != nil {
			return nil, err
		}
		n.CreatedAt = by.At
		out = NoteList{Notes: []Note{n}}
		if err := out.loadStaff(ctx, tx); err != nil {
			return nil, err
		}
		if n.StaffID != nil && len(out.Staff) == 0 {
			return nil, Refusals{{Kind: Invalid, Reason: ReasonStaffUnknown, Field: "staff_id", Value: fmt.Sprint(*n.StaffID)}}
		}
		if err := tx.AddNote(ctx, n); err != nil {
			return nil, err
		}
		return out, auditMember(ctx, tx, by, n.MemberID, "notes", nil, &n.Text)
	})
	return out, kept, err
}

// auditMember records, as a change of the member, something of it that appeared (before is nil) or went away (after is).
func auditMember(ctx context.Context, tx Tx, by AuditEntry, member int64, what string, before, after *string) error {
	by.Subject, by.SubjectID, by.Changes = "member", fmt.Sprint(member), change(what, before, after)
	return lane{tx: tx}.audit(ctx, []AuditEntry{by})
}

// DeleteNote deletes a note. NotFound where the member, or the note of this member, is not there.
func (s *Service) DeleteNote(ctx context.Context, c Caller, member, note int64, once *Once) (*KeptAnswer, error) {
	return s.remove(ctx, c, once, member, note, "note", func(tx Tx) (*string, error) { return tx.DeleteNote(ctx, member, note) })
}

// DeleteAttachment takes an attachment off a member; the file itself is swept later. NotFound as DeleteNote.
func (s *Service) DeleteAttachment(ctx context.Context, c Caller, member, attachment int64, once *Once) (*KeptAnswer, error) {
	return s.remove(ctx, c, once, member, attachment, "attachment", func(tx Tx) (*string, error) {
		return tx.DeleteAttachment(ctx, member, attachment)
	})
}

func (s *Service) remove(
	ctx context.Context, c Caller, once *Once, member, id int64, what string, work func(Tx) (*string, error),
) (*KeptAnswer, error) {
	return s.write(ctx, c, once, func(tx Tx, by AuditEntry) (any, error) {
		if err := seen(ctx, tx, c, member); err != nil {
			return nil, err
		}
		removed, err := work(tx)
		if err == nil && removed == nil {
			err = notFound(what, id)
		}
		if err != nil {
			return nil, err
		}
		return nil, auditMember(ctx, tx, by, member, what+"s", removed, nil)
	})
}

// Attach ties an uploaded file to a member and answers the attachment. NotFound where the caller may not see the
// member; Refusals where the tenant has no such file. once may be nil; its Render gets the Attachment.
func (s *Service) Attach(ctx context.Context, c Caller, a Attachment, once *Once) (out Attachment, kept *KeptAnswer, err error) {
	kept, err = s.write(ctx, c, once, func(tx Tx, by AuditEntry) (any, error) {
		if err := seen(ctx, tx, c, a.MemberID); err != nil {
			return nil, err
		}
		upload, err := tx.Upload(ctx, a.FileKey)
		if err != nil {
			return nil, err
		}
		if upload == nil {
			return nil, unknownFile(a.FileKey)
		}
		if a.ID, err = tx.Reserve(ctx, CounterAttachment, 1); err != nil {
			return nil, err
		}
		a.MIMEType, a.CreatedAt = upload.MIMEType, by.At
		out = a
		if added, err := tx.AddAttachment(ctx, a); err != nil {
			return nil, err
		} else if !added {
			return nil, unknownFile(a.FileKey) // swept since it was looked for
		}
		return out, auditMember(ctx, tx, by, a.MemberID, "attachments", nil, &a.FileKey)
	})
	return out, kept, err
}

func unknownFile(fileKey string) Refusals {
	return Refusals{{Kind: Invalid, Reason: ReasonFileUnknown, Field: "file_key", Value: fileKey}}
}

// AddUpload records a file that has just been stored under u.FileKey.
func (s *Service) AddUpload(ctx context.Context, c Caller, u Upload, once *Once) (*KeptAnswer, error) {
	return s.write(ctx, c, once, func(tx Tx, by AuditEntry) (any, error) {
		u.ClientID, u.CreatedAt = c.Client.ID, by.At
		return u, tx.AddUpload(ctx, u)
	})
}

// NewFileKey makes a key as ReCORE's examples show it: 40 random letters and digits, a dot and the extension.
func NewFileKey(extension string) string {
	return randomText("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", 40) + "." + extension
}

// randomText is n random characters of letters.
func randomText(letters string, n int) string {
	text := make([]byte, n)
	for i := range text {
		k, _ := rand.Int(rand.Reader, big.NewInt(int64(len(letters)))) // never fails
		text[i] = letters[k.Int64()]
	}
	return string(text)
}

// UnusedFor is how long an uploaded file is kept at least, for something to refer to it.
const UnusedFor = 24 * time.Hour

// sweepSlice is how many files one call of SweepUploads removes, at most.
const sweepSlice = 100

// SweepUploads removes files of the tenant that were uploaded more than a day ago and that nothing refers to, a bounded
// number a call; it answers how many. remove deletes the bytes of one file; it is called again for the same file where
// a run was cut short, or where it failed. A file that cannot be removed does not keep the others.
func (s *Service) SweepUploads(ctx context.Context, tenant TenantID, remove func(fileKey string) error) (swept int, err error) {
	var condemned []string
	err = s.engine.Update(ctx, tenant, func(tx Tx) error {
		condemned, err = tx.CondemnUploads(ctx, s.now().Add(-UnusedFor), sweepSlice)
		return err
	})
	if err != nil {
		return 0, err
	}
	var removed []string
	var failed []error
	for _, key := range condemned {
		if err := remove(key); err != nil {
			failed = append(failed, fmt.Errorf("removing the file %s: %w", key, err))
			continue
		}
		removed = append(removed, key)
	}
	if len(removed) > 0 {
		if err := s.engine.Update(ctx, tenant, func(tx Tx) error { return tx.ForgetUploads(ctx, removed) }); err != nil {
			return 0, errors.Join(append(failed, err)...)
		}
	}
	return len(removed), errors.Join(failed...)
}

// Staff answers the tenant's staff with their stores, ordered by id.
func (s *Service) Staff(ctx context.Context, c Caller) (staff []Staff, stores []Store, err error) {
	err = s.engine.View(ctx, c.Tenant.ID, func(tx Tx) error {
		if staff, err = tx.Staff(ctx); err != nil {
			return err
		}
		stores, _, err = tx.Stores(ctx, CatalogueFilter{})
		return err
	})
	return staff, stores, err
}
