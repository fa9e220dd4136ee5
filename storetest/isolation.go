package storetest

import (
	"fmt"
	"testing"
	"time"

	"noren"
)

func isolationChecks() []check {
	return []check{
		{"no list or look-up shows another tenant's", isolationReads},
		{"no write touches another tenant's", isolationWrites},
		{"a tenant without anything", isolationEmpty},
	}
}

// fill stores one row of everything, with texts that contain who.
func (b *bundle) fill(t *testing.T, who string) {
	t.Helper()
	m := member(1)
	m.LastName, m.CustomerNo, m.AliasCode, m.ShopifyCustomerID = &who, new("no"), new("alias"), new("shopify")
	b.insert(t, m, member(2))
	b.move(t, movement(1, 1, 1, 5, 5))
	b.owe(t, 2)
	b.acceptN(t, 1)
	b.update(t, func(tx noren.Tx) error {
		held := purchase(2, 0)
		held.ShopifyCustomerID = "77"
		err := firstError(
			tx.PutPurchases(b.ctx, []noren.Purchase{purchase(1, 1), held}),
			tx.AddRefunds(b.ctx, []noren.Refund{{Source: "till", PurchaseID: "o1", ExternalID: who, Amount: 1}}),
			tx.AddSpend(b.ctx, []noren.MonthlySpend{{MemberID: 1, Month: "2026-04", Amount: 99}}),
			tx.PutWebhook(b.ctx, noren.Webhook{Source: "shopify", ID: "w", Topic: "a/b", At: at(0), Outcome: noren.WebhookApplied, Detail: who}),
		)
		_, err2 := takeAndKeep(b.ctx, tx, isolationKey, answer(who, 0), 0)
		return firstError(
			err, err2,
			tx.PutStaff(b.ctx, []noren.Staff{{ID: 1, Code: "S1", Name: who}}),
			tx.AddImport(b.ctx, importOf(1, noren.ImportRunning)),
			tx.AddImportPieces(b.ctx, 1, []noren.ImportPiece{piece(1, who), piece(2, who)}),
			tx.FinishImportPiece(b.ctx, importOf(1, noren.ImportRunning), 1, []noren.RefusedLine{refusedLine(7, who)}),
			tx.PutConsoleUsers(b.ctx, []noren.ConsoleUser{{Login: "admin", PasswordHash: who, Role: "admin"}}),
			tx.PutSigningKey(b.ctx, noren.SigningKeyShopify, noren.SigningKey{Secret: who}),
			tx.AddAudit(b.ctx, []noren.AuditEntry{{ID: 1, At: at(0), Dialect: "operator", Subject: "member", SubjectID: "1", RequestID: who, Changes: []byte("{}")}}),
		)
	})
}

var isolationKey = noren.IdempotencyKey{ClientID: 1, Route: "PATCH /customers/bulk", Key: "key"}

// seen is everything that a tenant can read.
func (b *bundle) seen(t *testing.T) map[string]any {
	t.Helper()
	seen := make(map[string]any)
	read := func(name string, value any, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		seen[name] = value
	}
	list := func(name string, value any, total int, err error) {
		t.Helper()
		read(name, value, err)
		seen[name+" in all"] = total
	}
	b.view(t, func(tx noren.Tx) error {
		tenant, err := tx.Tenant(b.ctx)
		read("tenant", tenant, err)
		for name, f := range map[string]noren.MemberFilter{
			"all": {}, "code": {Code: member(1).Code}, "customer number": {CustomerNo: "no"}, "ids": {IDFrom: 1, IDTo: 9},
			"keyword A": {Keyword: "甲"}, "keyword B": {Keyword: "乙"}, "code keyword": {Keyword: "MB"},
			"updated": {Updated: noren.Span{From: at(0)}}, "store": {VisibleTo: new(int64(1))},
		} {
			members, total, err := tx.Members(b.ctx, f)
			list("members by "+name, members, total, err)
		}
		members, err := tx.MembersByID(b.ctx, []int64{1, 2, 3}, false)
		read("members by id", members, err)
		members, err = tx.MembersByCode(b.ctx, []string{member(1).Code, member(2).Code})
		read("members by codes", members, err)
		// In the same snapshot, so that all of it belongs together.
		b.seenElsewhere(tx, read, list)
		return nil
	})
	return seen
}

