package sqlstore

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"noren"
	"noren/sharding"
)

// emptied is what is left of a response that was kept: its key, and nothing of what was said.
const emptied = "{}"

// count counts n of a kind for the member.
func (f traces) count(member int64, kind string, n int) {
	if f.counts[member] == nil {
		f.counts[member] = make(map[string]int)
	}
	f.counts[member][kind] += n
}

// ErasePeople implements noren.PersonTx.
func (t *tx) ErasePeople(ctx context.Context, list []noren.Person) (map[int64]map[string]int, map[int64]int64, error) {
	found, err := t.tracesOf(ctx, list)
	if err != nil {
		return nil, nil, err
	}
	// A member named by a running import stays whole, and so is left out of everything below.
	if len(found.pending) > 0 {
		rest := slices.DeleteFunc(slices.Clone(list), func(p noren.Person) bool { return found.pending[p.MemberID] != 0 })
		waiting := found.pending
		if len(rest) == 0 {
			return nil, waiting, nil
		}
		// What is written back must not have lost those who stay.
		if found, err = t.tracesOf(ctx, rest); err != nil {
			return nil, nil, err
		}
		list, found.pending = rest, waiting
	}
	members := make([]int64, len(list))
	subjects := make([]string, len(list))
	for i, p := range list {
		members[i], subjects[i] = p.MemberID, strconv.FormatInt(p.MemberID, 10)
		// So that everybody is in the counts, even those of whom nothing was found.
		found.count(p.MemberID, "notes", 0)
	}
	listed, arg := isIn(t.db.flavor, "member_id", members)
	about, subject := isIn(t.db.flavor, "subject_id", subjects)
	// After the first error nothing more is sent, and the transaction is rolled back as a whole.
	run := func(what, query string, args ...any) {
		if err == nil {
			_, err = t.exec(ctx, query, args...)
			err = doing("erase a person from "+what, err)
		}
	}
	// counted runs a statement that returns the member of each row that it has removed something from.
	counted := func(kind, query string, args ...any) {
		if err != nil {
			return
		}
		rows, queryErr := t.query(ctx, query, args...)
		err = doing("erase a person from "+kind, each(rows, queryErr, func(row scannable) error {
			var member int64
			err := row.Scan(&member)
			found.count(member, kind, 1)
			return err
		}))
	}
	counted("notes", "DELETE FROM member_notes WHERE tenant_id = ? AND "+listed+" RETURNING member_id", t.tenant, arg)
	// The values of the log go, and who wrote when stays. Entries about the member's purchases have amounts only.
	counted("audit values", "UPDATE audit SET changes = '{}' WHERE tenant_id = ? AND subject = 'member' AND "+about+
		" AND changes <> '{}' RETURNING CAST(subject_id AS bigint)", t.tenant, subject)
	// What its files said it had is kept by ids that may be the person's own, such as an address.
	run("points taken over", "DELETE FROM taken_over WHERE tenant_id = ? AND "+listed, t.tenant, arg)
	counted("texts of points", "UPDATE point_entries SET note = '' WHERE tenant_id = ? AND "+listed+" AND note <> '' RETURNING member_id",
		t.tenant, arg)
	// Whose customer bought stays with the shop; who that is elsewhere does not.
	run("purchases", "UPDATE purchases SET shopify_customer_id = NULL WHERE tenant_id = ? AND "+listed+" AND shopify_customer_id IS NOT NULL",
		t.tenant, arg)
	if customers := customersOf(list); err == nil && len(customers) > 0 {
		// Of other members: the customer may have been linked to one before.
		err = t.eraseFromAudit(ctx, func(customer string) bool {
			whose, ok := customers[customer]
			if ok {
				found.count(whose, "audit values", 1)
			}
			return ok
		})
	}
	if err == nil {
		err = t.eraseHeld(ctx, list, found)
	}
	if err == nil {
		err = t.eraseTraces(ctx, found)
	}
	if err == nil {
		err = t.eraseFiles(ctx, members, found)
	}
	// Only now: what is still in the log is removed when this is committed.
	t.db.scrub.Store(true)
	return found.counts, found.pending, err
}

// erasedCustomer is the customer of held purchases whose customer was erased. No member can be linked to it: Shopify's are numbers.
const erasedCustomer = "erased"

