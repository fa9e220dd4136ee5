package shopify

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"noren"
	"noren/app/inbox"
	"noren/wire"
)

// The topics that are used.
const (
	topicPaid      = "orders/paid"
	topicCancelled = "orders/cancelled"
	topicRefunded  = "refunds/create"
	topicCreated   = "customers/create"
	topicUpdated   = "customers/update"
	topicMerged    = "customers/merge"
	topicRedact    = "customers/redact"
	topicRequest   = "customers/data_request"
	topicShop      = "shop/redact"
)

// topics lists them, for the documents.
func topics() []string {
	return []string{topicPaid, topicCancelled, topicRefunded, topicCreated, topicUpdated, topicMerged, topicRequest, topicRedact, topicShop}
}

// The topic is in a header that the signature does not cover. Whoever has caught a message could send its body again under
// another topic, so each body is judged by what it says itself: an order counts as cancelled because it has the time when it was.

// read returns the content of a message in our terms, and what it is about. currency is the tenant's. A message that
// cannot be understood is recorded as refused, with a reason that says where.
func read(topic string, body []byte, currency string) (subject string, content inbox.Content) {
	var understand func(*fields) inbox.Content
	switch topic {
	// Each topic has a reader of its own; what they share are the fields.
	case topicPaid:
		understand = readPaid
	case topicCancelled:
		understand = readCancelled
	case topicRefunded:
		understand = readRefund
	case topicCreated, topicUpdated:
		understand = readCustomer
	case topicMerged:
		understand = readMerge
	case topicRequest:
		understand = readRequest
	case topicRedact:
		understand = readRedact
	case topicShop:
		understand = readShop
	default:
		// A shop may subscribe to more than is used. Refusing it would make Shopify give up the subscription.
		return "", inbox.Content{Ignored: "nothing is done with this topic"}
	}
	o, problem := wire.ParseObject(body)
	if problem != nil {
		return "", inbox.Content{Refused: "the body is no JSON object: " + problem.Error()}
	}
	f := &fields{object: o, currency: currency}
	content = understand(f)
	// What is ignored anyway need not be readable.
	if f.wrong != "" && content.Ignored == "" {
		content = inbox.Content{Refused: f.wrong}
	}
	return f.subject, content
}

// aTest is why orders that nobody pays for are ignored.
const aTest = "it is a test order"

// aGuest is why orders without a customer are ignored. They are not refused, because Shopify would send the order again
// and again, and in the end stop sending anything.
const aGuest = "for nobody: the order has no customer"

func readPaid(f *fields) inbox.Content {
	id := f.id("id")
	f.about("order", id)
	customer, known := f.customer()
	switch {
	case f.flag("test"):
		return inbox.Content{Ignored: aTest}
	case !known:
		return inbox.Content{Ignored: aGuest}
	case f.text("cancelled_at") != "":
		return inbox.Content{Ignored: "the order was cancelled"}
	}
	// Refunded orders were paid first, and their refunds come as messages of their own.
	if state := f.text("financial_status"); state != "" && !slices.Contains([]string{"paid", "partially_refunded", "refunded"}, state) {
		return inbox.Content{Ignored: "the order is not paid"}
	}
	// An order that names no currency is in the shop's, which is the tenant's.
	currency := f.text("currency")
	if currency == "" {
		currency = f.currency
	}
	paid := noren.PurchaseEvent{
		Kind: noren.PurchasePaid, ExternalID: id, Member: noren.MemberKey{ShopifyCustomerID: customer},
		Amount: f.money("total_price", currency), Currency: currency, PaidAt: f.time("processed_at", "created_at"),
	}
	// It only decides how many points the order earns, so an order without it counts.
	if tax := f.object.Get("total_tax"); tax.Exists() && !tax.IsNull() {
		// Bounded by the amount, so that the points of an order are never counted from less than nothing.
		paid.Tax = min(max(f.money("total_tax", currency), 0), max(paid.Amount, 0))
	}
	return inbox.Content{Purchases: []noren.PurchaseEvent{paid}}
}

func readCancelled(f *fields) inbox.Content {
	id := f.id("id")
	f.about("order", id)
	_, known := f.customer()
	switch {
	case f.flag("test"):
		return inbox.Content{Ignored: aTest}
	case !known:
		return inbox.Content{Ignored: aGuest}
	// A subscription for some fields alone may leave it out of every order, those that were not cancelled as well.
	case f.text("cancelled_at") == "":
		return inbox.Content{Ignored: "the order was not cancelled"}
	}
	return inbox.Content{Purchases: []noren.PurchaseEvent{{Kind: noren.PurchaseCancelled, ExternalID: id}}}
}

// maxTransactions is how many transactions of one refund are read.
const maxTransactions = 1000

