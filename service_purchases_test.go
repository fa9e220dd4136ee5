package noren_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"noren"
)

// japan is a time in Japan, written as 2006-01-02 15:04:05.
func japan(text string) time.Time {
	at, err := time.ParseInLocation(time.DateTime, text, time.FixedZone("JST", 9*60*60))
	if err != nil {
		panic(err) // a slip in a test
	}
	return at
}

func ofCode(code string) noren.MemberKey  { return noren.MemberKey{Code: code} }
func ofShopify(id string) noren.MemberKey { return noren.MemberKey{ShopifyCustomerID: id} }

// paid is an event of a purchase that was paid on 2026-01-10.
func paid(id string, amount int64, key noren.MemberKey) noren.PurchaseEvent {
	return noren.PurchaseEvent{
		Kind: noren.PurchasePaid, ExternalID: id, Member: key, Amount: amount, Currency: "JPY", PaidAt: japan("2026-01-10 12:00:00"),
	}
}

func refundOf(id, refund string, amount int64) noren.PurchaseEvent {
	return noren.PurchaseEvent{Kind: noren.PurchaseRefunded, ExternalID: id, RefundID: refund, Amount: amount}
}

func cancelOf(id string) noren.PurchaseEvent {
	return noren.PurchaseEvent{Kind: noren.PurchaseCancelled, ExternalID: id}
}

// record records the events together and answers what became of each, as "recorded 1", with the member, or
// "refused: …".
func (b *bundle) record(t *testing.T, events ...noren.PurchaseEvent) []string {
	t.Helper()
	outcomes, err := b.RecordPurchases(b.ctx, b.caller, "till", events)
	if err != nil {
		t.Fatal(err)
	}
	lines := make([]string, len(outcomes))
	for i, o := range outcomes {
		lines[i] = fmt.Sprintf("%s %d", o.Result, o.MemberID)
		if o.Err != nil {
			lines[i] = fmt.Sprintf("%s: %v", o.Result, o.Err)
		}
	}
	return lines
}

// spent is what the member spent in January 2026.
func (b *bundle) spent(t *testing.T, member int64) int64 {
	t.Helper()
	return b.spentIn(t, member, "2026-01", "2026-02")
}

func (b *bundle) spentIn(t *testing.T, member int64, from, until noren.Month) (amount int64) {
	t.Helper()
	b.view(t, func(tx noren.Tx) error {
		spend, err := tx.Spend(b.ctx, []int64{member}, from, until)
		amount = spend[member]
		return err
	})
	return amount
}

// link links the member to a Shopify customer as an API does.
func (b *bundle) link(t *testing.T, member int64, customer string) {
	t.Helper()
	patch := noren.MemberPatch{ID: member, ShopifyCustomerID: noren.Set(customer)}
	if _, _, err := b.UpdateMembers(b.ctx, b.caller, []noren.MemberPatch{patch}, nil); err != nil {
		t.Fatal(err)
	}
}