// seenElsewhere is the part of seen that is not members.
func (b *bundle) seenElsewhere(tx noren.Tx, read func(string, any, error), list func(string, any, int, error)) {
	ranks, err := tx.Ranks(b.ctx)
	read("ranks", ranks, err)
	staffRanks, err := tx.StaffRanks(b.ctx)
	read("staff ranks", staffRanks, err)
	stores, total, err := tx.Stores(b.ctx, noren.CatalogueFilter{})
	list("stores", stores, total, err)
	products, total, err := tx.Products(b.ctx, noren.CatalogueFilter{IDs: []int64{1, 2, 3}})
	list("products", products, total, err)
	staff, err := tx.Staff(b.ctx)
	read("staff", staff, err)
	users, err := tx.ConsoleUsers(b.ctx)
	read("console users", users, err)
	key, err := tx.SigningKey(b.ctx, noren.SigningKeyShopify)
	read("signing key", key, err)
	levels, total, err := tx.Stock(b.ctx, noren.StockFilter{})
	list("stock", levels, total, err)
	levels, err = tx.StockByKey(b.ctx, []noren.StockKey{{ProductID: 1, StoreID: 1}}, false)
	read("stock by key", levels, err)
	movements, total, err := tx.Movements(b.ctx, noren.MovementFilter{StockKey: noren.StockKey{ProductID: 1, StoreID: 1}})
	list("movements", movements, total, err)
	b.seenPurchases(tx, read, list)
	next, err := tx.NextBulk(b.ctx, 100)
	read("next bulk requests", bulkIDs(next), err)
	summaries, err := tx.BulkRequests(b.ctx, noren.BulkFilter{})
	read("bulk requests", summaries, err)
	queue, err := tx.BulkQueue(b.ctx)
	read("bulk queue", queue, err)
	waits, err := tx.BulkWaiting(b.ctx, 10)
	read("bulk requests that wait", waits, err)
	flows, err := tx.BulkFlows(b.ctx, at(-60), time.Hour)
	read("bulk flows", flows, err)
	deliveries, err := tx.DeliveryFlows(b.ctx, at(-60), time.Hour)
	read("delivery flows", deliveries, err)
	course, err := tx.StockCourse(b.ctx, noren.StockKey{ProductID: 1, StoreID: 1}, noren.Span{From: at(-60), To: at(60)}, 10)
	read("stock course", course, err)
	number, err := tx.AuditNumber(b.ctx, at(60))
	read("audit number", number, err)
	callbacks, err := tx.Callbacks(b.ctx, noren.CallbackFilter{})
	read("callbacks", callbacks, err)
	clients, err := tx.Clients(b.ctx)
	read("clients", clients, err)
	kept, err := tx.KeptAnswer(b.ctx, isolationKey, at(0))
	read("kept answer", kept, err)
	audit, err := tx.Audit(b.ctx, noren.AuditFilter{})
	read("audit", audit, err)
	imports, total, err := tx.Imports(b.ctx, noren.ImportFilter{})
	list("imports", imports, total, err)
	one, err := tx.Import(b.ctx, 1, false)
	read("import", one, err)
	pieces, err := tx.ImportPieces(b.ctx, 1, 0, 10)
	read("pieces of an import", pieces, err)
	lines, err := tx.RefusedLines(b.ctx, 1, 0, 10)
	read("refused lines", lines, err)
	holders, err := tx.MemberHolders(b.ctx, "alias_code", []string{"alias"})
	read("holders of an alias code", holders, err)
	refs, err := tx.MemberRefs(b.ctx, noren.MemberQuery{IDs: []int64{1}, ShopifyIDs: []string{"shopify"}})
	read("members by names", refs, err)
	for id := range int64(4) {
		r, callback, attempts, err := tx.BulkByID(b.ctx, id)
		if noren.KindOf(err) == noren.NotFound {
			err = nil
		}
		r.Rows = noren.BulkRows{} // opaque; compared by the checks of bulk requests
		read(fmt.Sprint("bulk request ", id), []any{r, callback, attempts}, err)
	}
}

// seenPurchases is the part of seen that is purchases and webhooks.
func (b *bundle) seenPurchases(tx noren.Tx, read func(string, any, error), list func(string, any, int, error)) {
	for name, f := range map[string]noren.PurchaseFilter{"all": {}, "member": {MemberID: 1}, "held": {Held: true}} {
		purchases, total, err := tx.Purchases(b.ctx, f)
		list("purchases by "+name, purchases, total, err)
	}
	purchases, refunds, err := tx.PurchasesByExternalID(b.ctx, "till", []string{"o1", "o2"})
	read("purchases by their own ids", []any{purchases, refunds}, err)
	purchases, err = tx.HeldPurchases(b.ctx, []string{"77"})
	read("held purchases", purchases, err)
	spend, err := tx.Spend(b.ctx, []int64{1, 2}, "2000-01", "2100-01")
	read("spend", spend, err)
	webhooks, total, err := tx.Webhooks(b.ctx, noren.WebhookFilter{})
	list("webhooks", webhooks, total, err)
}

// isolationReads fills one tenant and checks that no list, look-up or total of another changes.
func isolationReads(t *testing.T, b *bundle) {
	other := b.other(t)
	// Before and after, and not nothing: the other tenant has its ranks, stores and clients.
	before := other.seen(t)
	b.fill(t, "甲")
	same(t, "what the other tenant sees", before, other.seen(t))
}

