package purchases_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"noren"
	"noren/app/apptest"
	"noren/app/purchases"
)

// record records the events together and returns the result of each, as "recorded 1", with the member, or
// "refused: …".
func record(t *testing.T, b *apptest.Bundle, events ...noren.PurchaseEvent) []string {
	t.Helper()
	outcomes, err := apptest.Record(b.Ctx, b.App, b.Caller, "till", events...)
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

// In whatever order and however often a source reports events, the same amount is credited.
func TestPurchasesInAnyOrder(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		events []noren.PurchaseEvent
		want   []string
		spent  int64
	}{
		{"paid", []noren.PurchaseEvent{apptest.Paid("1", 100, apptest.OfCode("M1"))}, []string{"recorded 1"}, 100},
		{
			"paid twice, then again in another call's words",
			[]noren.PurchaseEvent{apptest.Paid("1", 100, apptest.OfCode("M1")), apptest.Paid("1", 100, noren.MemberKey{ID: 1})},
			[]string{"recorded 1", "known 1"},
			100,
		},
		{
			"refunded in parts",
			[]noren.PurchaseEvent{apptest.Paid("1", 100, apptest.OfCode("M1")), apptest.RefundOf("1", "a", 30), apptest.RefundOf("1", "b", 20), apptest.RefundOf("1", "a", 30)},
			[]string{"recorded 1", "recorded 1", "recorded 1", "known 1"},
			50,
		},
		{
			"refunded before it is paid",
			[]noren.PurchaseEvent{apptest.RefundOf("1", "a", 30), apptest.RefundOf("1", "a", 30), apptest.Paid("1", 100, apptest.OfCode("M1"))},
			[]string{"held 0", "known 0", "recorded 1"},
			70,
		},
		{
			"refunded by more than was paid",
			[]noren.PurchaseEvent{apptest.Paid("1", 100, apptest.OfCode("M1")), apptest.RefundOf("1", "a", 80), apptest.RefundOf("1", "b", 80)},
			[]string{"recorded 1", "recorded 1", "recorded 1"},
			0,
		},
		{
			"cancelled, then a late refund",
			[]noren.PurchaseEvent{apptest.Paid("1", 100, apptest.OfCode("M1")), apptest.CancelOf("1"), apptest.RefundOf("1", "a", 100), apptest.CancelOf("1")},
			[]string{"recorded 1", "recorded 1", "recorded 1", "known 1"},
			0,
		},
		{
			"cancelled before it is paid",
			[]noren.PurchaseEvent{apptest.CancelOf("1"), apptest.Paid("1", 100, apptest.OfCode("M1"))},
			[]string{"held 0", "recorded 1"},
			0,
		},
		{
			"a refund of nothing",
			[]noren.PurchaseEvent{apptest.Paid("1", 100, apptest.OfCode("M1")), apptest.RefundOf("1", "a", 0)},
			[]string{"recorded 1", "recorded 1"},
			100,
		},
		{
			"two purchases, and one of nothing",
			[]noren.PurchaseEvent{apptest.Paid("1", 100, apptest.OfCode("M1")), apptest.Paid("2", 1, noren.MemberKey{ID: 1}), apptest.Paid("3", 0, apptest.OfCode("M1"))},
			[]string{"recorded 1", "recorded 1", "recorded 1"},
			101,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			together, apart := apptest.Setup(t), apptest.Setup(t)
			apptest.Same(t, "what became of them in one call", c.want, record(t, together, c.events...))
			var outcomes []string
			for _, e := range c.events {
				outcomes = append(outcomes, record(t, apart, e)...)
			}
			apptest.Same(t, "what became of them one by one", c.want, outcomes)
			for _, b := range []*apptest.Bundle{together, apart} {
				apptest.Same(t, "spend", c.spent, apptest.Spent(t, b, 1))
				for _, line := range record(t, b, c.events...) {
					if !strings.HasPrefix(line, "known") {
						t.Errorf("told again: %s", line)
					}
				}
				apptest.Same(t, "spend after all was told again", c.spent, apptest.Spent(t, b, 1))
				b.Sound(t)
			}
		})
	}
}

