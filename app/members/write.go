package members

import (
	"context"
	"crypto/rand"
	"errors"
	"math/big"
	"slices"
	"strconv"
	"time"

	"noren"
	"noren/app/unit"
)

// Create adds one member for each patch, all or none, and returns them in the order of the patches, or the
// answer kept under once. status is that of members whose patch has none. Refusals if a rank, staff rank or store is unknown
// or a unique value is taken. once may be nil; its Render gets the List.
func (s *Service) Create(
	ctx context.Context, c noren.Caller, patches []noren.MemberPatch, status noren.Status, once *unit.Once,
) (List, *noren.KeptAnswer, error) {
	return s.create(ctx, c, patches, status, once, func(*writer) error { return nil })
}

// create is Create, unless the check of what has been judged returns an error.
func (s *Service) create(
	ctx context.Context, c noren.Caller, patches []noren.MemberPatch, status noren.Status, once *unit.Once, check func(*writer) error,
) (List, *noren.KeptAnswer, error) {
	var members []noren.Member
	return s.writeMembers(ctx, c, once, len(patches), func(w *writer) error {
		if err := w.look(ctx, patches, nil); err != nil {
			return err
		}
		members = make([]noren.Member, len(patches))
		for i, p := range patches {
			members[i] = w.judge(i, p, Blank(w.in, 0, status, w.Now))
		}
		if len(w.refused) > 0 {
			return nil // which is told first
		}
		return check(w)
	}, func(w *writer) ([]noren.Member, error) {
		// Numbered after the judging, so that what is refused does not wait for the counter.
		if err := unit.Number(ctx, w.tx, noren.CounterMember, members, func(m *noren.Member) *int64 { return &m.ID }); err != nil {
			return nil, err
		}
		return members, Insert(ctx, w.tx, w.Unit, members, w.by)
	})
}

// Update changes the members that the patches name, all or none, and returns them in the order of the patches.
// Refusals as for Create, and with ReasonMemberUnknown for an id that the caller may not see, ReasonDuplicate
// for an id that an earlier patch names, and ReasonChanged, of kind Conflict, for each column that somebody else
// changed since the patch's Seen. That is checked on locked rows, so of two who change the same column at once, one is
// refused.
func (s *Service) Update(
	ctx context.Context, c noren.Caller, patches []noren.MemberPatch, once *unit.Once,
) (List, *noren.KeptAnswer, error) {
	ids := make([]int64, len(patches))
	for i, p := range patches {
		ids[i] = p.ID
	}
	var changes []noren.MemberChange
	return s.writeMembers(ctx, c, once, len(patches), func(w *writer) error {
		if err := w.look(ctx, patches, ids); err != nil {
			return err
		}
		changes = make([]noren.MemberChange, 0, len(patches))
		for i, p := range patches {
			before, known := w.stored[p.ID]
			switch {
			// Two patches of one member would both start from the stored state, and the second would undo the first.
			case p.ID != 0 && slices.Contains(ids[:i], p.ID):
				w.refuse(i, noren.ReasonDuplicate, "id", strconv.FormatInt(p.ID, 10))
			case !known || !before.VisibleTo(w.store):
				w.refuseUnknown(i, p)
			default:
				after := w.judge(i, p, before)
				for _, column := range p.Overtaken(&before, &after) {
					w.refused = append(w.refused, &noren.Error{
						Kind: noren.Conflict, Reason: noren.ReasonChanged, Row: i + 1, Field: column, Message: "changed by somebody else since it was read",
					})
				}
				changes = append(changes, noren.MemberChange{Before: before, After: after})
			}
		}
		return nil
	}, func(w *writer) ([]noren.Member, error) {
		if err := Change(ctx, w.tx, w.Unit, changes, w.by); err != nil {
			return nil, err
		}
		written := make([]noren.Member, len(changes))
		for i, c := range changes {
			written[i] = c.After
		}
		return written, nil
	})
}

