package members

import (
	"context"
	"fmt"
	"strconv"
	"unicode/utf8"

	"noren"
	"noren/app/audit"
	"noren/app/unit"
)

// MaxNoteLen is the longest note, in characters.
const MaxNoteLen = 10_000

// NoteList is a page of notes with the staff who wrote them.
type NoteList struct {
	Notes []noren.Note
	Staff map[int64]noren.Staff // by id; only the authors of the notes
}

// Notes returns the member's notes that match. NotFound if the caller may not see the member.
func (s *Service) Notes(ctx context.Context, c noren.Caller, f noren.NoteFilter) (out NoteList, err error) {
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		if err := unit.Sees(ctx, tx, c, f.MemberID); err != nil {
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
	l.Staff = make(map[int64]noren.Staff)
	for _, n := range l.Notes {
		for _, person := range staff {
			if n.StaffID != nil && person.ID == *n.StaffID {
				l.Staff[person.ID] = person
			}
		}
	}
	return nil
}

// AddNote writes a note about a member and returns a list of just that note. NotFound if the caller may not see the
// member; Refusals if the staff is unknown. once may be nil; its Render gets the NoteList.
func (s *Service) AddNote(
	ctx context.Context, c noren.Caller, n noren.Note, once *unit.Once,
) (out NoteList, kept *noren.KeptAnswer, err error) {
	if utf8.RuneCountInString(n.Text) > MaxNoteLen {
		return out, nil, noren.Refusals{{Kind: noren.Invalid, Field: "note", Message: fmt.Sprintf("must be at most %d characters", MaxNoteLen)}}
	}
	kept, err = s.run.Write(ctx, c, once, func(tx Tx, by noren.AuditEntry) (any, error) {
		if err := unit.Sees(ctx, tx, c, n.MemberID); err != nil {
			return nil, err
		}
		if n.ID, err = tx.Reserve(ctx, noren.CounterNote, 1); err != nil {
			return nil, err
		}
		n.Login, n.CreatedAt = by.Login, by.At
		out = NoteList{Notes: []noren.Note{n}}
		if err := out.loadStaff(ctx, tx); err != nil {
			return nil, err
		}
		if n.StaffID != nil && len(out.Staff) == 0 {
			return nil, noren.Refusals{{
				Kind: noren.Invalid, Reason: noren.ReasonStaffUnknown, Field: "staff_id", Value: strconv.FormatInt(*n.StaffID, 10),
			}}
		}
		if err := tx.AddNote(ctx, n); err != nil {
			return nil, err
		}
		return out, auditMember(ctx, tx, by, n.MemberID, "notes", nil, noteName(n.ID))
	})
	return out, kept, err
}

// noteName is what the audit log has of a note. Its text is not there, so that deleting a note deletes it.
func noteName(id int64) *string { return new(fmt.Sprintf("#%d", id)) }

// auditMember records, as a change of the member, that something of it appeared (before is nil) or went away (after is
// nil).
func auditMember(ctx context.Context, tx Tx, by noren.AuditEntry, member int64, what string, before, after *string) error {
	by.Subject, by.SubjectID, by.Changes = "member", strconv.FormatInt(member, 10), audit.Change(what, before, after)
	return tx.AddAudit(ctx, []noren.AuditEntry{by})
}

// DeleteNote deletes a note. NotFound if the caller may not see the member, or the member has no such note.
func (s *Service) DeleteNote(ctx context.Context, c noren.Caller, member, note int64, once *unit.Once) (*noren.KeptAnswer, error) {
	return s.remove(ctx, c, once, member, note, "note", func(tx Tx) (*string, error) {
		text, err := tx.DeleteNote(ctx, member, note)
		if err != nil || text == nil {
			return nil, err
		}
		return noteName(note), nil
	})
}

func (s *Service) remove(
	ctx context.Context, c noren.Caller, once *unit.Once, member, id int64, what string, work func(Tx) (*string, error),
) (*noren.KeptAnswer, error) {
	return s.run.Write(ctx, c, once, func(tx Tx, by noren.AuditEntry) (any, error) {
		if err := unit.Sees(ctx, tx, c, member); err != nil {
			return nil, err
		}
		removed, err := work(tx)
		if err == nil && removed == nil {
			err = noren.Missing(what, id)
		}
		if err != nil {
			return nil, err
		}
		return nil, auditMember(ctx, tx, by, member, what+"s", removed, nil)
	})
}
