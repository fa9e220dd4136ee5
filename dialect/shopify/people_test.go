package shopify

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"noren"
)

// TestTopicsAreNotTrusted sends bodies under topics that are not theirs: the signature does not cover the topic.
func TestTopicsAreNotTrusted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	paid := order("500", customerOf(customerA), "")
	b.want("paid", message{id: "p1", topic: topicPaid, body: paid}, 200, "applied", "member 1")
	b.want("paid, told to be cancelled", message{id: "p2", topic: topicCancelled, body: paid}, 200, "ignored", "not cancelled")
	b.want("paid, told to be cancelled, from a subscription for some fields", message{
		id: "p8", topic: topicCancelled, body: strings.Replace(paid, `"cancelled_at":null,`, "", 1),
	}, 200, "ignored", "not cancelled")
	b.want("cancelled, told to be paid", message{id: "p3", topic: topicPaid, body: cancelled("501", customerOf(customerA), "")}, 200, "ignored", "was cancelled")
	b.want("not paid", message{id: "p4", topic: topicPaid, body: strings.Replace(order("502", customerOf(customerA), ""), `"paid"`, `"pending"`, 1)}, 200, "ignored", "not paid")
	request := fmt.Sprintf(`{"shop_id":1,"customer":{"id":%s},"orders_requested":[],"data_request":{"id":9}}`, customerA)
	b.want("asked for data", message{id: "p5", topic: topicRequest, body: request}, 200, "applied", "hand out the data of member 1")
	b.want("asked for data, told to erase", message{id: "p6", topic: topicRedact, body: request}, 422, "refused", "orders_to_redact: is missing")
	b.want("asked for data, told that the shop left", message{id: "p7", topic: topicShop, body: request}, 422, "refused", "customer: is not part")
	if got := b.credited(); len(got) != 1 || !strings.HasPrefix(got[0], "500 1 12000") {
		t.Errorf("credited %v", got)
	}
}

// TestPeople merges, erases and unlinks customers.
func TestPeople(t *testing.T) {
	t.Parallel()
	b := setup(t)
	shopifyOf := func(id int64) string {
		t.Helper()
		list, err := b.Rooms.Members.List(t.Context(), b.caller(shopA), noren.MemberFilter{IDs: []int64{id}})
		if err != nil || len(list.Items) != 1 {
			t.Fatal(list, err)
		}
		return noren.Deref(list.Items[0].ShopifyCustomerID)
	}
	merge := func(kept, gone string) string {
		return fmt.Sprintf(`{"admin_graphql_api_customer_kept_id":"gid://shopify/Customer/%s","admin_graphql_api_customer_deleted_id":"gid://shopify/Customer/%s","status":"completed"}`, kept, gone)
	}
	b.want("the linked one is gone", message{id: "m1", topic: topicMerged, body: merge("4242", customerA)}, 200, "applied", "member 1")
	if got := shopifyOf(1); got != "4242" {
		t.Errorf("linked to %s", got)
	}
	b.want("an order of one who will be gone", message{id: "m2", topic: topicPaid, body: order("600", customerOf("5353"), "")}, 200, "held", "5353")
	b.want("the linked one is left", message{id: "m3", topic: topicMerged, body: merge("4242", "5353")}, 200, "applied", "credited to member 1")
	if got := b.credited(); len(got) != 1 || !strings.HasPrefix(got[0], "600 1 12000") || shopifyOf(1) != "4242" {
		t.Errorf("credited %v, linked to %s", got, shopifyOf(1))
	}
	b.want("nobody", message{id: "m4", topic: topicMerged, body: merge("1", "2")}, 200, "ignored", "no member")
	b.want("into itself", message{id: "m8", topic: topicMerged, body: merge("4242", "4242")}, 422, "refused", "is the customer who is kept")
	b.want("not a global ID", message{id: "m5", topic: topicMerged, body: `{"admin_graphql_api_customer_kept_id":"4242"}`}, 422, "refused", "gid://")

	redact := `{"shop_id":1,"customer":{"id":4242,"email":"x@example.com"},"orders_to_redact":[600]}`
	b.want("erased", message{id: "m6", topic: topicRedact, body: redact}, 200, "applied", "member 1 is erased")
	if got := shopifyOf(1); got != "" {
		t.Errorf("linked to %s", got)
	}
	if got := b.credited(); len(got) != 1 || !strings.HasPrefix(got[0], "600 1 12000") {
		t.Errorf("sums have to stay: %v", got)
	}
	b.want("nobody is left", message{id: "m7", topic: topicRedact, body: redact}, 200, "ignored", "nothing is stored")
	b.want("the shop has left", message{id: "m8", topic: topicShop, body: `{"shop_id":1,"shop_domain":"x.myshopify.com"}`}, 200, "applied", "no longer linked")
}

