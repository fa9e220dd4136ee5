package sqlstore

import (
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"noren"
)

// damages are ways to break stored data, each with what Verify is to say of it and in which check.
var damages = []struct {
	name  string // also the contract id of the tenant that is damaged
	sql   string // run with the tenant's id for each ?
	check string
	says  string
}{
	{"alias", `UPDATE members SET alias_code = 'same' WHERE tenant_id = ?`, "member codes, alias codes", "alias code same"},
	{"rank", `UPDATE members SET rank_id = 9 WHERE tenant_id = ? AND id = 1`, "ranks, staff ranks and stores", "member 1 has the rank 9"},
	{"staffrank", `UPDATE members SET staff_rank_id = 9 WHERE tenant_id = ? AND id = 1`, "ranks, staff ranks and stores", "staff rank 9"},
	{"store", `UPDATE members SET store_id = 9 WHERE tenant_id = ? AND id = 2`, "ranks, staff ranks and stores", "member 2 has the store 9"},
	{"left", `UPDATE members SET leave_date = NULL WHERE tenant_id = ? AND status = 'LEFT'`, "leave date", "member 2 is LEFT with the leave date none"},
	{"active", `UPDATE members SET leave_date = '2026-04-01' WHERE tenant_id = ? AND id = 1`, "leave date", "member 1 is ACTIVE"},
	{"total", `UPDATE counters SET next = 7 WHERE tenant_id = ? AND name = 'members_total'`, "stored member count", "is 7, but there are 2"},
	{"nototal", `DELETE FROM counters WHERE tenant_id = ? AND name = 'members_total'`, "stored member count", "is none, but there are 2"},
	{"counter", `UPDATE counters SET next = 2 WHERE tenant_id = ? AND name = 'member'`, "counters", "next member would get the number 2, but 2"},
	{"purchase", `UPDATE purchases SET member_id = 9 WHERE tenant_id = ?`, "purchases", "purchase shop_file order-1 is that of member 9"},
	{"heldlinked", `UPDATE purchases SET member_id = NULL WHERE tenant_id = ? AND id = 1`, "without a member", "purchase shop_file order-1 is credited to nobody, but its Shopify customer, 77, is that of member 1"},
	{"heldfornone", `UPDATE purchases SET shopify_customer_id = NULL WHERE tenant_id = ? AND id = 2`, "without a member", "purchase shopify order-2 is credited to nobody, but its Shopify customer, none, is that of member none"},
	{"credited", `UPDATE purchases SET credited = 71 WHERE tenant_id = ? AND id = 1`, "less refunds", "purchase shop_file order-1 is credited with 71, but of its 100 refunds have left 70"},
	{"uncancelled", `UPDATE purchases SET credited = 1 WHERE tenant_id = ? AND id = 2`, "less refunds", "purchase shopify order-2 is credited with 1, but of its 50 refunds have left 0"},
	{"overrefunded", `UPDATE purchase_refunds SET amount = 200 WHERE tenant_id = ? AND amount = 30`, "less refunds", "credited with 70, but of its 100 refunds have left 0"},
	{"norefund", `DELETE FROM purchase_refunds WHERE tenant_id = ? AND purchase_id = 'order-1'`, "less refunds", "credited with 70, but of its 100 refunds have left 100"},
	{"negative", `UPDATE purchases SET amount = -1, credited = 0 WHERE tenant_id = ? AND id = 2`, "less refunds", "but of its -1"},
	{"negativerefund", `UPDATE purchase_refunds SET amount = -1 WHERE tenant_id = ? AND amount = 30`, "cancellations have none", "the refund of purchase shop_file order-1 with the id r1 takes off -1"},
	{"sofar", `INSERT INTO purchase_refunds (tenant_id, source, purchase_id, external_id, amount, everything, so_far, refunded_at) VALUES (?, 'shop_file', 'order-1', 'export:40:1', 40, (1 = 0), (1 = 1), 1)`, "less refunds", "is credited with 70, but of its 100 refunds have left 60"},
	{"sofaruntimed", `INSERT INTO purchase_refunds (tenant_id, source, purchase_id, external_id, amount, everything, so_far) VALUES (?, 'shop_file', 'order-1', 'export:5', 5, (1 = 0), (1 = 1))`, "cancellations have none", "with the id export:5 takes off 5"},
	{"falsecancel", `UPDATE purchase_refunds SET everything = (1 = 0) WHERE tenant_id = ? AND purchase_id = 'order-2'`, "cancellations have none", "with the id cancelled takes off 0"},
	{"spend", `UPDATE member_spend SET amount = 71 WHERE tenant_id = ?`, "monthly spend", "the spend of member 1 in 2026-11 is 71, but the purchases add up to 70"},
	{"nospend", `DELETE FROM member_spend WHERE tenant_id = ?`, "monthly spend", "the spend of member 1 in 2026-11 is 0, but the purchases add up to 70"},
	{"ungranted", `UPDATE point_entries SET purchase_id = NULL WHERE tenant_id = ? AND id = 3`, "was granted the points", "purchase 1 of member 1 earned 10 points, but 0 grants gave 0, and its lots hold 10"},
	{"grantedtwice", `UPDATE point_entries SET purchase_id = 1 WHERE tenant_id = ? AND id = 1`, "was granted the points", "purchase 1 of member 1 earned 10 points, but 2 grants gave 20"},
	{"grantlot", `UPDATE point_lots SET amount = 11 WHERE tenant_id = ? AND id = 2`, "was granted the points", "and its lots hold 11"},
	{"nosuchpurchase", `UPDATE point_entries SET purchase_id = 9 WHERE tenant_id = ? AND id = 3`, "was granted the points", "purchase 9 of member 1 earned 0 points, but 1 grants gave 10"},
	{"takenover", `INSERT INTO taken_over (tenant_id, source, external_id, member_id, type, amount) VALUES (?, 'old', 'x1', 9, '', 0)`, "taken over", "x1 of old was taken over for member 9"},
	{"othersgrant", `UPDATE point_entries SET member_id = 2 WHERE tenant_id = ? AND id = 3`, "was granted the points", "purchase 1 of member 2 earned 0 points, but 1 grants gave 10"},
	{"returned", `UPDATE point_entries SET delta = -1 WHERE tenant_id = ? AND id = 4`, "taken back for refunds", "of purchase 1 of member 1 2 points were taken back, but entries took 1"},
	{"returnedofnone", `UPDATE point_entries SET purchase_id = NULL WHERE tenant_id = ? AND id = 4`, "taken back for refunds", "of purchase none of member 1 0 points were taken back, but entries took 2"},
	{"usedof", `UPDATE point_entries SET purchase_id = 1 WHERE tenant_id = ? AND id = 2`, "name a purchase", "entry 2, of kind used, names purchase 1"},
	{"owed", `UPDATE purchases SET owed = 2 WHERE tenant_id = ? AND id = 1`, "accounted for", "purchase shop_file order-1 earned 10 points and keeps 7, but 2 are taken back, 0 lapsed, 0 forgiven and 2 owed"},
	{"otherrule", `UPDATE purchases SET earn_rule = '{"rate":"0.2","scale":1}' WHERE tenant_id = ? AND id = 1`, "accounted for", "earned 10 points and keeps 14"},
	{"purchasecounter", `UPDATE counters SET next = 2 WHERE tenant_id = ? AND name = 'purchase'`, "counters", "next purchase would get the number 2, but 2"},
	{"rankcounter", `DELETE FROM counters WHERE tenant_id = ? AND name = 'rank_change'`, "counters", "next rank_change would get the number 1, but 1"},
	{"webhook", `UPDATE webhooks SET outcome = '' WHERE tenant_id = ?`, "every webhook", `the webhook shopify w1 has the outcome ""`},
	{"level", `UPDATE stock_levels SET amount = 4 WHERE tenant_id = ?`, "stock levels", "has the amount 4, but its movements add up to 3"},
	{"nolevel", `DELETE FROM stock_levels WHERE tenant_id = ?`, "stock levels", "has the amount none"},
	{"delta", `UPDATE stock_movements SET delta = 6 WHERE tenant_id = ? AND id = 1`, "stock levels", "add up to 4 and the last one says 3"},
	{"day", `UPDATE stock_levels SET updated_day = 1 WHERE tenant_id = ?`, "the day of every stock level", "the level of product 1 in store 1 has another day"},
	{"erased", `INSERT INTO erasures (tenant_id, member_id, at, erased_by, removed) VALUES (?, 1, 9000000000000000, 'x', '{}')`, "nothing is left", "of member 1, who was erased, a column is left"},
	{"erasedrow", `UPDATE bulk_requests SET kind = 'members', rows = '{"members":[{"id":8,"first_name":"x"},{"id":9},{"id":9,"first_name":"x"}]}' WHERE tenant_id = ? AND id = 1`, "more of members who were erased", "row 3 of bulk request 1 has something of member 9"},
	{"erasedurl", `UPDATE callbacks SET url = 'https://example.com/mail/x' WHERE tenant_id = ? AND request_id = 1`, "the URL of a callback that has ended", "the callback of bulk request 1, which is delivered, has another URL"},
	{"product", `DELETE FROM products WHERE tenant_id = ?`, "products and stores", "movement 1 names product 1"},
	{"nocallback", `DELETE FROM callbacks WHERE tenant_id = ? AND request_id = 2`, "has one callback", "bulk request 2 has the state failed and no callback"},
	{"early", `UPDATE bulk_requests SET state = 'accepted' WHERE tenant_id = ? AND id = 2`, "has one callback", "accepted and a callback"},
	{"state", `UPDATE bulk_requests SET state = 'lost' WHERE tenant_id = ? AND id = 2`, "has one callback", "the state lost"},
	{"gap", `DELETE FROM bulk_requests WHERE tenant_id = ? AND id = 3`, "numbered without gaps", "3 numbers were given to bulk requests, but 2"},
	{"attempts", `UPDATE callbacks SET attempts = 2 WHERE tenant_id = ? AND request_id = 1`, "all its attempts", "after 2 attempts, but 1"},
	{"success", `UPDATE callback_attempts SET status = 500 WHERE tenant_id = ?`, "all its attempts", "0 of them successful"},
	{"token", `UPDATE access_tokens SET client_id = 9 WHERE tenant_id = ?`, "access tokens", "client 9"},
	{"key", `UPDATE client_keys SET key = 'other' WHERE tenant_id = ?`, "found by its key", "has the key key of key and is found by other"},
	{"revoked", `UPDATE clients SET revoked_at = 1 WHERE tenant_id = ?`, "found by its key", "has the key key of revoked and is found by key of revoked"},
	{"results", `UPDATE imports SET unchanged = 1 WHERE tenant_id = ? AND id = 1`, "has one result", "import 1 is running after 1 of 2 lines with 2 results"},
	{"undone", `UPDATE imports SET total = 5 WHERE tenant_id = ? AND id = 2`, "has one result", "import 2 is done after 1 of 5 lines"},
	{"lines", `DELETE FROM import_pieces WHERE tenant_id = ?`, "unprocessed line", "import 1 has processed 1 of 2 lines"},
	{"refusals", `DELETE FROM import_refusals WHERE tenant_id = ?`, "that counts them", "import 1 has 0 refused lines but counts 1"},
	{"refusalof", `UPDATE import_refusals SET import_id = 9 WHERE tenant_id = ?`, "that counts them", "import 9 has 1 refused lines but counts 0"},
	{"linesof", `UPDATE import_pieces SET import_id = 9 WHERE tenant_id = ?`, "that counts them", "import 9 has 0"},
	{"importno", `UPDATE counters SET next = 2 WHERE tenant_id = ? AND name = 'import'`, "counters", "next import would get the number 2, but 2"},
	{"productno", `DELETE FROM counters WHERE tenant_id = ? AND name = 'product'`, "counters", "next product would get the number 1, but 1"},
	{"lostchange", `UPDATE member_changes SET number = 2 WHERE tenant_id = ?`, "without gaps", "1 changes are stored, from 2 to 2, but the last number is 1"},
	{"nochange", `DELETE FROM member_changes WHERE tenant_id = ?`, "without gaps", "0 changes are stored, from none to none, but the last number is 1"},
	{"changeno", `DELETE FROM counters WHERE tenant_id = ? AND name = 'member_change'`, "counters", "next member_change would get the number 1, but 1"},
}

