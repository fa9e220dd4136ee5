package members

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"noren"
	"noren/app/audit"
	"noren/app/unit"
)

// History lists who changed what of a member, newest first.
type History struct {
	Events  []Event
	Clients map[int64]string // the names of the events' clients, by id
	Staff   []noren.Staff
	Notes   map[string]noren.Note       // that the events name and that still exist, by what the log calls them
	Files   map[string]noren.Attachment // the same of files
}

// Event is an entry of the audit log about the member, or a movement of the member's points, of which the audit log has one entry for
// all members that a call has named.
type Event struct {
	noren.AuditEntry // of a movement: only when it was, by whom, and through what

	Points *noren.PointEntry // nil: it is an entry of the audit log
}

// History returns one page of what happened to a member and to the member's points, newest first. NotFound if the caller may not see
// the member.
func (s *Service) History(ctx context.Context, c noren.Caller, member int64, p noren.Page) (out History, err error) {
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		if err := unit.Sees(ctx, tx, c, member); err != nil {
			return err
		}
		var upTo noren.Page
		if p.Limit > 0 {
			upTo.Limit = p.Offset + p.Limit // what is on a page depends on both lists from their beginnings
		}
		entries, err := tx.Audit(ctx, noren.AuditFilter{Subject: "member", SubjectID: strconv.FormatInt(member, 10), Page: upTo})
		if err != nil {
			return err
		}
		moved, err := tx.PointEntries(ctx, noren.PointEntryFilter{MemberID: member, Newest: true, Page: upTo})
		if err != nil {
			return err
		}
		out.Events = merged(entries, moved)
		out.Events = out.Events[min(p.Offset, len(out.Events)):]
		if p.Limit > 0 {
			out.Events = out.Events[:min(p.Limit, len(out.Events))]
		}
		if err := out.name(ctx, tx, member); err != nil {
			return err
		}
		out.Clients, err = audit.ClientNames(ctx, tx)
		return err
	})
	return out, err
}

// name reads what the events name, where they name something: the log has only IDs.
func (h *History) name(ctx context.Context, tx Tx, member int64) (err error) {
	h.Notes, h.Files = make(map[string]noren.Note), make(map[string]noren.Attachment)
	var notes []int64
	var files, staff bool
	for _, e := range h.Events {
		staff = staff || e.Points != nil && e.Points.StaffID != nil
		var changed struct{ Notes, Attachments [2]string }
		_ = json.Unmarshal(e.Changes, &changed) // other columns have other shapes; they name nothing
		for _, name := range changed.Notes {
			if id, err := strconv.ParseInt(strings.TrimPrefix(name, "#"), 10, 64); err == nil {
				notes = append(notes, id)
			}
		}
		files = files || changed.Attachments != [2]string{}
	}
	if len(notes) > 0 {
		list, err := tx.Notes(ctx, noren.NoteFilter{MemberID: member, IDs: notes})
		if err != nil {
			return err
		}
		for _, n := range list {
			h.Notes[*noteName(n.ID)] = n
			staff = staff || n.StaffID != nil
		}
	}
	if files {
		list, err := tx.Attachments(ctx, []int64{member})
		if err != nil {
			return err
		}
		for _, a := range list {
			h.Files[a.FileKey] = a
		}
	}
	if staff {
		h.Staff, err = tx.Staff(ctx)
	}
	return err
}

// merged joins two lists, each newest first, into one.
func merged(entries []noren.AuditEntry, moved []noren.PointEntry) []Event {
	events := make([]Event, 0, len(entries)+len(moved))
	for _, e := range entries {
		for len(moved) > 0 && moved[0].At.After(e.At) {
			events, moved = append(events, movement(&moved[0])), moved[1:]
		}
		events = append(events, Event{AuditEntry: e})
	}
	for i := range moved {
		events = append(events, movement(&moved[i]))
	}
	return events
}

func movement(e *noren.PointEntry) Event {
	return Event{noren.AuditEntry{At: e.At, ClientID: e.ClientID, Login: e.Login, Dialect: e.Dialect, RequestID: e.RequestID}, e}
}

// LastChanges returns who last changed each column of a member, as far as the latest entries of the audit log
// show. NotFound if the caller may not see the member.
func (s *Service) LastChanges(ctx context.Context, c noren.Caller, member int64) (last map[string]audit.LastChange, err error) {
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		if err := unit.Sees(ctx, tx, c, member); err != nil {
			return err
		}
		last, err = audit.LastChanges(ctx, tx, "member", strconv.FormatInt(member, 10))
		return err
	})
	return last, err
}