// TestCustomersWithoutMember are erased as well: whose their held orders are, and what messages say of them.
func TestCustomersWithoutMember(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const redacted, other = "770077", "880088"
	for _, customer := range []string{redacted, other} {
		b.want("held", message{id: "h" + customer, topic: topicPaid, body: order(customer+"1", customerOf(customer), "")}, 200, "held", customer)
		b.want("known to nobody", message{
			id: "u" + customer, topic: topicUpdated, body: `{"id":` + customer + `,"email":"nobody@example.com","verified_email":true}`,
		}, 200, "ignored", "no member")
	}
	b.want("credited", message{id: "c1", topic: topicPaid, body: order("900", customerOf(customerA), "")}, 200, "applied", "member 1")
	// stored is what is left of them, but for the ids that Shopify gave its messages.
	stored := func() string {
		t.Helper()
		purchases, err := b.Rooms.Purchases.List(t.Context(), b.caller(shopA), noren.PurchaseFilter{})
		messages, err2 := b.Rooms.Inbox.List(t.Context(), b.caller(shopA), noren.WebhookFilter{})
		if err = errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
		text := ""
		for _, p := range purchases.Items {
			text += fmt.Sprintf("order of %s, ", p.ShopifyCustomerID)
		}
		for _, m := range messages.Items {
			text += fmt.Sprintf("%s %s %s, ", m.Topic, m.Subject, m.Detail)
		}
		return text
	}
	redact := `{"shop_id":1,"customer":{"id":` + redacted + `},"orders_to_redact":[]}`
	b.want("erased", message{id: "r1", topic: topicRedact, body: redact}, 200, "applied", "what else was stored of the customer is erased")
	b.want("erased again", message{id: "r2", topic: topicRedact, body: redact}, 200, "ignored", "nothing is stored")
	if text := stored(); strings.Contains(text, redacted) || strings.Count(text, "customer "+other) < 2 || !strings.Contains(text, "order of "+other) {
		t.Errorf("after customers/redact: %s", text)
	}
	b.want("the order once more", message{id: "h2", topic: topicPaid, body: order(redacted+"1", customerOf(redacted), "")}, 200, "known", "already recorded")
	b.want("the shop has left", message{id: "s1", topic: topicShop, body: `{"shop_id":1,"shop_domain":"x.myshopify.com"}`}, 200, "applied", "no longer linked")
	if text := stored(); strings.Contains(text, other) || strings.Contains(text, redacted) || strings.Contains(text, customerA) {
		t.Errorf("after shop/redact: %s", text)
	}
	if got := b.credited(); len(got) != 3 || !strings.HasPrefix(got[0], "900 1 12000") {
		t.Errorf("sums have to stay: %v", got)
	}
}

