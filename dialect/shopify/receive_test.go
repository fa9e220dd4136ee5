package shopify

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"noren/app/apptest"
	"noren/dialect/dialecttest"
)

func TestOrdersAreCredited(t *testing.T) {
	t.Parallel()
	b := setup(t)
	paid := message{id: "w1", topic: topicPaid, body: order(orderID, customerOf(customerA), "")}
	for range 2 {
		b.want("paid", paid, 200, "applied", "credited to member 1")
	}
	again := paid
	again.id = "w2"
	b.want("another message of the same", again, 200, "known", "already recorded")
	refund := message{id: "w3", topic: topicRefunded, body: refunded("5", orderID, gaveBack("1500.00")+","+gaveBack("500"))}
	b.want("refunded", refund, 200, "applied", "credited to member 1")
	b.want("refunded, sent again", refund, 200, "applied", "credited to member 1")
	apptest.Same(t, "purchases", []string{orderID + " 1 10000/12000 2026-11-20T00:59:58Z"}, b.credited())
	b.want("cancelled", message{id: "w4", topic: topicCancelled, body: cancelled(orderID, customerOf(customerA), `,"cancel_reason":"customer"`)}, 200, "applied", "member 1")
	b.want("a late refund", message{id: "w5", topic: topicRefunded, body: refunded("6", orderID, gaveBack("100"))}, 200, "applied", "member 1")
	apptest.Same(t, "purchases after the cancellation", []string{orderID + " 1 0/12000 2026-11-20T00:59:58Z"}, b.credited())
	edited := strings.Replace(order(orderID, customerOf(customerA), ""), `"12000.00"`, `"13000.00"`, 1)
	b.want("an order that was edited", message{id: "w6", topic: topicPaid, body: edited}, 200, "ignored", "not applied")
	apptest.Same(t, "messages", []string{
		"w1 orders/paid applied (order " + orderID + ")", "w2 orders/paid known (order " + orderID + ")",
		"w3 refunds/create applied (order " + orderID + ")", "w4 orders/cancelled applied (order " + orderID + ")",
		"w5 refunds/create applied (order " + orderID + ")", "w6 orders/paid ignored (order " + orderID + ")",
	}, b.arrived(shopA))
	b.Verify()
}

// Messages come in any order, and before the customer is known.
func TestMessagesOutOfOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.want("a refund first", message{id: "w1", topic: topicRefunded, body: refunded("5", "1", gaveBack("2000"))}, 200, "held", "for its purchase")
	b.want("its order, of nobody yet", message{id: "w2", topic: topicPaid, body: order("1", customerOf(customerB), "")}, 200, "held", "customer "+customerB)
	b.want("a cancellation first", message{id: "w3", topic: topicCancelled, body: cancelled("2", customerOf(customerB), "")}, 200, "held", "for its purchase")
	b.want("its order", message{id: "w4", topic: topicPaid, body: order("2", customerOf(customerB), "")}, 200, "held", "customer "+customerB)
	b.want("a customer who changed before being made", message{
		id: "w5", topic: topicUpdated, body: `{"id":` + customerB + `,"email":" Hanako@EXAMPLE.com","verified_email":true,"updated_at":"2026-11-24T10:00:00+09:00"}`,
	}, 200, "applied", "linked to member 2")
	b.want("the making of the customer", message{
		id: "w6", topic: topicCreated, body: `{"id":` + customerB + `,"email":"hanako@example.com","verified_email":true}`,
	}, 200, "known", "member 2 is linked")
	apptest.Same(t, "purchases", []string{"2 2 0/12000 2026-11-20T00:59:58Z", "1 2 10000/12000 2026-11-20T00:59:58Z"}, b.credited())
	b.Verify()
}

