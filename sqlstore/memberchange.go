package sqlstore

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
)

// counterMemberChange counts a tenant's transactions that changed what members are found by.
const counterMemberChange = "member_change"

// keptChanges is how many of a tenant's changes stay in the table. A server that holds members in memory and has missed
// more loads them anew.
const keptChanges = 1 << 14

// keptSlack is how many old changes are removed at once, as a rule: each change removes them with this chance.
const keptSlack = 1 << 8

// moment is a point in the history of what a tenant's members are found by: the last change that is part of it. The zero
// moment is before all changes.
type moment struct {
	number int64
	token  int64 // made up for each change, and so the same only where the history is
}

// memberChange is a moment and the members who changed then.
type memberChange struct {
	moment
	members []int64 // in order
}

// noteChanged notes that the transaction changes what the members are found by.
func (t *tx) noteChanged(members ...int64) {
	if t.changedMembers == nil {
		t.changedMembers = make(map[int64]bool, len(members))
	}
	for _, id := range members {
		t.changedMembers[id] = true
	}
}

// writeMemberChange stores which members the transaction has changed. It is the last thing that a transaction does: the
// counter's row is locked from here on until the commit, so that numbers are in the order of commits, and whoever has been
// given one locks nothing after it. A transaction that is rolled back gives its number back.
func (t *tx) writeMemberChange(ctx context.Context) error {
	if len(t.changedMembers) == 0 {
		return nil
	}
	err := t.insertNumbered(ctx, deferred{doing: "note a change of members"}, "member_changes", counterMemberChange, []column{
		{"number", kindInt, []any{int64(0)}},
		{"token", kindInt, []any{rand.Int64()}},
		{"members", kindBytes, []any{packIDs(slices.Sorted(maps.Keys(t.changedMembers)))}},
	})
	// By chance and not by count, so that no transaction has to know how many there are.
	if err != nil || rand.IntN(keptSlack) != 0 {
		return err
	}
	return t.forgetMemberChanges(ctx)
}

// forgetMemberChanges removes the changes that are older than the last keptChanges.
func (t *tx) forgetMemberChanges(ctx context.Context) error {
	return t.later(ctx, deferred{
		doing: "forget old changes of members",
		text:  `DELETE FROM member_changes WHERE tenant_id = ? AND number < (SELECT next FROM counters WHERE tenant_id = ? AND name = ?) - ?`,
		args:  []any{t.tenant, t.tenant, counterMemberChange, keptChanges},
	})
}

// memberChangesSince returns the changes after a moment, oldest first, as far as this transaction's snapshot has them: some
// more than limit where there are more. known is false where the moment is not part of the table: it is newer than the
// snapshot, too old, or of another history.
func (t *tx) memberChangesSince(ctx context.Context, after moment, limit int) (changes []memberChange, known bool, err error) {
	// The change of the moment itself is read as well, to see whether it is still there. Its members are known.
	rows, err := t.query(ctx, `SELECT number, token, CASE WHEN number > ? THEN members END FROM member_changes
		WHERE tenant_id = ? AND number >= ? ORDER BY number ASC LIMIT ?`, after.number, t.tenant, after.number, limit+2)
	changes, err = collect(rows, err, func(rows scannable) (c memberChange, err error) {
		var members []byte
		if err = rows.Scan(&c.number, &c.token, &members); err == nil {
			c.members, err = unpackIDs(members)
		}
		return c, err
	})
	if err != nil {
		return nil, false, doing("read changes of members", err)
	}
	if after.number > 0 {
		// The token tells a change of another history with the same number, as after a backup was restored.
		if len(changes) == 0 || changes[0].moment != after {
			return nil, false, nil
		}
		changes = changes[1:]
	}
	return changes, len(changes) == 0 || changes[0].number == after.number+1, nil
}

// newestMemberChange returns the moment of this transaction's snapshot.
func (t *tx) newestMemberChange(ctx context.Context) (at moment, err error) {
	err = t.queryRow(ctx, "SELECT number, token FROM member_changes WHERE tenant_id = ? ORDER BY number DESC LIMIT 1", t.tenant).
		Scan(&at.number, &at.token)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return at, doing("read the newest change of members", err)
}

// packIDs is how ids are stored, given in order: most take two bytes or three.
func packIDs(ids []int64) []byte {
	var packed []byte
	before := int64(0)
	for _, id := range ids {
		packed = binary.AppendVarint(packed, id-before)
		before = id
	}
	return packed
}

// unpackIDs reads what packIDs stored.
func unpackIDs(packed []byte) (ids []int64, err error) {
	id := int64(0)
	for len(packed) > 0 {
		more, n := binary.Varint(packed)
		if n <= 0 {
			return nil, fmt.Errorf("a list of ids ends with %x", packed)
		}
		id += more
		ids, packed = append(ids, id), packed[n:]
	}
	return ids, nil
}
