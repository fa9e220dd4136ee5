package sqlstore

import (
	"context"
	"encoding/json"
	"slices"

	"noren"
)

// customerColumn is the column of members that has the number of a Shopify customer.
const customerColumn = "shopify_customer_id"

// auditBatch is how many entries of the audit log one statement changes.
const auditBatch = 500

// eraseFromAudit removes the numbers of Shopify customers from what the audit log has of members: those that which is true of. The rest
// of an entry stays. A customer who was linked to one member may be linked to another now, so the whole log is looked at; it has an
// index for none of this, and customers are erased rarely.
func (t *tx) eraseFromAudit(ctx context.Context, which func(customer string) bool) error {
	type entry struct {
		id      int64
		changes []byte
	}
	rows, err := t.query(ctx, "SELECT id, changes FROM audit WHERE tenant_id = ? AND subject = 'member' AND changes LIKE ?",
		t.tenant, `%"`+customerColumn+`"%`)
	var found []entry
	err = each(rows, err, func(row scannable) error {
		var e entry
		if err := row.Scan(&e.id, &e.changes); err != nil {
			return err
		}
		if left, removed := withoutCustomer(e.changes, which); removed {
			found = append(found, entry{e.id, left})
		}
		return nil
	})
	for batch := range slices.Chunk(found, auditBatch) {
		if err != nil {
			break
		}
		err = t.updateLater(ctx, deferred{doing: "erase customers from the audit log"}, "audit",
			[]column{{"id", kindInt, valuesOf(batch, func(e *entry) any { return e.id })}},
			[]column{{"changes", kindText, valuesOf(batch, func(e *entry) any { return string(e.changes) })}})
	}
	// What this transaction has still to write as well.
	for i, e := range t.audit {
		if left, removed := withoutCustomer(e.Changes, which); removed && e.Subject == "member" {
			t.audit[i].Changes = left
		}
	}
	return doing("erase customers from the audit log", err)
}

// withoutCustomer returns the values of an entry without the Shopify customer, if it is one that which is true of.
func withoutCustomer(changes []byte, which func(customer string) bool) (left []byte, removed bool) {
	columns := make(map[string]json.RawMessage)
	var pair [2]*string
	if json.Unmarshal(changes, &columns) != nil || json.Unmarshal(columns[customerColumn], &pair) != nil {
		return changes, false
	}
	for i, v := range pair {
		if v != nil && which(*v) {
			pair[i], removed = nil, true
		}
	}
	switch {
	case !removed:
		return changes, false
	case pair[0] == nil && pair[1] == nil:
		delete(columns, customerColumn)
	default:
		columns[customerColumn], _ = json.Marshal(pair) //nolint:errchkjson // two texts
	}
	left, err := json.Marshal(columns)
	return left, err == nil
}

// customersOf are the Shopify customers that the people are, or were, with the member of each.
func customersOf(list []noren.Person) map[string]int64 {
	all := make(map[string]int64)
	for _, p := range list {
		for _, customer := range p.Customers {
			all[customer] = p.MemberID
		}
	}
	return all
}