func TestIgnored(t *testing.T) {
	t.Parallel()
	b := setup(t)
	pending := `{"kind":"refund","status":"pending","amount":"100","currency":"JPY"}`
	sale := `{"kind":"sale","status":"success","amount":"100","currency":"JPY"}`
	trial := `{"kind":"refund","status":"success","amount":"100","currency":"JPY","test":true}`
	for i, c := range []struct{ name, topic, body, detail string }{
		{"another topic", "orders/edited", `{"id":1}`, "nothing is done with this topic"},
		{"another topic that is no JSON", "app/uninstalled", `x`, "nothing is done with this topic"},
		{"a guest's order", topicPaid, order("1", "null", ""), "for nobody"},
		{"a guest's cancelled order", topicCancelled, order("1", "null", ""), "for nobody"},
		{"an order that names no customer at all", topicPaid, `{"id":1}`, "for nobody"},
		{"a test order", topicPaid, strings.Replace(order("1", customerOf(customerA), ""), `"test":false`, `"test":true`, 1), "test order"},
		{"a cancelled test order", topicCancelled, `{"id":1,"test":true,"customer":{"id":1}}`, "test order"},
		{"a refund that gives nothing", topicRefunded, refunded("5", "1", ""), "nothing was given back"},
		{"a refund that is pending", topicRefunded, refunded("5", "1", pending+","+sale+","+trial), "nothing was given back"},
		{"a customer nobody knows", topicCreated, `{"id":7,"email":"nobody@example.com","verified_email":true}`, "no member has this e-mail address"},
		{"a customer without an e-mail address", topicCreated, `{"id":7,"email":null}`, "no e-mail address"},
		{"a customer whose e-mail address is not verified", topicCreated, `{"id":7,"email":"hanako@example.com","verified_email":false}`, "not verified"},
		{"a second customer with one member's e-mail address", topicUpdated, `{"id":` + customerA + `1,"email":"x\u0000@example.com","verified_email":true}`, "not an e-mail address"},
	} {
		b.want(c.name, message{id: fmt.Sprint("w", i), topic: c.topic, body: c.body}, 200, "ignored", c.detail)
	}
	apptest.Same(t, "purchases", []string{}, b.credited())
	apptest.Same(t, "the number of messages", 13, len(b.arrived(shopA)))
	b.Verify()
}

func TestRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	changed := func(old, other string) string {
		body := order("1", customerOf(customerA), "")
		if !strings.Contains(body, old) {
			t.Fatalf("%s is not in the order", old)
		}
		return strings.Replace(body, old, other, 1)
	}
	euros := `{"kind":"refund","status":"success","amount":"1.00","currency":"EUR"}`
	cases := []struct{ name, topic, body, detail string }{
		{"no JSON", topicPaid, `{"id":`, "the body is no JSON object"},
		{"no object", topicPaid, `[]`, "the body is no JSON object"},
		{"nothing", topicPaid, ``, "the body is no JSON object"},
		{"a key twice", topicPaid, `{"id":1,"id":2}`, "the body is no JSON object"},
		{"bytes that are not UTF-8", topicPaid, "{\"id\":\"\xff\"}", "the body is no JSON object"},
		{"nested too deep", topicPaid, strings.Repeat("[", 100), "the body is no JSON object"},
		{"no id", topicPaid, changed(`"id":1,`, ""), "id: an id is needed"},
		{"an id that is a float", topicPaid, changed(`"id":1,`, `"id":1e3,`), "id: an id is needed"},
		{"an id that is text", topicPaid, changed(`"id":1,`, `"id":"x",`), "id: an id is needed"},
		{"another currency", topicPaid, changed(`"JPY"`, `"USD"`), "currency: must be the shop's currency, JPY"},
		{"a currency that is no text", topicPaid, changed(`"JPY"`, `5`), "currency: a text is needed"},
		{"less than nothing", topicPaid, changed(`"12000.00"`, `"-1"`), "amount: must not be negative"},
		{"too fine an amount", topicPaid, changed(`"12000.00"`, `"1.50"`), "total_price: "},
		{"an amount that is none", topicPaid, changed(`"12000.00"`, `"many"`), "total_price: "},
		{"an amount with an exponent", topicPaid, changed(`"12000.00"`, `1e3`), "total_price: "},
		{"no amount", topicPaid, changed(`"total_price":"12000.00",`, ""), "total_price: "},
		{"too much", topicPaid, changed(`"12000.00"`, `"1000000000000"`), "total_price: "},
		{"the far future", topicPaid, changed(`"2026-11-20T09:59:58+09:00"`, `"2026-11-26T09:59:58+09:00"`), "at: the time of payment is in the future"},
		{"a time that is none", topicPaid, changed(`"2026-11-20T09:59:58+09:00"`, `"yesterday"`), "processed_at: "},
		{"no time", topicPaid, `{"id":1,"total_price":"1","customer":{"id":1}}`, "processed_at: a time is needed"},
		{"a customer without an id", topicPaid, order("1", `{"email":"x@example.com"}`, ""), "customer.id: an id is needed"},
		{"a customer that is no object", topicPaid, order("1", `5`, ""), "customer: an object is needed"},
		{"a test that is no flag", topicPaid, changed(`"test":false`, `"test":"yes"`), "test: true or false is needed"},
		{"a cancelled order without an id", topicCancelled, `{"customer":{"id":1},"cancelled_at":"2026-11-21T10:00:00+09:00"}`, "id: an id is needed"},
		{"a refund without an order", topicRefunded, `{"id":1,"transactions":[]}`, "order_id: an id is needed"},
		{"a refund without transactions", topicRefunded, `{"id":1,"order_id":1}`, "transactions: a list is needed"},
		{"a refund with very many transactions", topicRefunded, refunded("1", "1", strings.Repeat("{},", maxTransactions)+"{}"), "transactions: at most 1000"},
		{"a refund of something else", topicRefunded, refunded("1", "1", "5"), "transactions[0]: an object is needed"},
		{"a refund in another currency", topicRefunded, refunded("1", "1", euros), "currency: must be the shop's currency, JPY"},
		{"a refund in two currencies", topicRefunded, refunded("1", "1", gaveBack("1")+","+euros), "transactions[1]: currency: a refund in several currencies"},
		{"a refund of less than nothing", topicRefunded, refunded("1", "1", gaveBack("5")+","+gaveBack("-1")), "transactions[1]: amount: a refund is not negative"},
		{"a refund of no amount", topicRefunded, refunded("1", "1", gaveBack("")), "transactions[0]: amount: "},
		{"a customer without an id at all", topicCreated, `{"email":"hanako@example.com","verified_email":false}`, "id: an id is needed"},
		{"an e-mail address that is no text", topicCreated, `{"id":1,"email":5}`, "email: a text is needed"},
	}
	for i, c := range cases {
		m := message{id: fmt.Sprint("w", i), topic: c.topic, body: c.body}
		b.want(c.name, m, http.StatusUnprocessableEntity, "refused", c.detail)
		b.want(c.name+", again", m, http.StatusUnprocessableEntity, "refused", c.detail)
	}
	apptest.Same(t, "purchases", []string{}, b.credited())
	lines := b.arrived(shopA)
	apptest.Same(t, "the number of messages", len(cases), len(lines))
	for _, line := range lines {
		if !strings.Contains(line, " refused ") {
			t.Errorf("recorded as %s", line)
		}
	}
	b.want("one of them, put right", message{id: "w0", topic: topicPaid, body: order("1", customerOf(customerA), "")}, 200, "applied", "member 1")
	b.Verify()
}