// Whatever the order in which a source tells it, and however often, the same is credited.
func TestPurchasesInAnyOrder(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		events []noren.PurchaseEvent
		want   []string
		spent  int64
	}{
		{"paid", []noren.PurchaseEvent{paid("1", 100, ofCode("M1"))}, []string{"recorded 1"}, 100},
		{
			"paid twice, then again in another call's words",
			[]noren.PurchaseEvent{paid("1", 100, ofCode("M1")), paid("1", 100, noren.MemberKey{ID: 1})},
			[]string{"recorded 1", "known 1"},
			100,
		},
		{
			"refunded in parts",
			[]noren.PurchaseEvent{paid("1", 100, ofCode("M1")), refundOf("1", "a", 30), refundOf("1", "b", 20), refundOf("1", "a", 30)},
			[]string{"recorded 1", "recorded 1", "recorded 1", "known 1"},
			50,
		},
		{
			"refunded before it is paid",
			[]noren.PurchaseEvent{refundOf("1", "a", 30), refundOf("1", "a", 30), paid("1", 100, ofCode("M1"))},
			[]string{"held 0", "known 0", "recorded 1"},
			70,
		},
		{
			"refunded by more than was paid",
			[]noren.PurchaseEvent{paid("1", 100, ofCode("M1")), refundOf("1", "a", 80), refundOf("1", "b", 80)},
			[]string{"recorded 1", "recorded 1", "recorded 1"},
			0,
		},
		{
			"cancelled, then a late refund",
			[]noren.PurchaseEvent{paid("1", 100, ofCode("M1")), cancelOf("1"), refundOf("1", "a", 100), cancelOf("1")},
			[]string{"recorded 1", "recorded 1", "recorded 1", "known 1"},
			0,
		},
		{
			"cancelled before it is paid",
			[]noren.PurchaseEvent{cancelOf("1"), paid("1", 100, ofCode("M1"))},
			[]string{"held 0", "recorded 1"},
			0,
		},
		{
			"a refund of nothing",
			[]noren.PurchaseEvent{paid("1", 100, ofCode("M1")), refundOf("1", "a", 0)},
			[]string{"recorded 1", "recorded 1"},
			100,
		},
		{
			"two purchases, and one of nothing",
			[]noren.PurchaseEvent{paid("1", 100, ofCode("M1")), paid("2", 1, noren.MemberKey{ID: 1}), paid("3", 0, ofCode("M1"))},
			[]string{"recorded 1", "recorded 1", "recorded 1"},
			101,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			together, apart := setup(t), setup(t)
			same(t, "what became of them in one call", c.want, together.record(t, c.events...))
			var outcomes []string
			for _, e := range c.events {
				outcomes = append(outcomes, apart.record(t, e)...)
			}
			same(t, "what became of them one by one", c.want, outcomes)
			for _, b := range []*bundle{together, apart} {
				same(t, "spend", c.spent, b.spent(t, 1))
				for _, line := range b.record(t, c.events...) {
					if !strings.HasPrefix(line, "known") {
						t.Errorf("told again: %s", line)
					}
				}
				same(t, "spend after all was told again", c.spent, b.spent(t, 1))
				b.sound(t)
			}
		})
	}
}

// A purchase counts in the month in which it was paid where the shop is, whatever happens to it later.
func TestPurchasesCountInTheTenantsMonth(t *testing.T) {
	t.Parallel()
	b := setup(t)
	at := func(e noren.PurchaseEvent, when time.Time) noren.PurchaseEvent {
		e.PaidAt = when
		return e
	}
	b.record(t,
		at(paid("1", 1, ofCode("M1")), time.Date(2025, 12, 31, 14, 59, 59, 999_999_999, time.UTC)),
		at(paid("2", 10, ofCode("M1")), time.Date(2025, 12, 31, 15, 0, 0, 0, time.UTC)),
		at(paid("3", 100, ofCode("M1")), japan("2026-01-31 23:59:59")),
		at(paid("4", 1000, ofCode("M1")), japan("2026-02-01 00:00:00")),
	)
	b.clock.set(t, "2026-03-15 00:00:00")
	b.record(t, refundOf("3", "late", 40))
	for month, want := range map[noren.Month]int64{"2025-12": 1, "2026-01": 70, "2026-02": 1000, "2026-03": 0} {
		same(t, "spend in "+string(month), want, b.spentIn(t, 1, month, month+"~"))
	}
	// Only microseconds are stored, and the same nanoseconds are the same again.
	same(t, "told again", []string{"known 1"}, b.record(t, at(paid("1", 1, ofCode("M1")), time.Date(2025, 12, 31, 14, 59, 59, 999_999_999, time.UTC))))
	b.sound(t)
}

func TestPurchasesContradicted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.record(t, paid("1", 100, ofCode("M1")), refundOf("1", "a", 30))
	later := paid("1", 100, ofCode("M1"))
	later.PaidAt = later.PaidAt.Add(time.Second)
	same(t, "what became of contradictions", []string{
		"refused: row 1: id: it was recorded before, as 100 paid at 2026-01-10 12:00:00",
		"refused: row 2: id: it was recorded before, as 100 paid at 2026-01-10 12:00:00",
		"refused: row 3: id: it was recorded before, of member 1",
		"refused: row 4: refund_id: a refund with this id was recorded with another amount",
		"recorded 2",
	}, b.record(t, paid("1", 101, ofCode("M1")), later, paid("1", 100, ofCode("M2")), refundOf("1", "a", 31), paid("2", 5, ofCode("M2"))))
	outcomes, err := b.RecordPurchases(b.ctx, b.caller, "till", []noren.PurchaseEvent{paid("1", 101, ofCode("M1"))})
	if err != nil || outcomes[0].Err.Reason != noren.ReasonDiffers {
		t.Errorf("%+v, %v; want the reason differs", outcomes, err)
	}
	// Another source's order of the same number is another order.
	if outcomes, err = b.RecordPurchases(b.ctx, b.caller, "elsewhere", []noren.PurchaseEvent{paid("1", 7, ofCode("M1"))}); err != nil || outcomes[0].Result != noren.PurchaseRecorded {
		t.Errorf("%+v, %v", outcomes, err)
	}
	same(t, "spend of the first", int64(77), b.spent(t, 1))
	same(t, "spend of the second", int64(5), b.spent(t, 2))
	b.sound(t)
}