// A purchase counts in the month in which it was paid where the shop is, whatever happens to it later.
func TestPurchasesCountInTheTenantsMonth(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	at := func(e noren.PurchaseEvent, when time.Time) noren.PurchaseEvent {
		e.PaidAt = when
		return e
	}
	record(t, b,
		at(apptest.Paid("1", 1, apptest.OfCode("M1")), time.Date(2025, 12, 31, 14, 59, 59, 999_999_999, time.UTC)),
		at(apptest.Paid("2", 10, apptest.OfCode("M1")), time.Date(2025, 12, 31, 15, 0, 0, 0, time.UTC)),
		at(apptest.Paid("3", 100, apptest.OfCode("M1")), apptest.Japan("2026-01-31 23:59:59")),
		at(apptest.Paid("4", 1000, apptest.OfCode("M1")), apptest.Japan("2026-02-01 00:00:00")),
	)
	b.Clock.Set(t, "2026-03-15 00:00:00")
	record(t, b, apptest.RefundOf("3", "late", 40))
	for month, want := range map[noren.Month]int64{"2025-12": 1, "2026-01": 70, "2026-02": 1000, "2026-03": 0} {
		apptest.Same(t, "spend in "+string(month), want, apptest.SpentIn(t, b, 1, month, month+"~"))
	}
	// Only microseconds are stored, and the same nanoseconds are the same again.
	apptest.Same(t, "told again", []string{"known 1"}, record(t, b, at(apptest.Paid("1", 1, apptest.OfCode("M1")), time.Date(2025, 12, 31, 14, 59, 59, 999_999_999, time.UTC))))
	b.Sound(t)
}

func TestPurchasesContradicted(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	record(t, b, apptest.Paid("1", 100, apptest.OfCode("M1")), apptest.RefundOf("1", "a", 30))
	later := apptest.Paid("1", 100, apptest.OfCode("M1"))
	later.PaidAt = later.PaidAt.Add(time.Second)
	apptest.Same(t, "what became of contradictions", []string{
		"refused: row 1: id: already recorded as 100 paid at 2026-01-10 12:00:00",
		"refused: row 2: id: already recorded as 100 paid at 2026-01-10 12:00:00",
		"refused: row 3: id: already recorded for member 1",
		"refused: row 4: refund_id: a refund with this id was already recorded with another amount: 30",
		"recorded 2",
	}, record(t, b, apptest.Paid("1", 101, apptest.OfCode("M1")), later, apptest.Paid("1", 100, apptest.OfCode("M2")), apptest.RefundOf("1", "a", 31), apptest.Paid("2", 5, apptest.OfCode("M2"))))
	outcomes, err := apptest.Record(b.Ctx, b.App, b.Caller, "till", apptest.Paid("1", 101, apptest.OfCode("M1")))
	if err != nil || outcomes[0].Err.Reason != noren.ReasonDiffers {
		t.Errorf("%+v, %v; want the reason differs", outcomes, err)
	}
	// Another source's order of the same number is another order.
	if outcomes, err = apptest.Record(b.Ctx, b.App, b.Caller, "elsewhere", apptest.Paid("1", 7, apptest.OfCode("M1"))); err != nil || outcomes[0].Result != purchases.Recorded {
		t.Errorf("%+v, %v", outcomes, err)
	}
	apptest.Same(t, "spend of the first", int64(77), apptest.Spent(t, b, 1))
	apptest.Same(t, "spend of the second", int64(5), apptest.Spent(t, b, 2))
	b.Sound(t)
}