// TestForgedAgainAndAgain has an address that tries signatures: it is told to wait before long, and what the shop has signed still
// arrives from there, as it does by a proxy that nobody has named.
func TestForgedAgainAndAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	good := message{id: "w1", topic: topicPaid, body: order("1", customerOf(customerA), "")}
	statuses := make(map[int]int)
	for i := range 150 {
		m := good
		m.header = map[string]string{headerSignature: base64.StdEncoding.EncodeToString(sign(strconv.Itoa(i), []byte(good.body)))}
		statuses[b.send(m).Status]++
	}
	if statuses[401] < 100 || statuses[401] > 102 || statuses[429] != 150-statuses[401] {
		t.Errorf("the statuses are %v", statuses)
	}
	b.want("the right one", good, 200, "applied", "member 1")
}

// Without a valid signature nothing is read, recorded or distinguished.
func TestForged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	good := message{id: "w1", topic: topicPaid, body: order("1", customerOf(customerA), "")}
	signedWith := func(secret string) string {
		return base64.StdEncoding.EncodeToString(sign(secret, []byte(good.body)))
	}
	right := signedWith("secret of " + shopA)
	var bodies []string
	for _, c := range []struct {
		name, tenant, signature string
		headers                 map[string]string
	}{
		{"no signature", shopA, "", nil},
		{"another secret's", shopA, signedWith("x"), nil},
		{"the empty secret's", shopA, signedWith(""), nil},
		{"another tenant's", shopA, signedWith("secret of " + shopB), nil},
		{"the right one in hexadecimal", shopA, hex.EncodeToString(sign("secret of "+shopA, []byte(good.body))), nil},
		{"half of the right one", shopA, right[:20], nil},
		{"the right one and more", shopA, right + "AAAA", nil},
		{"the right one for another tenant", shopB, right, nil},
		{"a tenant without a secret", secretly, signedWith(""), nil},
		{"a tenant that does not exist", "sb_gone", signedWith(""), nil},
		{"a tenant that cannot exist", "%00", right, nil},
		{"a tenant that is not UTF-8", "%ff", right, nil},
		{"no id either", shopA, "x", map[string]string{headerID: "", headerTopic: ""}},
	} {
		m := good
		m.tenant, m.header = c.tenant, map[string]string{headerSignature: c.signature}
		maps.Copy(m.header, c.headers)
		got := b.send(m)
		if got.Status != http.StatusUnauthorized {
			t.Errorf("%s: %d %s", c.name, got.Status, got.Body)
		}
		bodies = append(bodies, got.Body)
	}
	tampered := good
	tampered.body, tampered.header = strings.Replace(good.body, "12000.00", "92000.00", 1), map[string]string{headerSignature: right}
	b.want("another body", tampered, 401, "forged", "not signed")
	apptest.Same(t, "the different answers", 1, len(slices.Compact(bodies)))
	for _, contract := range []string{shopA, shopB, secretly} {
		apptest.Same(t, "messages of "+contract, []string{}, b.arrived(contract))
	}
	apptest.Same(t, "purchases", []string{}, b.credited())
}