// isolationWrites lets a second tenant write under the same ids as the first.
func isolationWrites(t *testing.T, b *bundle) {
	other := b.other(t)
	b.fill(t, "甲")
	before := b.seen(t)
	other.fill(t, "乙")
	same(t, "what the first tenant sees after the second wrote the same ids", before, b.seen(t))

	// From here on each write names what both tenants have under the same number.
	m := other.byID(t, 1)[0]
	after := m
	after.Code, after.LastName, after.UpdatedAt = "changed", new("丙"), at(99)
	other.change(t, noren.MemberChange{Before: m, After: after})
	other.move(t, movement(2, 1, 1, 1, 6))
	r := other.next(t, 1)[0]
	other.finish(t, finished(r, 50, noren.Failure{Row: 1, Reason: noren.ReasonInternal}), other.owed(r, "other.example", 50))
	c := other.callbacks(t, noren.CallbackFilter{RequestID: 1})[0]
	other.record(t, c, noren.CallbackGivenUp, at(50))
	renamed := other.tenant
	renamed.Name = "別の店"
	other.changePurchases(t)
	other.update(t, func(tx noren.Tx) error {
		n, err := tx.ResendCallbacks(b.ctx, noren.CallbackFilter{}, at(60))
		same(t, "the number of callbacks sent again", 3, n)
		return firstError(
			err,
			tx.PutTenant(b.ctx, renamed),
			tx.PutRanks(b.ctx, []noren.Rank{{ID: 1, Position: 1, Name: "別"}}),
			tx.PutStaffRanks(b.ctx, []noren.StaffRank{{ID: 1, Name: "別"}}),
			tx.PutStores(b.ctx, []noren.Store{{ID: 1, Code: "X", Name: "別", Kind: noren.StoreWarehouse}}),
			tx.PutProducts(b.ctx, []noren.Product{{ID: 1, Code: "X", Name: "別"}}),
			tx.Raise(b.ctx, noren.CounterMember, 1000),
			tx.NoteClientUses(b.ctx, []noren.ClientUse{{ClientID: 1, At: at(1)}}),
			tx.RevokeClient(b.ctx, 2, at(1)),
			tx.FinishImportPiece(b.ctx, importOf(1, noren.ImportDone), 2, nil),
			sweepAll(b, tx),
		)
	})
	same(t, "what the first tenant sees after the second changed all of its own", before, b.seen(t))
	same(t, "the first tenant's counter", int64(1), b.reserve(t, noren.CounterMember, 1))

	// What only the first tenant has cannot be reached by its ids.
	b.insert(t, member(77))
	before = b.seen(t)
	missing := member(77)
	changed := missing
	changed.Note = new("丙")
	_ = other.Update(b.ctx, other.tenant.ID, func(tx noren.Tx) error {
		return tx.UpdateMembers(b.ctx, []noren.MemberChange{{Before: missing, After: changed}})
	})
	same(t, "what the first tenant sees after the second aimed at its member", before, b.seen(t))
}

// changePurchases changes the purchases and webhooks that fill stored.
func (b *bundle) changePurchases(t *testing.T) {
	t.Helper()
	credited := purchase(2, 2)
	credited.Credited = 1
	b.update(t, func(tx noren.Tx) error {
		before, err := tx.BeginWebhook(b.ctx, noren.Webhook{Source: "shopify", ID: "w", Topic: "c/d", At: at(1)})
		if before == nil {
			t.Error("the webhook is not there")
		}
		return firstError(
			err,
			tx.PutPurchases(b.ctx, []noren.Purchase{credited}),
			tx.AddRefunds(b.ctx, []noren.Refund{{Source: "till", PurchaseID: "o1", ExternalID: "another", All: true}}),
			tx.AddSpend(b.ctx, []noren.MonthlySpend{{MemberID: 1, Month: "2026-04", Amount: -99}}),
			tx.PutWebhook(b.ctx, noren.Webhook{Source: "shopify", ID: "w", Topic: "c/d", At: at(1), Outcome: noren.WebhookRefused}),
		)
	})
}

// isolationEmpty reads everything where there is nothing.
func isolationEmpty(t *testing.T, b *bundle) {
	tenant, _, err := b.EnsureTenant(b.ctx, b.tenant.Contract+"-empty")
	if err != nil {
		t.Fatal(err)
	}
	// Not by setup, which fills a tenant with settings.
	empty := &bundle{Engine: b.Engine, tenant: tenant, ctx: b.ctx}
	seen := empty.seen(t)
	same(t, "the empty tenant", tenant, seen["tenant"])
	same(t, "its members", []noren.Member{}, seen["members by all"])
	same(t, "its clients", []noren.Client{}, seen["clients"])
	same(t, "its bulk requests", []int64{}, seen["next bulk requests"])
	same(t, "its purchases", []noren.Purchase{}, seen["purchases by all"])
	same(t, "its webhooks", []noren.Webhook{}, seen["webhooks"])
}