// readRefund sums what was paid back. A refund may also only restock goods and pay back nothing.
func readRefund(f *fields) inbox.Content {
	id, order := f.id("id"), f.id("order_id")
	f.about("order", order)
	transactions, n, isList := f.object.Get("transactions").Array(maxTransactions)
	switch {
	case !isList:
		f.complain("transactions", "a list is needed")
	case n > maxTransactions:
		f.complain("transactions", fmt.Sprintf("at most %d are read", maxTransactions))
	}
	var amount int64
	currency, given, foreign := "", false, false
	for i, v := range transactions {
		o, isObject := v.Object()
		t := &fields{object: o, currency: f.currency}
		if !isObject {
			f.complain(fmt.Sprintf("transactions[%d]", i), "an object is needed")
			break
		}
		// A refund lists failed and pending attempts too, and voids of payments that were never taken.
		if t.text("kind") != "refund" || t.text("status") != "success" || t.flag("test") {
			continue
		}
		in := cmp.Or(t.text("currency"), f.currency)
		// Amounts of two currencies have no sum.
		if given && in != currency {
			t.complain("currency", "a refund in several currencies is not understood")
		}
		currency, given = in, true
		if in != f.currency && t.wrong == "" {
			// In the buyer's currency. What it was for the shop is beside it, or is the sum of what was refunded.
			var ofShop bool
			if part, ok := t.shopMoney("amount_set", f.currency); ok {
				amount, ofShop = amount+part, true
			}
			// One transaction without its amount in the shop's currency makes the sum useless, so the lines are summed
			// in its place.
			foreign = foreign || !ofShop
			continue
		}
		part := t.money("amount", in)
		if part < 0 {
			t.complain("amount", "a refund is not negative")
		}
		amount += part
		if t.wrong != "" {
			f.complain(fmt.Sprintf("transactions[%d]", i), t.wrong)
			break
		}
	}
	if !given && f.wrong == "" {
		return inbox.Content{Ignored: "no refund transaction has succeeded, so nothing was given back"}
	}
	if foreign && f.wrong == "" {
		amount = f.refundedByLines()
	}
	// The amount is in the shop's currency by now.
	if currency != "" && currency != f.currency && f.wrong == "" {
		currency = f.currency
	}
	return inbox.Content{Purchases: []noren.PurchaseEvent{{
		Kind: noren.PurchaseRefunded, ExternalID: order, RefundID: id, Amount: amount, Currency: currency, RefundedAt: f.refundedAt(),
	}}}
}

// refundedByLines sums what a refund gives back in the shop's currency: goods with their taxes, shipping, and adjustments,
// which Shopify writes as negative amounts.
func (f *fields) refundedByLines() (amount int64) {
	for _, list := range []struct {
		name string
		sets []string
		sign int64
	}{
		{"refund_line_items", []string{"subtotal_set", "total_tax_set"}, 1},
		{"refund_shipping_lines", []string{"subtotal_amount_set"}, 1},
		{"order_adjustments", []string{"amount_set", "tax_amount_set"}, -1},
	} {
		// A list that is missing is empty: not every refund has shipping or adjustments.
		entries, n, _ := f.object.Get(list.name).Array(maxTransactions)
		if n > maxTransactions {
			f.complain(list.name, fmt.Sprintf("at most %d are read", maxTransactions))
		}
		for _, v := range entries {
			o, _ := v.Object()
			entry := &fields{object: o, currency: f.currency}
			for _, set := range list.sets {
				if part, ok := entry.shopMoney(set, f.currency); ok {
					amount += list.sign * part
				}
			}
		}
	}
	if amount <= 0 {
		f.complain("currency", "must be the shop's currency, "+f.currency)
	}
	return amount
}

func readCustomer(f *fields) inbox.Content {
	id := f.id("id")
	f.about("customer", id)
	email := strings.TrimSpace(f.text("email"))
	if v := f.object.Get("verified_email"); f.wrong == "" && email != "" && string(v.Raw()) != "true" {
		return inbox.Content{Ignored: "the e-mail address is not verified, so anybody could have given it"}
	}
	return inbox.Content{Link: &inbox.ShopifyLink{ShopifyCustomerID: id, Email: email}}
}

// readMerge reads which of two customers is left. Shopify names both by their global IDs.
func readMerge(f *fields) inbox.Content {
	kept, gone := f.globalID("admin_graphql_api_customer_kept_id"), f.globalID("admin_graphql_api_customer_deleted_id")
	f.about("customer", kept)
	if kept == gone && f.wrong == "" {
		f.complain("admin_graphql_api_customer_deleted_id", "is the customer who is kept")
	}
	// While a merge is under way both customers exist.
	if status := f.text("status"); status != "" && status != "completed" {
		return inbox.Content{Ignored: "the merge is not completed"}
	}
	return inbox.Content{Merge: &inbox.ShopifyMerge{Kept: kept, Gone: gone}}
}

// readRequest reads for whom the shop has to hand out what it stores.
func readRequest(f *fields) inbox.Content {
	return f.aboutPerson("data_request", func(id string) inbox.Content { return inbox.Content{HandOut: id} })
}

// readRedact reads whom the shop has to erase.
func readRedact(f *fields) inbox.Content {
	return f.aboutPerson("orders_to_redact", func(id string) inbox.Content { return inbox.Content{Erase: id} })
}

// aboutPerson reads the customer of a message about a person's data. proof is a field that only this message has.
func (f *fields) aboutPerson(proof string, content func(id string) inbox.Content) inbox.Content {
	id, known := f.customer()
	f.about("customer", id)
	switch {
	case !f.object.Get(proof).Exists():
		f.complain(proof, "is missing")
	case !known:
		f.complain("customer", "an object is needed")
	}
	return content(id)
}

// readShop reads that the shop has removed the app. Other messages about people name the shop and a customer; this one names
// no customer.
func readShop(f *fields) inbox.Content {
	if shop := f.id("shop_id"); f.object.Get("customer").Exists() {
		f.complain("customer", "is not part of this message")
	} else {
		f.about("shop", shop)
	}
	return inbox.Content{Unlink: true}
}
