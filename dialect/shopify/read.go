package shopify

import (
	"fmt"
	"strings"

	"noren"
	"noren/wire"
)

// The topics that say something to us.
const (
	topicPaid      = "orders/paid"
	topicCancelled = "orders/cancelled"
	topicRefunded  = "refunds/create"
	topicCreated   = "customers/create"
	topicUpdated   = "customers/update"
)

// topics lists them, for the documents.
func topics() []string {
	return []string{topicPaid, topicCancelled, topicRefunded, topicCreated, topicUpdated}
}

// read says in our words what a message says, and what it is about. currency is the tenant's. What cannot be understood
// is recorded as refused, with a reason that says where.
func read(topic string, body []byte, currency string) (subject string, content noren.WebhookContent) {
	var understand func(*fields) noren.WebhookContent
	switch topic {
	case topicPaid:
		understand = readPaid
	case topicCancelled:
		understand = readCancelled
	case topicRefunded:
		understand = readRefund
	case topicCreated, topicUpdated:
		understand = readCustomer
	default:
		return "", noren.WebhookContent{Ignored: "nothing is done with this topic"}
	}
	o, problem := wire.ParseObject(body)
	if problem != nil {
		return "", noren.WebhookContent{Refused: "the body is no JSON object: " + problem.Error()}
	}
	f := &fields{object: o, currency: currency}
	content = understand(f)
	if f.wrong != "" && content.Ignored == "" {
		content = noren.WebhookContent{Refused: f.wrong}
	}
	return f.subject, content
}

// aTest is why orders that nobody pays for count for nothing.
const aTest = "it is a test order"

// aGuest is why orders of nobody count for nothing. It is no refusal: Shopify would send the order again and again, and
// in the end stop sending anything.
const aGuest = "for nobody: the order has no customer"

func readPaid(f *fields) noren.WebhookContent {
	id := f.id("id")
	f.about("order", id)
	customer, known := f.customer()
	switch {
	case f.flag("test"):
		return noren.WebhookContent{Ignored: aTest}
	case !known:
		return noren.WebhookContent{Ignored: aGuest}
	}
	currency := f.text("currency")
	if currency == "" {
		currency = f.currency
	}
	return noren.WebhookContent{Purchases: []noren.PurchaseEvent{{
		Kind: noren.PurchasePaid, ExternalID: id, Member: noren.MemberKey{ShopifyCustomerID: customer},
		Amount: f.money("total_price", currency), Currency: currency, PaidAt: f.time("processed_at", "created_at"),
	}}}
}

func readCancelled(f *fields) noren.WebhookContent {
	id := f.id("id")
	f.about("order", id)
	_, known := f.customer()
	switch {
	case f.flag("test"):
		return noren.WebhookContent{Ignored: aTest}
	case !known:
		return noren.WebhookContent{Ignored: aGuest}
	}
	return noren.WebhookContent{Purchases: []noren.PurchaseEvent{{Kind: noren.PurchaseCancelled, ExternalID: id}}}
}

// maxTransactions is how many transactions of one refund are read.
const maxTransactions = 1000

// readRefund adds up what was given back: a refund may also put things back in stock and give nothing.
func readRefund(f *fields) noren.WebhookContent {
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
	currency, given := "", false
	for i, v := range transactions {
		o, isObject := v.Object()
		t := &fields{object: o, currency: f.currency}
		if !isObject {
			f.complain(fmt.Sprintf("transactions[%d]", i), "an object is needed")
			break
		}
		if t.text("kind") != "refund" || t.text("status") != "success" || t.flag("test") {
			continue
		}
		in := t.text("currency")
		if given && in != currency {
			t.complain("currency", "a refund in several currencies is not understood")
		}
		currency, given = in, true
		if in == "" {
			in = f.currency
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
		return noren.WebhookContent{Ignored: "no refund transaction has succeeded, so nothing was given back"}
	}
	return noren.WebhookContent{Purchases: []noren.PurchaseEvent{{
		Kind: noren.PurchaseRefunded, ExternalID: order, RefundID: id, Amount: amount, Currency: currency,
	}}}
}

func readCustomer(f *fields) noren.WebhookContent {
	id := f.id("id")
	f.about("customer", id)
	email := strings.TrimSpace(f.text("email"))
	if v := f.object.Get("verified_email"); f.wrong == "" && email != "" && string(v.Raw()) == "false" {
		return noren.WebhookContent{Ignored: "the e-mail address is not verified, so anybody could have given it"}
	}
	return noren.WebhookContent{Link: &noren.ShopifyLink{ShopifyCustomerID: id, Email: email}}
}