// Each kind of damage is done to a tenant of its own; Verify has to find each where it is, and nothing in the
// tenant that is sound.
func TestVerifyFindsDamage(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, b *bundle) {
		b.shop(t, "sound")
		raw := b.unguarded(t)
		for _, d := range damages {
			id := b.shop(t, d.name)
			args := slices.Repeat([]any{int64(id)}, strings.Count(d.sql, "?"))
			if result, err := raw.ExecContext(t.Context(), b.flavor.bind(d.sql), args...); err != nil {
				t.Fatalf("%s: %v", d.name, err)
			} else if n, _ := result.RowsAffected(); n == 0 {
				t.Fatalf("%s damages nothing", d.name)
			}
		}
		checks, err := b.Verify(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range damages {
			if !slices.ContainsFunc(checks, func(c noren.Check) bool {
				return strings.Contains(c.Name, d.check) && slices.ContainsFunc(c.Violations, func(v string) bool {
					return strings.HasPrefix(v, "tenant "+d.name+": ") && strings.Contains(v, d.says)
				})
			}) {
				t.Errorf("Verify does not say %q of %s in the check %q", d.says, d.name, d.check)
			}
		}
		for _, c := range checks {
			if c.Checked == 0 {
				t.Errorf("%q looked at nothing", c.Name)
			}
			for _, v := range c.Violations {
				if strings.HasPrefix(v, "tenant sound: ") {
					t.Errorf("%q says %q", c.Name, v)
				}
			}
		}
		if t.Failed() {
			t.Logf("%+v", checks)
		}
	})
}

