package members

import (
	"context"
	"slices"
	"strconv"
	"time"

	"noren"
	"noren/app/audit"
	"noren/app/purchases"
	"noren/app/unit"
	"noren/ladder"
)

// Change stores the changes; changes of rank among them count as set by hand or by a request.
func Change(ctx context.Context, tx Tx, u unit.Unit, changes []noren.MemberChange, by noren.AuditEntry) error {
	return Store(ctx, tx, u, changes, ranksSet(changes, u.Now, by), by)
}

// Store stores the changes and the given changes of rank, credits purchases held for the members, and audits
// every member that changed, as by says.
func Store(ctx context.Context, tx Tx, u unit.Unit, changes []noren.MemberChange, ranks []noren.RankChange, by noren.AuditEntry) error {
	entries := make([]noren.AuditEntry, 0, len(changes))
	for i := range changes {
		c := &changes[i]
		// A member that stays as it is keeps its time, too: clients ask for members by when they changed.
		if len(noren.ChangedColumns(&c.Before, &c.After)) == 0 {
			continue
		}
		c.After.UpdatedAt = u.Now
		by.Subject, by.SubjectID = "member", strconv.FormatInt(c.After.ID, 10)
		by.Changes = audit.MemberChanges(&c.Before, &c.After)
		entries = append(entries, by)
	}
	if len(entries) == 0 {
		return nil
	}
	if err := tx.UpdateMembers(ctx, changes); err != nil {
		return err
	}
	// Counters are locked in the same order everywhere: purchases, changes of rank, and the audit log last.
	credited, err := purchases.CreditHeld(ctx, tx, u, changes, by)
	if err != nil {
		return err
	}
	if err := tx.AddRankChanges(ctx, ranks); err != nil {
		return err
	}
	return tx.AddAudit(ctx, slices.Concat(entries, credited))
}

// Insert stores new members, credits purchases held for them, and audits each one, as by says.
func Insert(ctx context.Context, tx Tx, u unit.Unit, members []noren.Member, by noren.AuditEntry) error {
	if err := tx.InsertMembers(ctx, members); err != nil {
		return err
	}
	fresh := make([]noren.MemberChange, len(members))
	for i := range members {
		// A zero Before makes the links of new members look like changes to CreditHeld.
		fresh[i].After = members[i]
	}
	credited, err := purchases.CreditHeld(ctx, tx, u, fresh, by)
	if err != nil {
		return err
	}
	entries := make([]noren.AuditEntry, len(members))
	for i := range members {
		entries[i] = by
		entries[i].Subject, entries[i].SubjectID = "member", strconv.FormatInt(members[i].ID, 10)
		entries[i].Changes = audit.MemberChanges(&noren.Member{}, &members[i])
	}
	return tx.AddAudit(ctx, slices.Concat(entries, credited))
}

// ranksSet returns the changes of rank among changes of members that somebody made by hand or by a request.
func ranksSet(changes []noren.MemberChange, now time.Time, by noren.AuditEntry) (set []noren.RankChange) {
	for i := range changes {
		before, after := &changes[i].Before, &changes[i].After
		if noren.Deref(before.RankID) != noren.Deref(after.RankID) {
			set = append(set, noren.RankChange{
				MemberID: after.ID, At: now, From: before.RankID, To: after.RankID, Reason: ladder.Set, By: by,
			})
		}
	}
	return set
}