func TestRequestsThatAreNoMessages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	good := message{id: "w1", topic: topicPaid, body: order("1", customerOf(customerA), "")}
	with := func(change func(*message)) message {
		m := good
		change(&m)
		return m
	}
	b.want("no id", with(func(m *message) { m.id = "" }), 400, "invalid", headerID)
	b.want("no topic", with(func(m *message) { m.topic = "" }), 400, "invalid", headerTopic)
	b.want("a long id", with(func(m *message) { m.id = strings.Repeat("x", 101) }), 400, "invalid", "webhook id")
	b.want("an id that is not UTF-8", with(func(m *message) { m.id = "\xff" }), 400, "invalid", "webhook id")
	b.want("a long topic", with(func(m *message) { m.topic = strings.Repeat("x", 101) }), 400, "invalid", "topic")
	b.want("too large a body", with(func(m *message) { m.body = `{"x":"` + strings.Repeat("x", 4<<20) + `"}` }), 413, "too_large", "4 MiB")
	b.want("a read", with(func(m *message) { m.method, m.body = "GET", "" }), 405, "method_not_allowed", "POST")
	b.want("no tenant", with(func(m *message) { m.tenant = "/" }), 404, "not_found", "/webhooks/shopify/")
	b.want("more path", with(func(m *message) { m.tenant = shopA + "/x" }), 404, "not_found", "/webhooks/shopify/")
	apptest.Same(t, "messages", []string{}, b.arrived(shopA))
	b.want("a slash at the end", with(func(m *message) {
		m.tenant, m.header = shopA+"/", map[string]string{headerSignature: base64.StdEncoding.EncodeToString(sign("secret of "+shopA, []byte(good.body)))}
	}), 200, "applied", "member 1")
	if got := b.send(with(func(m *message) { m.method = "PUT" })); got.Header.Get("Allow") != "POST" {
		t.Errorf("Allow is %q", got.Header.Get("Allow"))
	}
}

// Each tenant's messages are its own, even with the same ids.
func TestTenantsAreApart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := message{id: "w1", topic: topicPaid, body: order("1", customerOf(customerA), ""), tenant: shopB}
	b.want("to one", m, 200, "applied", "member 1")
	apptest.Same(t, "messages of the other", []string{}, b.arrived(shopA))
	apptest.Same(t, "purchases of the other", []string{}, b.credited())
	m.tenant = shopA
	b.want("to the other", m, 200, "applied", "member 1")
	b.Verify()
}

// The log names an authenticated tenant, and never the body or a secret.
func TestLogAndMetrics(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.want("paid", message{id: "w1", topic: topicPaid, body: order("1", customerOf(customerA), "")}, 200, "applied", "member 1")
	b.Do(dialecttest.Request{Method: "GET", Path: "/metrics"})
	b.Stop()
	log := b.Log.String()
	if !strings.Contains(log, "dialect=shopify") || !strings.Contains(log, "tenant="+shopA) {
		t.Errorf("the log says %s", log)
	}
	for _, hidden := range []string{"buyer@example.com", "12000", "secret of"} {
		if strings.Contains(log, hidden) {
			t.Errorf("the log says %s", hidden)
		}
	}
}