// TestNumbersLeaveTheAuditLog: what the log has of changes of members names the customers whom they were linked to. It has to forget one
// who asks for it, whichever member they were linked to, and all when the shop has left.
func TestNumbersLeaveTheAuditLog(t *testing.T) {
	t.Parallel()
	b := setup(t)
	log := func() (text string) {
		t.Helper()
		list, err := b.Rooms.Audit.Log(t.Context(), b.caller(shopA), noren.AuditFilter{Subject: "member", Page: noren.Page{Limit: 1000}})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list.Items {
			text += string(e.Changes) + "\n"
		}
		return text
	}
	write := func(p noren.MemberPatch) {
		t.Helper()
		if _, _, err := b.Rooms.Members.Update(t.Context(), b.caller(shopA), []noren.MemberPatch{p}, nil); err != nil {
			t.Fatal(err)
		}
	}
	write(noren.MemberPatch{ID: 1, ShopifyCustomerID: noren.Set("111111"), Note: noren.Set("keep this")})
	write(noren.MemberPatch{ID: 1, ShopifyCustomerID: noren.Set("222222")})
	write(noren.MemberPatch{ID: 2, ShopifyCustomerID: noren.Set("111111")})
	write(noren.MemberPatch{ID: 2, ShopifyCustomerID: noren.Set("333333")})
	redact := func(customer string) string {
		return `{"shop_id":1,"customer":{"id":` + customer + `},"orders_to_redact":[]}`
	}
	b.want("linked to nobody any more", message{id: "a1", topic: topicRedact, body: redact("111111")}, 200, "applied", "is erased")
	if text := log(); strings.Contains(text, "111111") || !strings.Contains(text, "222222") || !strings.Contains(text, "keep this") {
		t.Errorf("after customers/redact: %s", text)
	}
	b.want("nothing is left", message{id: "a2", topic: topicRedact, body: redact("111111")}, 200, "ignored", "nothing is stored")
	write(noren.MemberPatch{ID: 2, ShopifyCustomerID: noren.Set("222223")})
	b.want("linked", message{id: "a3", topic: topicRedact, body: redact("222223")}, 200, "applied", "member 2 is erased")
	if text := log(); strings.Contains(text, "222223") || strings.Contains(text, "333333") || !strings.Contains(text, "222222") {
		t.Errorf("after customers/redact of member 2: %s", text)
	}
	b.want("the shop has left", message{id: "a4", topic: topicShop, body: `{"shop_id":1,"shop_domain":"x.myshopify.com"}`}, 200, "applied", "no longer linked")
	if text := log(); strings.Contains(text, "222222") || strings.Contains(text, customerA) || !strings.Contains(text, "keep this") {
		t.Errorf("after shop/redact: %s", text)
	}
}

// TestForeignRefunds are in the buyer's currency.
func TestForeignRefunds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.want("paid", message{id: "f1", topic: topicPaid, body: order("700", customerOf(customerA), "")}, 200, "applied", "member 1")
	refund := func(id, transaction, more string) string {
		return fmt.Sprintf(`{"id":%s,"order_id":700,"transactions":[{"kind":"refund","status":"success","amount":"6.50","currency":"USD"%s}]%s}`, id, transaction, more)
	}
	set := func(amount string) string {
		return `{"shop_money":{"amount":"` + amount + `","currency_code":"JPY"},"presentment_money":{"amount":"6.50","currency_code":"USD"}}`
	}
	b.want("beside the amount", message{id: "f2", topic: topicRefunded, body: refund("1", `,"amount_set":`+set("1000"), "")}, 200, "applied", "member 1")
	b.want("by lines", message{id: "f3", topic: topicRefunded, body: refund("2", "",
		`,"refund_line_items":[{"subtotal_set":`+set("1800")+`,"total_tax_set":`+set("200")+`}],"order_adjustments":[{"amount_set":`+set("-500")+`}]`)}, 200, "applied", "member 1")
	lines := strings.Repeat(`{"subtotal_set":`+set("1")+`},`, maxTransactions) + "{}"
	b.want("by more lines than are read", message{id: "f5", topic: topicRefunded, body: refund("4", "", `,"refund_line_items":[`+lines+`]`)},
		422, "refused", "refund_line_items: at most 1000 are read")
	b.want("once in the shop's currency and once in none", message{
		id: "f6", topic: topicRefunded,
		body: `{"id":5,"order_id":700,"transactions":[{"kind":"refund","status":"success","amount":"300","currency":"JPY"},` +
			`{"kind":"refund","status":"success","amount":"200"}]}`,
	}, 200, "applied", "member 1")
	b.want("not told", message{id: "f4", topic: topicRefunded, body: refund("3", "", "")}, 422, "refused", "must be the shop's currency, JPY")
	if got := b.credited(); len(got) != 1 || !strings.HasPrefix(got[0], "700 1 8000/12000") {
		t.Errorf("credited %v, want 12000 - 1000 - 2500 - 500", got)
	}
}