// An order held for a Shopify customer is credited when the customer is linked to a member, in whatever way.
func TestHeldPurchasesAreCredited(t *testing.T) {
	t.Parallel()
	for name, link := range map[string]func(t *testing.T, b *apptest.Bundle) int64{
		"an update": func(t *testing.T, b *apptest.Bundle) int64 {
			apptest.Link(t, b, 2, "77")
			return 2
		},
		"a new member": func(t *testing.T, b *apptest.Bundle) int64 {
			list, _, err := b.Members.Create(b.Ctx, b.Caller, []noren.MemberPatch{{}, {ShopifyCustomerID: noren.Set("77")}}, noren.Active, nil)
			if err != nil {
				t.Fatal(err)
			}
			return list.Items[1].ID
		},
		"the shop file, a stored member": func(t *testing.T, b *apptest.Bundle) int64 {
			return apptest.ApplyMember(t, b, noren.MemberPatch{ID: 1, ShopifyCustomerID: noren.Set("77")})
		},
		"the shop file, a new member": func(t *testing.T, b *apptest.Bundle) int64 {
			return apptest.ApplyMember(t, b, noren.MemberPatch{ID: 9, ShopifyCustomerID: noren.Set("77")})
		},
		"a webhook": func(t *testing.T, b *apptest.Bundle) int64 {
			apptest.ApplyMember(t, b, noren.MemberPatch{ID: 3, Email: noren.Set("Hanako@example.com")})
			apptest.Same(t, "the webhook", "applied: linked to member 3", apptest.Receive(t, b, "w1", apptest.Linking("77", "hanako@Example.com")))
			return 3
		},
		"somebody who says whose it is": func(t *testing.T, b *apptest.Bundle) int64 {
			apptest.Same(t, "the other event", []string{"recorded 2", "recorded 2"}, record(t, b, apptest.Paid("1", 100, apptest.OfCode("M2")), apptest.Paid("2", 50, apptest.OfCode("M2"))))
			return 2
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := apptest.Setup(t)
			apptest.Same(t, "what became of them", []string{"held 0", "held 0", "held 0", "held 0"},
				record(t, b, apptest.Paid("1", 100, apptest.OfShopify("77")), apptest.RefundOf("1", "a", 30), apptest.Paid("2", 50, apptest.OfShopify("77")), apptest.Paid("3", 5, apptest.OfShopify("78"))))
			b.Sound(t)
			member := link(t, b)
			apptest.Same(t, "spend of the linked member", int64(120), apptest.Spent(t, b, member))
			apptest.Same(t, "an order after that", []string{"recorded " + strconv.FormatInt(member, 10)}, record(t, b, apptest.RefundOf("2", "b", 50)))
			apptest.Same(t, "spend after that", int64(70), apptest.Spent(t, b, member))
			held, err := b.Purchases.List(b.Ctx, b.Caller, noren.PurchaseFilter{Held: true})
			if err != nil || held.Total != 1 || held.Items[0].ExternalID != "3" {
				t.Errorf("still held: %+v, %v; want the order of customer 78", held, err)
			}
			b.Sound(t)
		})
	}
}

// Linking a customer to another member leaves earlier credits where they are.
func TestCreditedPurchasesStayWhereTheyAre(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	apptest.Link(t, b, 1, "77")
	record(t, b, apptest.Paid("1", 100, apptest.OfShopify("77")))
	unlink := []noren.MemberPatch{{ID: 1, ShopifyCustomerID: noren.Null[string]()}}
	if _, _, err := b.Members.Update(b.Ctx, b.Caller, unlink, nil); err != nil {
		t.Fatal(err)
	}
	record(t, b, apptest.Paid("2", 5, apptest.OfShopify("77")))
	apptest.Link(t, b, 2, "77")
	apptest.Same(t, "told again", []string{"known 1", "known 2"}, record(t, b, apptest.Paid("1", 100, apptest.OfShopify("77")), apptest.Paid("2", 5, apptest.OfShopify("77"))))
	apptest.Same(t, "a refund goes where the purchase went", []string{"recorded 1"}, record(t, b, apptest.RefundOf("1", "a", 1)))
	apptest.Same(t, "spend", []int64{99, 5}, []int64{apptest.Spent(t, b, 1), apptest.Spent(t, b, 2)})
	b.Sound(t)
}