// eraseHeld removes the customers of purchases that are credited to nobody: those of people whom no member was linked to, or not any more.
func (t *tx) eraseHeld(ctx context.Context, list []noren.Person, found traces) error {
	whose := make(map[string]int64)
	for _, p := range list {
		for _, value := range p.Values {
			whose[value] = p.MemberID
		}
	}
	f := t.db.flavor
	// In the words of the index purchases_held.
	rows, err := t.query(ctx, "SELECT shopify_customer_id FROM purchases WHERE tenant_id = ? AND member_id IS NULL AND "+
		f.in("shopify_customer_id"), t.tenant, f.list(slices.Sorted(maps.Keys(whose))))
	held, err := collect(rows, err, func(row scannable) (customer string, err error) {
		err = row.Scan(&customer)
		found.count(whose[customer], "held purchases", 1)
		return customer, err
	})
	if err != nil || len(held) == 0 {
		return doing("look for held purchases of a person", err)
	}
	_, err = t.exec(ctx, "UPDATE purchases SET shopify_customer_id = ? WHERE tenant_id = ? AND member_id IS NULL AND "+
		f.in("shopify_customer_id"), erasedCustomer, t.tenant, f.list(held))
	return doing("erase a person from held purchases", err)
}

// EraseCustomers implements noren.PersonTx.
func (t *tx) EraseCustomers(ctx context.Context, source string) error {
	// An order of a file has such a customer too, and a member's own order needs none.
	_, err := t.exec(ctx, "UPDATE purchases SET shopify_customer_id = CASE WHEN member_id IS NULL THEN ? END "+
		"WHERE tenant_id = ? AND shopify_customer_id IS NOT NULL", erasedCustomer, t.tenant)
	if err == nil {
		_, err = t.exec(ctx, "UPDATE webhooks SET subject = '', detail = 'erased' WHERE tenant_id = ? AND source = ?", t.tenant, source)
	}
	if err == nil {
		err = t.eraseFromAudit(ctx, func(string) bool { return true })
	}
	t.db.scrub.Store(true)
	return doing("erase the customers of a shop", err)
}