// writeMembers judges a number of rows and writes them in a transaction, unless some are refused, and returns the members it
// wrote with everything that dialects show of them. Many rows are judged on a snapshot before.
func (s *Service) writeMembers(
	ctx context.Context, c noren.Caller, once *unit.Once, rows int,
	judge func(*writer) error, write func(*writer) ([]noren.Member, error),
) (out List, kept *noren.KeptAnswer, err error) {
	in := func(tx Tx, by noren.AuditEntry) *writer {
		by.At = by.At.UTC().Truncate(time.Microsecond) // as it is stored, because nothing is read back
		return &writer{tx: tx, Unit: unit.Unit{Tenant: c.Tenant, Now: by.At}, by: by, store: c.Client.StoreID, mayChange: c.MayChange}
	}
	judged := func(w *writer) error {
		if err := judge(w); err != nil {
			return err
		}
		if len(w.refused) > 0 {
			return w.refused
		}
		return nil
	}
	if s.run.JudgesFirst(rows) {
		err := s.run.View(ctx, c.Tenant.ID, func(tx Tx) error { return judged(in(tx, c.Entry(s.run.Now()))) })
		if err != nil {
			return List{}, nil, err
		}
	}
	kept, err = s.run.Write(ctx, c, once, func(tx Tx, by noren.AuditEntry) (any, error) {
		w := in(tx, by)
		w.writing = true
		if err := judged(w); err != nil {
			return nil, err
		}
		written, err := write(w)
		_, listed := errors.AsType[noren.Refusals](err)
		if e, ok := errors.AsType[*noren.Error](err); ok && !listed && e.Kind == noren.Conflict && e.Row > 0 {
			return nil, noren.Refusals{e} // a unique value that is taken shows only when it is written
		}
		if err != nil {
			return nil, err
		}
		out = w.out
		out.Items, out.Total = written, len(written)
		return out, nil
	})
	return out, kept, err
}

// writer writes members for one synchronous request.
type writer struct {
	tx Tx
	unit.Unit
	by    noren.AuditEntry
	store *int64 // the one that the caller is restricted to
	// mayChange reports whether the caller may change a column.
	mayChange func(column string) bool
	writing   bool // false: nothing is locked
	in        noren.PatchContext
	stored    map[int64]noren.Member
	out       List // what belongs to the members; writing them changes none of it
	refused   noren.Refusals
}

// look reads what the patches name and are judged against, the members with the ids, which it locks to write, and then what belongs
// to these.
func (w *writer) look(ctx context.Context, patches []noren.MemberPatch, ids []int64) error {
	var named Named
	read := named.Reads(ctx, w.tx, NamedBy(patches))
	if len(ids) > 0 {
		read = append(read, func() (err error) {
			w.stored, err = unit.MembersByID(ctx, w.tx, ids, w.writing)
			return err
		})
	}
	err := w.tx.Together(ctx, append(read, w.out.besides(ctx, w.tx, w.Tenant, ids, w.Now, true)...)...)
	w.in = named.Context(w.Unit, w.store)
	return err
}

// judge returns the member after the patch, and records the rules it breaks.
func (w *writer) judge(i int, p noren.MemberPatch, before noren.Member) noren.Member {
	after, broken := p.Apply(before, w.in)
	for _, err := range broken {
		err.Row = i + 1
		w.refused = append(w.refused, err)
	}
	for _, column := range noren.ChangedColumns(&before, &after) {
		if !w.mayChange(column.Name) {
			w.refuse(i, noren.ReasonSensitive, column.Name, "")
		}
	}
	return after
}

// refuseUnknown records that patch i names no member, and with it what is doubtful in the patch: nobody has these values.
func (w *writer) refuseUnknown(i int, p noren.MemberPatch) {
	if p.ID != 0 || len(p.Doubts) == 0 { // an id that could not be read is itself among the doubts
		w.refuse(i, noren.ReasonMemberUnknown, "id", strconv.FormatInt(p.ID, 10))
	}
	for _, d := range p.Doubts {
		d.Refusal.Row = i + 1
		w.refused = append(w.refused, d.Refusal)
	}
}

// refuse records what is wrong with patch i, from 0.
func (w *writer) refuse(i int, reason noren.Reason, field, value string) {
	w.refused = append(w.refused, &noren.Error{Kind: noren.Invalid, Reason: reason, Row: i + 1, Field: field, Value: value})
}

// NewCode returns a code in the form of ReCORE's examples: MB and ten characters of 0-9 and A-Z.
func NewCode() string {
	return "MB" + randomText("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", 10)
}

// randomText returns n random characters from letters.
func randomText(letters string, n int) string {
	text := make([]byte, n)
	for i := range text {
		k, _ := rand.Int(rand.Reader, big.NewInt(int64(len(letters)))) // never fails
		text[i] = letters[k.Int64()]
	}
	return string(text)
}