func TestPurchasesRefused(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	apptest.ApplyMember(t, b, noren.MemberPatch{ID: 1, Email: noren.Set("same@example.com")})
	apptest.ApplyMember(t, b, noren.MemberPatch{ID: 2, Email: noren.Set("SAME@example.com")})
	apptest.ApplyMember(t, b, noren.MemberPatch{ID: 3, Email: noren.Set("one@example.com")})
	with := func(change func(*noren.PurchaseEvent)) noren.PurchaseEvent {
		e := apptest.Paid("9", 100, apptest.OfCode("M1"))
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
		{"a long id", with(func(e *noren.PurchaseEvent) { e.ExternalID = strings.Repeat("暖", 101) }), "id", noren.ReasonTooLong, noren.Shortened(strings.Repeat("暖", 101), 100)},
		{"an id that is not text", with(func(e *noren.PurchaseEvent) { e.ExternalID = "a\x00b" }), "id", "", "ab"},
		{"an id that is not UTF-8", with(func(e *noren.PurchaseEvent) { e.ExternalID = "\xff" }), "id", "", "\ufffd"},
		{"no kind", with(func(e *noren.PurchaseEvent) { e.Kind = "" }), "kind", "", ""},
		{"an unknown kind", with(func(e *noren.PurchaseEvent) { e.Kind = "lost" }), "kind", "", ""},
		{"another currency", with(func(e *noren.PurchaseEvent) { e.Currency = "USD" }), "currency", noren.ReasonCurrency, "USD"},
		{"less than nothing", with(func(e *noren.PurchaseEvent) { e.Amount = -1 }), "amount", noren.ReasonNegative, "-1"},
		{"too much", with(func(e *noren.PurchaseEvent) { e.Amount = noren.MaxMoney + 1 }), "amount", noren.ReasonOutOfRange, "1000000000000"},
		{"no time", with(func(e *noren.PurchaseEvent) { e.PaidAt = time.Time{} }), "at", noren.ReasonMissing, ""},
		{"long ago", with(func(e *noren.PurchaseEvent) { e.PaidAt = apptest.Japan("1969-12-31 00:00:00") }), "at", noren.ReasonOutOfRange, "1969-12-31T00:00:00+09:00"},
		{"more than a day ahead", with(func(e *noren.PurchaseEvent) { e.PaidAt = apptest.Japan("2026-02-01 12:00:01") }), "at", noren.ReasonFuture, "2026-02-01T12:00:01+09:00"},
		{"nobody", with(func(e *noren.PurchaseEvent) { e.Member = noren.MemberKey{} }), "member", noren.ReasonMissing, ""},
		{"an unknown code", with(func(e *noren.PurchaseEvent) { e.Member = apptest.OfCode("M9") }), "member", noren.ReasonMemberUnknown, "M9"},
		{"an unknown id", with(func(e *noren.PurchaseEvent) { e.Member = noren.MemberKey{ID: 9} }), "member_id", noren.ReasonMemberUnknown, "9"},
		{"an unknown e-mail address", with(func(e *noren.PurchaseEvent) { e.Member = noren.MemberKey{Email: "no@example.com"} }), "email", noren.ReasonMemberUnknown, "no@example.com"},
		{"an e-mail address of two", with(func(e *noren.PurchaseEvent) { e.Member = noren.MemberKey{Email: "same@EXAMPLE.com"} }), "email", noren.ReasonAmbiguous, "same@EXAMPLE.com"},
		{"a code that is not text", with(func(e *noren.PurchaseEvent) { e.Member = apptest.OfCode("a\x00") }), "member", "", ""},
		{"a Shopify id that is not UTF-8", with(func(e *noren.PurchaseEvent) { e.Member = apptest.OfShopify("\xff") }), "shopify_customer_id", "", ""},
		{"a long e-mail address", with(func(e *noren.PurchaseEvent) { e.Member = noren.MemberKey{Email: strings.Repeat("x", 2000)} }), "email", "", ""},
		{"a refund without an id", apptest.RefundOf("9", "", 1), "refund_id", "", ""},
		{"a refund that looks like a cancellation", apptest.RefundOf("9", "cancelled", 1), "refund_id", noren.ReasonTaken, "cancelled"},
		{"a refund of less than nothing", apptest.RefundOf("9", "a", -1), "amount", noren.ReasonNegative, "-1"},
	} {
		good := apptest.Paid("good "+c.name, 1, noren.MemberKey{Email: "ONE@example.com"})
		outcomes, err := apptest.Record(b.Ctx, b.App, b.Caller, "till", good, c.event)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if outcomes[0].Result != purchases.Recorded {
			t.Errorf("%s: the good one beside it: %+v", c.name, outcomes[0])
		}
		if outcomes[1].Result != purchases.Refused || outcomes[1].Err == nil {
			t.Errorf("%s: %+v, want it refused", c.name, outcomes[1])
			continue
		}
		e := outcomes[1].Err
		apptest.Same(t, c.name, apptest.Refusal{Row: 2, Field: c.field, Value: c.value, Reason: c.reason},
			apptest.Refusal{Row: e.Row, Field: e.Field, Value: e.Value, Reason: e.Reason})
		if e.Kind != noren.Invalid || e.Message == "" {
			t.Errorf("%s: %+v, want an Invalid with words", c.name, e)
		}
	}
	apptest.Same(t, "the last moment that is allowed", []string{"recorded 1"}, record(t, b, with(func(e *noren.PurchaseEvent) {
		e.ExternalID, e.Amount, e.PaidAt = strings.Repeat("暖", 100), noren.MaxMoney, apptest.Japan("2026-02-01 12:00:00")
	})))
	list, err := b.Purchases.List(b.Ctx, b.Caller, noren.PurchaseFilter{MemberID: 1})
	if err != nil || list.Total != 1 {
		t.Errorf("recorded of the first: %+v, %v", list, err)
	}
	b.Sound(t)
}