// Whoever holds an order for a Shopify customer credits it when the customer is linked to a member, by whatever way.
func TestHeldPurchasesAreCredited(t *testing.T) {
	t.Parallel()
	for name, link := range map[string]func(t *testing.T, b *bundle) int64{
		"an update": func(t *testing.T, b *bundle) int64 {
			b.link(t, 2, "77")
			return 2
		},
		"a new member": func(t *testing.T, b *bundle) int64 {
			list, _, err := b.CreateMembers(b.ctx, b.caller, []noren.MemberPatch{{}, {ShopifyCustomerID: noren.Set("77")}}, noren.Active, nil)
			if err != nil {
				t.Fatal(err)
			}
			return list.Items[1].ID
		},
		"the shop file, a stored member": func(t *testing.T, b *bundle) int64 {
			return b.applyMember(t, noren.MemberPatch{ID: 1, ShopifyCustomerID: noren.Set("77")})
		},
		"the shop file, a new member": func(t *testing.T, b *bundle) int64 {
			return b.applyMember(t, noren.MemberPatch{ID: 9, ShopifyCustomerID: noren.Set("77")})
		},
		"a webhook": func(t *testing.T, b *bundle) int64 {
			b.applyMember(t, noren.MemberPatch{ID: 3, Email: noren.Set("Hanako@example.com")})
			same(t, "the webhook", "applied: linked to member 3", b.receive(t, "w1", linking("77", "hanako@Example.com")))
			return 3
		},
		"somebody who says whose it is": func(t *testing.T, b *bundle) int64 {
			same(t, "the other event", []string{"recorded 2", "recorded 2"}, b.record(t, paid("1", 100, ofCode("M2")), paid("2", 50, ofCode("M2"))))
			return 2
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			same(t, "what became of them", []string{"held 0", "held 0", "held 0", "held 0"},
				b.record(t, paid("1", 100, ofShopify("77")), refundOf("1", "a", 30), paid("2", 50, ofShopify("77")), paid("3", 5, ofShopify("78"))))
			b.sound(t)
			member := link(t, b)
			same(t, "spend of the linked member", int64(120), b.spent(t, member))
			same(t, "an order after that", []string{"recorded " + fmt.Sprint(member)}, b.record(t, refundOf("2", "b", 50)))
			same(t, "spend after that", int64(70), b.spent(t, member))
			held, err := b.Purchases(b.ctx, b.caller, noren.PurchaseFilter{Held: true})
			if err != nil || held.Total != 1 || held.Items[0].ExternalID != "3" {
				t.Errorf("still held: %+v, %v; want the order of customer 78", held, err)
			}
			b.sound(t)
		})
	}
}

// applyMember applies a shop file with the member alone.
func (b *bundle) applyMember(t *testing.T, p noren.MemberPatch) int64 {
	t.Helper()
	if _, err := b.ApplyShop(b.ctx, noren.Shop{Contract: "sb_test", Members: []noren.MemberPatch{p}}); err != nil {
		t.Fatal(err)
	}
	return p.ID
}

// A link that moves on leaves what was credited where it is.
func TestCreditedPurchasesStayWhereTheyAre(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.link(t, 1, "77")
	b.record(t, paid("1", 100, ofShopify("77")))
	unlink := []noren.MemberPatch{{ID: 1, ShopifyCustomerID: noren.Null[string]()}}
	if _, _, err := b.UpdateMembers(b.ctx, b.caller, unlink, nil); err != nil {
		t.Fatal(err)
	}
	b.record(t, paid("2", 5, ofShopify("77")))
	b.link(t, 2, "77")
	same(t, "told again", []string{"known 1", "known 2"}, b.record(t, paid("1", 100, ofShopify("77")), paid("2", 5, ofShopify("77"))))
	same(t, "a refund goes where the purchase went", []string{"recorded 1"}, b.record(t, refundOf("1", "a", 1)))
	same(t, "spend", []int64{99, 5}, []int64{b.spent(t, 1), b.spent(t, 2)})
	b.sound(t)
}

func TestPurchasesRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.applyMember(t, noren.MemberPatch{ID: 1, Email: noren.Set("same@example.com")})
	b.applyMember(t, noren.MemberPatch{ID: 2, Email: noren.Set("SAME@example.com")})
	b.applyMember(t, noren.MemberPatch{ID: 3, Email: noren.Set("one@example.com")})
	with := func(change func(*noren.PurchaseEvent)) noren.PurchaseEvent {
		e := paid("9", 100, ofCode("M1"))
		change(&e)
		return e
	}
	for _, c := range []struct {
		name   string
		event  noren.PurchaseEvent
		field  string
		reason noren.Reason
		value  string
	}{
		{"no id", with(func(e *noren.PurchaseEvent) { e.ExternalID = "" }), "id", "", ""},
		{"a long id", with(func(e *noren.PurchaseEvent) { e.ExternalID = strings.Repeat("暖", 101) }), "id", "", ""},
		{"an id that is not text", with(func(e *noren.PurchaseEvent) { e.ExternalID = "a\x00b" }), "id", "", ""},
		{"an id that is not UTF-8", with(func(e *noren.PurchaseEvent) { e.ExternalID = "\xff" }), "id", "", ""},
		{"no kind", with(func(e *noren.PurchaseEvent) { e.Kind = "" }), "kind", "", ""},
		{"an unknown kind", with(func(e *noren.PurchaseEvent) { e.Kind = "lost" }), "kind", "", ""},
		{"another currency", with(func(e *noren.PurchaseEvent) { e.Currency = "USD" }), "currency", noren.ReasonCurrency, "USD"},
		{"less than nothing", with(func(e *noren.PurchaseEvent) { e.Amount = -1 }), "amount", noren.ReasonNegative, "-1"},
		{"too much", with(func(e *noren.PurchaseEvent) { e.Amount = noren.MaxMoney + 1 }), "amount", "", "1000000000000"},
		{"no time", with(func(e *noren.PurchaseEvent) { e.PaidAt = time.Time{} }), "at", "", ""},
		{"long ago", with(func(e *noren.PurchaseEvent) { e.PaidAt = japan("1969-12-31 00:00:00") }), "at", "", "1969-12-31T00:00:00+09:00"},
		{"more than a day ahead", with(func(e *noren.PurchaseEvent) { e.PaidAt = japan("2026-02-01 12:00:01") }), "at", noren.ReasonFuture, "2026-02-01T12:00:01+09:00"},
		{"nobody", with(func(e *noren.PurchaseEvent) { e.Member = noren.MemberKey{} }), "member", noren.ReasonMemberUnknown, ""},
		{"an unknown code", with(func(e *noren.PurchaseEvent) { e.Member = ofCode("M9") }), "member", noren.ReasonMemberUnknown, "M9"},
		{"an unknown id", with(func(e *noren.PurchaseEvent) { e.Member = noren.MemberKey{ID: 9} }), "member_id", noren.ReasonMemberUnknown, "9"},
		{"an unknown e-mail address", with(func(e *noren.PurchaseEvent) { e.Member = noren.MemberKey{Email: "no@example.com"} }), "email", noren.ReasonMemberUnknown, "no@example.com"},
		{"an e-mail address of two", with(func(e *noren.PurchaseEvent) { e.Member = noren.MemberKey{Email: "same@EXAMPLE.com"} }), "email", noren.ReasonAmbiguous, "same@EXAMPLE.com"},
		{"a code that is not text", with(func(e *noren.PurchaseEvent) { e.Member = ofCode("a\x00") }), "member", "", ""},
		{"a Shopify id that is not UTF-8", with(func(e *noren.PurchaseEvent) { e.Member = ofShopify("\xff") }), "shopify_customer_id", "", ""},
		{"a long e-mail address", with(func(e *noren.PurchaseEvent) { e.Member = noren.MemberKey{Email: strings.Repeat("x", 2000)} }), "email", "", ""},
		{"a refund without an id", refundOf("9", "", 1), "refund_id", "", ""},
		{"a refund that looks like a cancellation", refundOf("9", "cancelled", 1), "refund_id", "", "cancelled"},
		{"a refund of less than nothing", refundOf("9", "a", -1), "amount", noren.ReasonNegative, "-1"},
	} {
		good := paid("good "+c.name, 1, noren.MemberKey{Email: "ONE@example.com"})
		outcomes, err := b.RecordPurchases(b.ctx, b.caller, "till", []noren.PurchaseEvent{good, c.event})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if outcomes[0].Result != noren.PurchaseRecorded {
			t.Errorf("%s: the good one beside it: %+v", c.name, outcomes[0])
		}
		if outcomes[1].Result != noren.PurchaseRefused || outcomes[1].Err == nil {
			t.Errorf("%s: %+v, want it refused", c.name, outcomes[1])
			continue
		}
		e := outcomes[1].Err
		same(t, c.name, refusal{2, c.field, c.value, c.reason}, refusal{e.Row, e.Field, e.Value, e.Reason})
		if e.Kind != noren.Invalid || e.Message == "" {
			t.Errorf("%s: %+v, want an Invalid with words", c.name, e)
		}
	}
	same(t, "the last moment that is allowed", []string{"recorded 1"}, b.record(t, with(func(e *noren.PurchaseEvent) {
		e.ExternalID, e.Amount, e.PaidAt = strings.Repeat("暖", 100), noren.MaxMoney, japan("2026-02-01 12:00:00")
	})))
	list, err := b.Purchases(b.ctx, b.caller, noren.PurchaseFilter{MemberID: 1})
	if err != nil || list.Total != 1 {
		t.Errorf("recorded of the first: %+v, %v", list, err)
	}
	b.sound(t)
}