// eraseTraces removes what was found in texts.
func (t *tx) eraseTraces(ctx context.Context, found traces) (err error) {
	// After the first error nothing more is sent, and the transaction is rolled back as a whole.
	run := func(what, query string, args ...any) {
		if err == nil {
			_, err = t.exec(ctx, query, args...)
			err = doing("erase a person from "+what, err)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(found.urls)) {
		// The callback first, as its delivery and the sweep lock it. One that is still to be sent needs its URL; RecordAttempts and
		// GiveUpCallbacks replace it by the request's when it ends, and wait for this to be committed.
		run("the URLs of callbacks", "UPDATE callbacks SET url = CASE WHEN state = 'pending' THEN url ELSE ? END "+
			"WHERE tenant_id = ? AND request_id = ?", found.urls[id], t.tenant, id)
		run("the URLs of bulk requests", "UPDATE bulk_requests SET callback_url = ? WHERE tenant_id = ? AND id = ?", found.urls[id], t.tenant, id)
	}
	for _, id := range found.named {
		run("request IDs", "UPDATE bulk_requests SET client_request_id = '' WHERE tenant_id = ? AND id = ?", t.tenant, id)
	}
	for _, id := range found.entries {
		run("request IDs", "UPDATE audit SET client_request_id = '' WHERE tenant_id = ? AND id = ?", t.tenant, id)
	}
	for _, at := range found.responses {
		run("responses to callbacks", "UPDATE callback_attempts SET answer = NULL WHERE tenant_id = ? AND request_id = ? AND number = ?",
			t.tenant, at[0], at[1])
	}
	for id, rows := range found.bulk {
		data, encodeErr := rows.Encode()
		if err = errors.Join(err, encodeErr); err == nil {
			run("bulk requests", "UPDATE bulk_requests SET rows = ? WHERE tenant_id = ? AND id = ?", data, t.tenant, id)
		}
	}
	for _, k := range found.answers {
		// The key stays, without what was answered: it still keeps the same write from taking effect twice.
		run("kept answers", "UPDATE kept_answers SET body = ? WHERE tenant_id = ? AND client_id = ? AND route = ? AND key = ?",
			[]byte(emptied), t.tenant, k.ClientID, k.Route, k.Key)
	}
	for _, k := range found.paths {
		run("kept answers", "DELETE FROM kept_answers WHERE tenant_id = ? AND client_id = ? AND route = ? AND key = ?",
			t.tenant, k.ClientID, k.Route, k.Key)
	}
	for id, columns := range found.imports {
		text, encodeErr := json.Marshal(columns)
		if err = errors.Join(err, encodeErr); err == nil {
			run("imports", "UPDATE imports SET columns = ? WHERE tenant_id = ? AND id = ?", string(text), t.tenant, id)
		}
	}
	for _, id := range found.fileNames {
		run("imports", "UPDATE imports SET file_name = 'erased' WHERE tenant_id = ? AND id = ?", t.tenant, id)
		run("imports", "UPDATE audit SET changes = '{}' WHERE tenant_id = ? AND subject = 'import' AND subject_id = ?",
			t.tenant, strconv.FormatInt(id, 10))
	}
	for _, at := range found.refusals {
		run("refused lines", "DELETE FROM import_refusals WHERE tenant_id = ? AND import_id = ? AND line = ?", t.tenant, at[0], at[1])
	}
	for _, at := range found.leftovers {
		run("lines of imports", "DELETE FROM import_pieces WHERE tenant_id = ? AND import_id = ? AND number = ?", t.tenant, at[0], at[1])
	}
	// In whatever encoding they are, the bytes of drafts are not searched: those drafts cannot be read again.
	run("files of imports", "DELETE FROM import_files WHERE tenant_id = ?", t.tenant)
	for _, w := range found.webhooks {
		run("webhooks", "UPDATE webhooks SET subject = '', detail = 'erased' WHERE tenant_id = ? AND source = ? AND id = ?",
			t.tenant, w[0], w[1])
	}
	return err
}

// eraseFiles detaches the members' files.
func (t *tx) eraseFiles(ctx context.Context, members []int64, found traces) error {
	listed, arg := isIn(t.db.flavor, "member_id", members)
	rows, err := t.query(ctx, "DELETE FROM member_attachments WHERE tenant_id = ? AND "+listed+" RETURNING member_id, file_key", t.tenant, arg)
	keys, err := collect(rows, err, func(row scannable) (key string, err error) {
		var member int64
		err = row.Scan(&member, &key)
		found.count(member, "files", 1)
		return key, err
	})
	// A file may be attached more than once, and each statement counts one less: nearly always one does.
	for slices.Sort(keys); err == nil && len(keys) > 0; {
		var again []string
		once := slices.CompactFunc(slices.Clone(keys), func(a, b string) bool {
			if a == b {
				again = append(again, b)
			}
			return a == b
		})
		err, keys = t.detached(ctx, once), again
	}
	return doing("erase a file", err)
}

// AddErasures implements noren.PersonTx.
func (t *tx) AddErasures(ctx context.Context, receipts []noren.Erasure) error {
	for _, e := range receipts {
		text, err := json.Marshal(e.Removed)
		if err != nil {
			return doing("write a receipt", err)
		}
		// The same receipt may be there from a run whose commit was in doubt.
		if _, err := t.exec(ctx, `INSERT INTO erasures (tenant_id, member_id, at, erased_by, removed) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT DO NOTHING`, t.tenant, e.MemberID, micros(e.At), e.By, string(text)); err != nil {
			return doing("store a receipt", err)
		}
	}
	return nil
}

// Erasures implements noren.PersonTx.
func (t *tx) Erasures(ctx context.Context) ([]noren.Erasure, error) {
	rows, err := t.query(ctx, `SELECT member_id, at, erased_by, removed FROM erasures
		WHERE tenant_id = ? ORDER BY at DESC, member_id`, t.tenant)
	list, err := collect(rows, err, func(row scannable) (e noren.Erasure, err error) {
		var at int64
		var removed []byte
		if err := row.Scan(&e.MemberID, &at, &e.By, &removed); err != nil {
			return e, err
		}
		e.At = fromMicros(at)
		return e, json.Unmarshal(removed, &e.Removed)
	})
	return list, doing("list receipts", err)
}

// personInvariants prove that nothing is left of members who were erased. What somebody has written about the number since
// is another matter.
func personInvariants() []invariant {
	var columns []string
	// Whatever is added to members later counts as personal, until somebody says here that it is not.
	for _, c := range noren.MemberColumns() {
		switch c.Name {
		case "code", "sex", "status", "leave_date", "rank_id", "minimum_rank_id", "staff_rank_id", "store_id",
			"mail_opt_in", "is_invoice_provider", "skip_next_check":
		default:
			columns = append(columns, "m."+c.Name+" IS NOT NULL")
		}
	}
	return []invariant{{
		name:    "nothing is left of members who were erased",
		checked: "erasures",
		violated: `SELECT e.tenant_id, e.member_id, 'a column' AS what FROM erasures AS e
				JOIN members AS m ON m.tenant_id = e.tenant_id AND m.id = e.member_id AND m.updated_at <= e.at
				WHERE ` + strings.Join(columns, " OR ") + `
			UNION ALL SELECT e.tenant_id, e.member_id, 'a note' FROM erasures AS e
				JOIN member_notes AS n ON n.tenant_id = e.tenant_id AND n.member_id = e.member_id AND n.created_at <= e.at
			UNION ALL SELECT e.tenant_id, e.member_id, 'a file' FROM erasures AS e
				JOIN member_attachments AS a ON a.tenant_id = e.tenant_id AND a.member_id = e.member_id AND a.created_at <= e.at
			UNION ALL SELECT e.tenant_id, e.member_id, 'a text of points' FROM erasures AS e
				JOIN point_entries AS p ON p.tenant_id = e.tenant_id AND p.member_id = e.member_id AND p.at <= e.at AND p.note <> ''
			UNION ALL SELECT e.tenant_id, e.member_id, 'an audit value' FROM erasures AS e
				JOIN audit AS a ON a.tenant_id = e.tenant_id AND a.subject = 'member' AND a.subject_id = CAST(e.member_id AS text)
				AND a.at < e.at AND a.changes <> '{}'`,
		say: "of member %v, who was erased, %v is left",
	}}
}

// erasedRow is a member who was erased.
type erasedRow struct{ tenant, member int64 }

// acceptedMeanwhile is how long accepting a request may take: what is accepted while somebody is erased comes after it.
const acceptedMeanwhile = time.Minute

// checkErasedRows looks for members who were erased in the bodies of bulk requests from before. It is not done in SQL, whose engines
// read JSON in different ways.
func (t *tx) checkErasedRows(ctx context.Context) (noren.Check, error) {
	check := noren.Check{Name: "no bulk request has more of members who were erased than their numbers"}
	at := make(map[erasedRow]int64)
	rows, err := t.query(ctx, "SELECT tenant_id, member_id, MAX(at) FROM erasures GROUP BY tenant_id, member_id"+sharding.Across("verify"))
	err = each(rows, err, func(row scannable) error {
		var of erasedRow
		var last int64
		err := row.Scan(&of.tenant, &of.member, &last)
		at[of] = last - acceptedMeanwhile.Microseconds()
		return err
	})
	if err != nil || len(at) == 0 {
		return check, doing("verify who was erased", err)
	}
	rows, err = t.query(ctx, `SELECT r.tenant_id, r.id, r.accepted_at, r.rows,
			COALESCE((SELECT t.contract FROM tenants AS t WHERE t.id = r.tenant_id), 'that does not exist')
		FROM bulk_requests AS r WHERE r.kind = 'members' AND r.tenant_id IN (SELECT e.tenant_id FROM erasures AS e)
		ORDER BY r.tenant_id, r.id`+sharding.Across("verify"))
	err = each(rows, err, func(row scannable) error {
		var of erasedRow
		var id, accepted int64
		var data []byte
		var contract string
		if err := row.Scan(&of.tenant, &id, &accepted, &data, &contract); err != nil {
			return err
		}
		check.Checked++
		body, err := noren.DecodeBulkRows(data)
		for i, m := range body.Members {
			of.member = m.ID
			if last, erased := at[of]; erased && accepted <= last && !bare(m) {
				violate(&check, contract, "row %v of bulk request %v has something of member %v, who was erased", i+1, id, m.ID)
			}
		}
		return err
	})
	return check, doing("verify the rows of people who were erased", err)
}