func TestAThousandPurchasesAtOnce(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	if out, err := apptest.Record(b.Ctx, b.App, b.Caller, "till"); err != nil || len(out) != 0 {
		t.Errorf("nothing: %v, %v", out, err)
	}
	events := make([]noren.PurchaseEvent, 1000)
	for i := range events {
		events[i] = apptest.Paid(strconv.Itoa(i), 1, noren.MemberKey{ID: int64(i%3 + 1)})
	}
	record(t, b, events...)
	apptest.Same(t, "spend", []int64{334, 333, 333}, []int64{apptest.Spent(t, b, 1), apptest.Spent(t, b, 2), apptest.Spent(t, b, 3)})
	b.Sound(t)
}

// A run after a commit in doubt finds its work done.
func TestPurchasesCountOnceThoughTheAnswerIsLost(t *testing.T) {
	t.Parallel()
	b := apptest.SetupOn(t, func(e noren.Engine) noren.Engine { return apptest.LostAnswers{Engine: e} })
	apptest.Same(t, "outcomes", []string{"recorded 1", "recorded 1"}, record(t, b, apptest.Paid("1", 100, apptest.OfCode("M1")), apptest.RefundOf("1", "a", 30)))
	apptest.Same(t, "spend", int64(70), apptest.Spent(t, b, 1))
	b.Sound(t)
}

func TestPurchasesAreAudited(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	record(t, b, apptest.Paid("1", 100, apptest.OfCode("M1")), apptest.RefundOf("2", "a", 5))
	record(t, b, apptest.Paid("2", 10, apptest.OfShopify("77")), apptest.RefundOf("1", "b", 30), apptest.RefundOf("1", "b", 30))
	apptest.Link(t, b, 2, "77")
	apptest.Same(t, "audit of purchases", []string{
		`recore r1 till:1 {"purchase":[null,{"amount":100,"credited":100,"member":1}]}`,
		`recore r1 till:1 {"purchase":[{"amount":100,"credited":100,"member":1},{"amount":100,"credited":70,"member":1}]}`,
		`recore r1 till:2 {"purchase":[null,{"amount":10,"credited":5,"member":0}]}`,
		`recore r1 till:2 {"purchase":[{"amount":10,"credited":5,"member":0},{"amount":10,"credited":5,"member":2}]}`,
	}, b.Audited(t, "purchase"))
	apptest.Same(t, "audit of refunds", []string{
		`recore r1 till:2:a {"refund":[null,{"all":false,"amount":5}]}`, `recore r1 till:1:b {"refund":[null,{"all":false,"amount":30}]}`,
	}, b.Audited(t, "refund"))
}