func TestRecordPurchasesAsAWhole(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.RecordPurchases(b.ctx, b.caller, "till", make([]noren.PurchaseEvent, noren.MaxPurchaseEvents+1))
	if noren.KindOf(err) != noren.TooLarge {
		t.Errorf("too many: %v", err)
	}
	for _, source := range []string{"", "\x00", strings.Repeat("x", 101)} {
		if _, err := b.RecordPurchases(b.ctx, b.caller, source, nil); noren.KindOf(err) != noren.Invalid {
			t.Errorf("the source %q: %v", source, err)
		}
	}
	if _, err := b.RecordPurchases(b.ctx, b.inStore(1), "till", nil); noren.KindOf(err) != noren.Forbidden {
		t.Errorf("somebody of a store: %v", err)
	}
	if out, err := b.RecordPurchases(b.ctx, b.caller, "till", nil); err != nil || len(out) != 0 {
		t.Errorf("nothing: %v, %v", out, err)
	}
	events := make([]noren.PurchaseEvent, noren.MaxPurchaseEvents)
	for i := range events {
		events[i] = paid(fmt.Sprint(i), 1, noren.MemberKey{ID: int64(i%3 + 1)})
	}
	b.record(t, events...)
	same(t, "spend", []int64{334, 333, 333}, []int64{b.spent(t, 1), b.spent(t, 2), b.spent(t, 3)})
	b.sound(t)
}

// A run whose commit was in doubt finds its work done.
func TestPurchasesCountOnceThoughTheAnswerIsLost(t *testing.T) {
	t.Parallel()
	b := setupOn(t, func(e noren.Engine) noren.Engine { return lostAnswers{e} })
	same(t, "outcomes", []string{"recorded 1", "recorded 1"}, b.record(t, paid("1", 100, ofCode("M1")), refundOf("1", "a", 30)))
	same(t, "spend", int64(70), b.spent(t, 1))
	b.sound(t)
}