// unguarded is a connection on which foreign keys and the like are not enforced, as on a disk that loses writes.
func (b *bundle) unguarded(t *testing.T) *sql.Conn {
	t.Helper()
	driver, source, guards := "pgx", b.url, "SET session_replication_role = replica"
	if path, ok := strings.CutPrefix(b.url, "sqlite:"); ok {
		driver, source, guards = "sqlite", path, "PRAGMA foreign_keys = OFF"
	}
	pool, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pool.Close() })
	conn, err := pool.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{guards, "DROP INDEX IF EXISTS members_alias_code"} {
		if _, err := conn.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	return conn
}

// shop makes a tenant with a little of everything.
func (b *bundle) shop(t *testing.T, contract string) noren.TenantID {
	t.Helper()
	made, _, err := b.EnsureTenant(t.Context(), contract)
	if err == nil {
		err = b.Update(t.Context(), made.ID, func(tx noren.Tx) error {
			return errors.Join(fillCatalogue(t, tx), fillStock(t, tx), fillBulk(t, tx), fillAccess(t, tx, contract), fillPoints(t, tx),
				fillPurchases(t, tx), fillImports(t, tx), fillRanks(t, tx))
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return made.ID
}

// fillCatalogue makes two members, one of whom has left, and what they refer to.
func fillCatalogue(t *testing.T, tx noren.Tx) error {
	ctx, at := t.Context(), fixedClock()
	first, second := named(1, "一商店"), named(2, "二商店")
	second.Status, second.LeaveDate = noren.Left, new(noren.Date("2026-04-01"))
	first.ShopifyCustomerID = new("77")
	second.RankID, second.StaffRankID, second.StoreID = new(int64(1)), new(int64(1)), new(int64(1))
	return errors.Join(
		tx.PutRanks(ctx, []noren.Rank{{ID: 1, Name: "Bronze"}}),
		tx.PutStaffRanks(ctx, []noren.StaffRank{{ID: 1, Name: "社員"}}),
		tx.PutStores(ctx, []noren.Store{{ID: 1, Kind: noren.StoreShop, CreatedAt: at, UpdatedAt: at}}),
		tx.InsertMembers(ctx, []noren.Member{first, second}),
		tx.Raise(ctx, noren.CounterMember, 2),
		tx.AddErasures(ctx, []noren.Erasure{{MemberID: 9, At: at.Add(time.Hour)}}),
	)
}

// fillPurchases credits the first member with a purchase that earned points and of which some was refunded, and holds one that
// was cancelled.
func fillPurchases(t *testing.T, tx noren.Tx) error {
	ctx, at := t.Context(), fixedClock()
	return errors.Join(
		tx.PutPurchases(ctx, []noren.Purchase{
			{
				ID: 1, MemberID: 1, Source: "shop_file", ExternalID: "order-1", ShopifyCustomerID: "77", Amount: 100, Credited: 70,
				PaidAt: at, Month: "2026-11", Earning: noren.Earning{
					Rule: noren.EarnRule{UnitPrice: 10, Unit: 100, Scale: 1}, Counted: 100, Granted: 10, Returned: 2, Owed: 1,
				},
			},
			{ID: 2, Source: "shopify", ExternalID: "order-2", ShopifyCustomerID: "78", Amount: 50, PaidAt: at, Month: "2026-11"},
		}),
		tx.AddRefunds(ctx, []noren.Refund{
			{Source: "shop_file", PurchaseID: "order-1", ExternalID: "r1", Amount: 30},
			{Source: "shopify", PurchaseID: "order-2", ExternalID: "cancelled", All: true},
		}),
		tx.AddSpend(ctx, []noren.MonthlySpend{{MemberID: 1, Month: "2026-11", Amount: 70}}),
		tx.Raise(ctx, noren.CounterPurchase, 2),
		tx.AddRankChanges(ctx, []noren.RankChange{{ID: 1, MemberID: 1, At: at, Reason: "set"}}),
		tx.Raise(ctx, noren.CounterRankChange, 1),
		tx.PutWebhook(ctx, noren.Webhook{Source: "shopify", ID: "w1", Topic: "orders/paid", At: at, Outcome: noren.WebhookHeld}),
	)
}

// fillRanks makes a check of ranks that moved nobody.
func fillRanks(t *testing.T, tx noren.Tx) error {
	at := fixedClock()
	return tx.BeginRankCheck(t.Context(), noren.RankCheck{
		At: at, From: "2025-11", Until: "2026-11", After: 2, StartedAt: at, FinishedAt: &at, Stayed: 1,
	})
}

// fillPoints grants points to the first member and takes some, and makes a note and an attachment.
func fillPoints(t *testing.T, tx noren.Tx) error {
	ctx, at := t.Context(), fixedClock()
	entry := func(id int64, kind noren.PointEntryKind, delta int64) noren.PointEntry {
		return noren.PointEntry{ID: id, MemberID: 1, Type: noren.DefaultPoint, Kind: kind, Delta: delta, At: at}
	}
	earned := func(e noren.PointEntry) noren.PointEntry {
		e.Purchase.ID = 1
		return e
	}
	err := errors.Join(
		tx.PutStaff(ctx, []noren.Staff{{ID: 1}}),
		tx.MovePoints(ctx, noren.PointMovement{
			Lots: []noren.PointLot{
				{ID: 1, MemberID: 1, Type: noren.DefaultPoint, GrantedAt: at, Amount: 10, Remaining: 10},
				{ID: 2, MemberID: 1, Type: noren.DefaultPoint, GrantedAt: at, Amount: 10, Remaining: 10, PurchaseID: 1},
			},
			Entries: []noren.PointEntry{
				entry(1, noren.PointsGranted, 10), entry(2, noren.PointsUsed, -4),
				earned(entry(3, noren.PointsGranted, 10)), earned(entry(4, noren.PointsReturned, -2)),
			},
			Burns: []noren.PointBurn{{EntryID: 2, LotID: 1, Amount: 4}, {EntryID: 4, LotID: 2, Amount: 2}},
		}),
		tx.AddNote(ctx, noren.Note{ID: 1, MemberID: 1, StaffID: new(int64(1)), CreatedAt: at}),
		tx.AddUpload(ctx, noren.Upload{FileKey: "a.png", CreatedAt: at}),
	)
	_, err2 := tx.AddAttachment(ctx, noren.Attachment{ID: 1, MemberID: 1, FileKey: "a.png", CreatedAt: at})
	for counter, used := range map[noren.Counter]int64{
		noren.CounterPointLot: 2, noren.CounterPointEntry: 4, noren.CounterNote: 1, noren.CounterAttachment: 1,
	} {
		err = errors.Join(err, tx.Raise(ctx, counter, used))
	}
	return errors.Join(err, err2)
}

// fillImports makes an import that has refused a line and has another one left, and one that is done.
func fillImports(t *testing.T, tx noren.Tx) error {
	ctx, at := t.Context(), fixedClock()
	running := noren.Import{ID: 1, Kind: noren.ImportMembers, State: noren.ImportRunning, Total: 2, Processed: 1, Refused: 1, CreatedAt: at}
	lines := []noren.ImportLine{{Number: 2, Cells: []string{"a"}}}
	return errors.Join(
		tx.AddImport(ctx, running),
		tx.AddImport(ctx, noren.Import{ID: 2, Kind: noren.ImportMembers, State: noren.ImportDone, Total: 1, Processed: 1, Created: 1, CreatedAt: at}),
		tx.AddImportPieces(ctx, 1, []noren.ImportPiece{{Number: 1, Lines: lines}, {Number: 2, Lines: lines}}),
		tx.FinishImportPiece(ctx, running, 1, []noren.RefusedLine{{Line: 2, Cells: []string{"a"}}}),
		tx.Raise(ctx, noren.CounterImport, 2),
		tx.Raise(ctx, noren.CounterProduct, 1),
	)
}

func fillStock(t *testing.T, tx noren.Tx) error {
	ctx, at := t.Context(), fixedClock()
	key := noren.StockKey{ProductID: 1, StoreID: 1}
	return errors.Join(
		tx.PutProducts(ctx, []noren.Product{{ID: 1, CreatedAt: at, UpdatedAt: at}}),
		tx.MoveStock(ctx, []noren.StockMovement{{ID: 1, StockKey: key, Delta: 5, AmountAfter: 5, Division: "15", At: at}}, nil),
		tx.MoveStock(ctx, []noren.StockMovement{{ID: 2, StockKey: key, Delta: -2, AmountAfter: 3, Division: "15", At: at}}, nil),
		tx.Raise(ctx, noren.CounterMovement, 2),
	)
}

// fillBulk makes three requests: one succeeded and its callback was delivered, one failed, one waits.
func fillBulk(t *testing.T, tx noren.Tx) error {
	ctx, at := t.Context(), fixedClock()
	requests, rows := make([]noren.BulkRequest, 3), make([][]byte, 3)
	for i := range requests {
		requests[i] = noren.BulkRequest{Token: strconv.Itoa(i), Kind: noren.BulkStock, Dialect: noren.Smaregi, ClientID: 1, AcceptedAt: at}
		rows[i] = []byte("{}")
	}
	ids, err := tx.AcceptBulk(ctx, requests, rows)
	if err != nil {
		return err
	}
	callbacks := make([]noren.Callback, 2)
	for i := range callbacks {
		requests[i].ID, requests[i].State, requests[i].AppliedAt = ids[i], noren.BulkSucceeded, &at
		callbacks[i] = noren.Callback{RequestID: ids[i], ClientID: 1, Body: []byte("{}"), State: noren.CallbackPending, OwedAt: at, NextAt: at}
	}
	requests[1].State, requests[1].Failures = noren.BulkFailed, []noren.Failure{{Row: 1, Reason: noren.ReasonProductUnknown}}
	delivered := callbacks[0]
	delivered.State, delivered.Attempts, delivered.Tries = noren.CallbackDelivered, 1, 1
	return errors.Join(
		tx.FinishBulk(ctx, requests[:2], callbacks),
		tx.RecordAttempts(ctx, []noren.Delivery{{Callback: delivered, Attempt: noren.Attempt{Number: 1, At: at, Status: 204}}}),
	)
}

func fillAccess(t *testing.T, tx noren.Tx, contract string) error {
	ctx := t.Context()
	return errors.Join(
		tx.PutClients(ctx, []noren.Client{{ID: 1, Name: "pos", Dialect: noren.Smaregi, Key: "key of " + contract}}),
		tx.AddToken(ctx, noren.Token{Hash: noren.HashSecret(contract), ClientID: 1}),
		tx.Raise(ctx, noren.CounterClient, 1),
	)
}