func TestPurchasesAreListed(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	old := apptest.Paid("old", 1, apptest.OfCode("M3"))
	old.PaidAt = apptest.Japan("2025-01-01 00:00:00")
	record(t, b, apptest.Paid("1", 1, apptest.OfCode("M3")), apptest.Paid("2", 2, apptest.OfShopify("77")), apptest.Paid("3", 3, apptest.OfCode("M1")), old)
	ids := func(c noren.Caller, f noren.PurchaseFilter) []string {
		t.Helper()
		list, err := b.Purchases.List(b.Ctx, c, f)
		if err != nil {
			return []string{noren.KindOf(err).String()}
		}
		var ids []string
		for _, p := range list.Items {
			ids = append(ids, p.ExternalID)
		}
		return slices.Insert(ids, 0, strconv.Itoa(list.Total))
	}
	apptest.Same(t, "all, in the order in which they were recorded", []string{"4", "old", "3", "2", "1"}, ids(b.Caller, noren.PurchaseFilter{}))
	apptest.Same(t, "those of a member, by time", []string{"2", "1", "old"}, ids(b.Caller, noren.PurchaseFilter{MemberID: 3}))
	apptest.Same(t, "a page", []string{"4", "3"}, ids(b.Caller, noren.PurchaseFilter{Page: noren.Page{Limit: 1, Offset: 1}}))
	apptest.Same(t, "those held", []string{"1", "2"}, ids(b.Caller, noren.PurchaseFilter{Held: true}))
	apptest.Same(t, "those of a member elsewhere", []string{"not found"}, ids(b.InStore(1), noren.PurchaseFilter{MemberID: 3}))
	apptest.Same(t, "those of a member here", []string{"2", "1", "old"}, ids(b.InStore(2), noren.PurchaseFilter{MemberID: 3}))
	apptest.Same(t, "all, for somebody of a store", []string{"forbidden"}, ids(b.InStore(1), noren.PurchaseFilter{}))
}

// lateLooks is an engine that sees no members in the next transactions, as if they were linked to Shopify customers
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

// LockMembers implements noren.MemberTx.
func (blindTx) LockMembers(context.Context, noren.MemberQuery) ([]noren.MemberRef, error) {
	return nil, nil
}

func TestPurchasesLookAgainForMembersLinkedMeanwhile(t *testing.T) {
	t.Parallel()
	left := 0
	b := apptest.SetupOn(t, func(e noren.Engine) noren.Engine { return lateLooks{e, &left} })
	apptest.Link(t, b, 1, "77")
	left = 2
	apptest.Same(t, "linked meanwhile", []string{"recorded 1", "held 0"}, record(t, b, apptest.Paid("1", 100, apptest.OfShopify("77")), apptest.Paid("2", 1, apptest.OfShopify("78"))))
	left = 2
	apptest.Same(t, "linked meanwhile, by a webhook", "applied: credited to member 1", apptest.Receive(t, b, "w1", apptest.Telling(apptest.Paid("1", 10, apptest.OfShopify("77")))))
	left = 9
	if _, err := apptest.Record(b.Ctx, b.App, b.Caller, "till", apptest.Paid("3", 1, apptest.OfShopify("77"))); noren.KindOf(err) != noren.Unavailable {
		t.Errorf("linked again and again: %v; want to be told to come back", err)
	}
	left = 0
	apptest.Same(t, "spend", int64(110), apptest.Spent(t, b, 1))
	b.Sound(t)
}