func TestPurchasesAreAudited(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.record(t, paid("1", 100, ofCode("M1")), refundOf("2", "a", 5))
	b.record(t, paid("2", 10, ofShopify("77")), refundOf("1", "b", 30), refundOf("1", "b", 30))
	b.link(t, 2, "77")
	same(t, "audit of purchases", []string{
		`recore r1 till:1 {"purchase":[null,{"amount":100,"credited":100,"member":1}]}`,
		`recore r1 till:1 {"purchase":[{"amount":100,"credited":100,"member":1},{"amount":100,"credited":70,"member":1}]}`,
		`recore r1 till:2 {"purchase":[null,{"amount":10,"credited":5,"member":0}]}`,
		`recore r1 till:2 {"purchase":[{"amount":10,"credited":5,"member":0},{"amount":10,"credited":5,"member":2}]}`,
	}, b.audited(t, "purchase"))
	same(t, "audit of refunds", []string{
		`recore r1 till:2:a {"refund":[null,{"all":false,"amount":5}]}`, `recore r1 till:1:b {"refund":[null,{"all":false,"amount":30}]}`,
	}, b.audited(t, "refund"))
}

func TestPurchasesAreListed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	old := paid("old", 1, ofCode("M3"))
	old.PaidAt = japan("2025-01-01 00:00:00")
	b.record(t, paid("1", 1, ofCode("M3")), paid("2", 2, ofShopify("77")), paid("3", 3, ofCode("M1")), old)
	ids := func(c noren.Caller, f noren.PurchaseFilter) []string {
		t.Helper()
		list, err := b.Purchases(b.ctx, c, f)
		if err != nil {
			return []string{noren.KindOf(err).String()}
		}
		var ids []string
		for _, p := range list.Items {
			ids = append(ids, p.ExternalID)
		}
		return slices.Insert(ids, 0, fmt.Sprint(list.Total))
	}
	same(t, "all, in the order in which they were recorded", []string{"4", "old", "3", "2", "1"}, ids(b.caller, noren.PurchaseFilter{}))
	same(t, "those of a member, by time", []string{"2", "1", "old"}, ids(b.caller, noren.PurchaseFilter{MemberID: 3}))
	same(t, "a page", []string{"4", "3"}, ids(b.caller, noren.PurchaseFilter{Page: noren.Page{Limit: 1, Offset: 1}}))
	same(t, "those held", []string{"1", "2"}, ids(b.caller, noren.PurchaseFilter{Held: true}))
	same(t, "those of a member elsewhere", []string{"not found"}, ids(b.inStore(1), noren.PurchaseFilter{MemberID: 3}))
	same(t, "those of a member here", []string{"2", "1", "old"}, ids(b.inStore(2), noren.PurchaseFilter{MemberID: 3}))
	same(t, "all, for somebody of a store", []string{"not found"}, ids(b.inStore(1), noren.PurchaseFilter{}))
}

// lateLooks is an engine that sees no members in the next transactions, as where they are linked to Shopify customers
// while the counter of purchases is waited for.
type lateLooks struct {
	noren.Engine
	left *int // how many transactions are that late
}

// Update implements noren.Engine.
func (e lateLooks) Update(ctx context.Context, tenant noren.TenantID, fn func(tx noren.Tx) error) error {
	return e.Engine.Update(ctx, tenant, func(tx noren.Tx) error {
		if *e.left > 0 {
			*e.left--
			return fn(blindTx{tx})
		}
		return fn(tx)
	})
}

type blindTx struct{ noren.Tx }

// LockMembers implements noren.Tx.
func (blindTx) LockMembers(context.Context, noren.MemberQuery) ([]noren.MemberRef, error) {
	return nil, nil
}

func TestPurchasesLookAgainForMembersLinkedMeanwhile(t *testing.T) {
	t.Parallel()
	left := 0
	b := setupOn(t, func(e noren.Engine) noren.Engine { return lateLooks{e, &left} })
	b.link(t, 1, "77")
	left = 2
	same(t, "linked meanwhile", []string{"recorded 1", "held 0"}, b.record(t, paid("1", 100, ofShopify("77")), paid("2", 1, ofShopify("78"))))
	left = 2
	same(t, "linked meanwhile, by a webhook", "applied: credited to member 1", b.receive(t, "w1", telling(paid("1", 10, ofShopify("77")))))
	left = 9
	if _, err := b.RecordPurchases(b.ctx, b.caller, "till", []noren.PurchaseEvent{paid("3", 1, ofShopify("77"))}); noren.KindOf(err) != noren.Unavailable {
		t.Errorf("linked again and again: %v; want to be told to come back", err)
	}
	left = 0
	same(t, "spend", int64(110), b.spent(t, 1))
	b.sound(t)
}
