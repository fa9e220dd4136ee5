package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"noren"
)

// claim is a value of a unique column that a member is about to take.
type claim struct {
	row    int // from 1
	member int64
	value  string
}

// uniqueColumn reports whether no two members of a tenant may have the same value in the column.
func uniqueColumn(name string) bool {
	return name == "code" || name == "alias_code" || name == "shopify_customer_id"
}

// checkFree returns a Conflict for the first of the new members whose id or unique values are taken, by a stored
// member or by one before it. Looking comes first, because on PostgreSQL a statement that fails spoils its
// transaction, and on a cluster the name of the constraint that it met tells nothing.
func (t *tx) checkFree(ctx context.Context, members []noren.Member) error {
	var conflicts conflicts
	ids := make([]int64, len(members))
	for i := range members {
		ids[i] = members[i].ID
	}
	stored, err := t.storedIDs(ctx, ids)
	if err != nil {
		return err
	}
	for i, id := range ids {
		// The first is enough: a row with a wrong id says nothing of those behind it.
		if stored[id] {
			conflicts.add(i+1, "id", strconv.FormatInt(id, 10))
			break
		}
		stored[id] = true
	}
	for _, c := range memberColumns {
		if !uniqueColumn(c.Name) {
			continue
		}
		var claims []claim
		for i := range members {
			if v, ok := c.value(&members[i]).(string); ok {
				claims = append(claims, claim{i + 1, members[i].ID, v})
			}
		}
		if err := t.checkClaims(ctx, c.Name, claims, &conflicts); err != nil {
			return err
		}
	}
	return conflicts.first()
}

// checkTaken is checkFree for changes of members in some columns. Only what a member newly takes is looked up: most
// changes touch no unique column, and cost no statement here.
func (t *tx) checkTaken(ctx context.Context, changes []noren.MemberChange, cols []memberColumn) error {
	var conflicts conflicts
	for _, c := range cols {
		if !uniqueColumn(c.Name) {
			continue
		}
		var claims []claim
		for i := range changes {
			before, after := &changes[i].Before, &changes[i].After
			if v, ok := c.value(after).(string); ok && !c.Equal(before, after) {
				claims = append(claims, claim{i + 1, after.ID, v})
			}
		}
		// Whoever makes members holds the counter too. Otherwise two who want each other's values would wait in the index.
		if len(claims) > 0 {
			if err := t.hold(ctx, noren.CounterMember); err != nil {
				return err
			}
		}
		if err := t.checkClaims(ctx, c.Name, claims, &conflicts); err != nil {
			return err
		}
	}
	return conflicts.first()
}

// checkClaims finds the first claim on a value that a stored member has or an earlier claim takes. A member does not
// stand in its own way.
func (t *tx) checkClaims(ctx context.Context, column string, claims []claim, found *conflicts) error {
	if len(claims) == 0 {
		return nil
	}
	values := make([]string, len(claims))
	for i, c := range claims {
		values[i] = c.value
	}
	holders, err := t.MemberHolders(ctx, column, values)
	if err != nil {
		return err
	}
	for _, c := range claims {
		if holder, taken := holders[c.value]; taken && holder != c.member {
			found.add(c.row, column, c.value)
			return nil
		}
		// From here on the value is taken by this claim.
		holders[c.value] = c.member
	}
	return nil
}

// MemberHolders implements noren.MemberTx.
func (t *tx) MemberHolders(ctx context.Context, column string, values []string) (map[string]int64, error) {
	if !uniqueColumn(column) {
		return nil, fmt.Errorf("members are not told apart by their %s", column) // a name from outside never becomes SQL
	}
	f := t.db.flavor
	holders := make(map[string]int64, len(values))
	rows, err := t.query(ctx, "SELECT id, "+column+" FROM members WHERE tenant_id = ? AND "+f.in(column), t.tenant, f.list(values))
	err = each(rows, err, func(row scannable) error {
		var id int64
		var value string
		if err := row.Scan(&id, &value); err != nil {
			return err
		}
		holders[value] = id
		return nil
	})
	return holders, doing("look for members by "+column, err)
}

// storedIDs returns which of the ids are those of members.
func (t *tx) storedIDs(ctx context.Context, ids []int64) (map[int64]bool, error) {
	f := t.db.flavor
	rows, err := t.query(ctx, "SELECT id FROM members WHERE tenant_id = ? AND "+f.in("id"), t.tenant, f.list(ids))
	list, err := collect(rows, err, func(row scannable) (id int64, err error) {
		err = row.Scan(&id)
		return id, err
	})
	stored := make(map[int64]bool, len(list))
	for _, id := range list {
		stored[id] = true
	}
	return stored, doing("look for members by id", err)
}

// conflicts gathers what is taken. Columns are looked at one after another, but a caller counts in rows: the first
// row of the call is returned, and among its columns the first.
type conflicts []*noren.Error

func (c *conflicts) add(row int, column, value string) {
	*c = append(*c, &noren.Error{
		Kind: noren.Conflict, Row: row, Field: column, Value: value,
		Message: fmt.Sprintf("another member has the %s %q", column, value),
	})
}

func (c conflicts) first() error {
	if len(c) == 0 {
		return nil
	}
	return slices.MinFunc(c, func(a, b *noren.Error) int { return a.Row - b.Row })
}

// errLostRace says that another transaction took a unique value after this one had looked for it. The closure is run
// again, and then sees who has it. On SQLite it cannot happen: there is one writer.
var errLostRace = errors.New("another transaction took the same value at the same moment")

// lostRace turns a unique violation, which looking first leaves only to races, into errLostRace.
func lostRace(err error) error {
	if uniqueViolation(err) {
		return fmt.Errorf("%w: %v", errLostRace, err) //nolint:errorlint // the cause alone would be final; together they pass
	}
	return err
}
