package shopify

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"noren"
	"noren/app"
	"noren/app/apptest"
	"noren/app/shop"
	"noren/dialect/dialecttest"
	"noren/web"
)

// The tenants of the tests: two with a secret each, and one without.
const (
	shopA    = "sb_aaaa0001"
	shopB    = "sb_bbbb0001"
	secretly = "sb_none0001"
)

// Shopify's ids are beyond what a float holds.
const (
	customerA = "9007199254740993" // linked to member 1
	customerB = "9007199254740995" // not linked yet; member 2 has the e-mail address hanako@example.com
	orderID   = "18446744073709551615"
)

// bundle is a running server.
type bundle struct {
	*dialecttest.Server
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{dialecttest.Start(t, dialecttest.Config{
		Clock:    apptest.NewClock(time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)),
		Dialects: func(rooms *app.App) []web.Dialect { return []web.Dialect{New(Rooms{Inbox: rooms.Inbox}, "test")} },
	})}
	for _, contract := range []string{shopA, shopB, secretly} {
		shop := shop.Shop{Contract: contract, Tenant: noren.TenantPatch{Name: noren.Set("商店")}, Members: []noren.MemberPatch{
			{ID: 1, ShopifyCustomerID: noren.Set(customerA)}, {ID: 2, Email: noren.Set("hanako@example.com")},
		}}
		if contract != secretly {
			shop.SigningKeys = map[string]string{noren.SigningKeyShopify: "secret of " + contract}
		}
		b.Apply(shop)
	}
	return b
}

// message is one webhook.
type message struct {
	id, topic, body string
	tenant          string            // "": shopA
	method          string            // "": POST
	header          map[string]string // replaces the correct headers; "" leaves one out
}

func (b *bundle) send(m message) dialecttest.Answer {
	b.Helper()
	if m.tenant == "" {
		m.tenant = shopA
	}
	if m.method == "" {
		m.method = http.MethodPost
	}
	header := map[string]string{
		headerID: m.id, headerTopic: m.topic, "Content-Type": "application/json",
		headerSignature: base64.StdEncoding.EncodeToString(sign("secret of "+m.tenant, []byte(m.body))),
	}
	maps.Copy(header, m.header)
	maps.DeleteFunc(header, func(_, value string) bool { return value == "" })
	return b.Do(dialecttest.Request{Method: m.method, Path: pathPrefix + "/" + m.tenant, Body: m.body, Header: header})
}

// want sends the message and checks status, outcome and detail.
func (b *bundle) want(what string, m message, status int, outcome, detail string) {
	b.Helper()
	got := b.send(m)
	var body struct{ Outcome, Detail string }
	if err := json.Unmarshal([]byte(got.Body), &body); err != nil {
		b.Errorf("%s: %d %s: %v", what, got.Status, got.Body, err)
		return
	}
	if got.Status != status || body.Outcome != outcome || !strings.Contains(body.Detail, detail) || (detail == "") != (body.Detail == "") {
		b.Errorf("%s: %d %s\nwant %d %s %q", what, got.Status, got.Body, status, outcome, detail)
	}
}

func (b *bundle) caller(contract string) noren.Caller {
	b.Helper()
	tenant, err := b.Rooms.Access.TenantByContract(b.Context(), contract)
	if err != nil {
		b.Fatal(err)
	}
	return noren.Caller{Tenant: tenant}
}

// arrived lists what is recorded of a tenant's messages, newest first, as "id topic outcome (subject)".
func (b *bundle) arrived(contract string) (lines []string) {
	b.Helper()
	list, err := b.Rooms.Inbox.List(b.Context(), b.caller(contract), noren.WebhookFilter{})
	if err != nil {
		b.Fatal(err)
	}
	for _, w := range list.Items {
		lines = append(lines, fmt.Sprintf("%s %s %s (%s)", w.ID, w.Topic, w.Outcome, w.Subject))
	}
	return lines
}

// credited lists the first tenant's purchases, newest first, as "id member credited/amount paid".
func (b *bundle) credited() (lines []string) {
	b.Helper()
	list, err := b.Rooms.Purchases.List(b.Context(), b.caller(shopA), noren.PurchaseFilter{})
	if err != nil {
		b.Fatal(err)
	}
	for _, p := range list.Items {
		lines = append(lines, fmt.Sprintf("%s %d %d/%d %s", p.ExternalID, p.MemberID, p.Credited, p.Amount, p.PaidAt.Format(time.RFC3339)))
	}
	return lines
}

// cancelled is the body of orders/cancelled.
func cancelled(id, customer, more string) string {
	return strings.Replace(order(id, customer, more), `"cancelled_at":null`, `"cancelled_at":"2026-11-21T10:00:00+09:00"`, 1)
}

// order is the body of orders/paid: the parts that are read, and some that are not.
func order(id, customer, more string) string {
	return fmt.Sprintf(`{"id":%s,"admin_graphql_api_id":"gid://shopify/Order/%[1]s","name":"#1001","currency":"JPY",`+
		`"total_price":"12000.00","current_total_price":"11000.00","created_at":"2026-11-20T10:00:00+09:00",`+
		`"processed_at":"2026-11-20T09:59:58+09:00","cancelled_at":null,"financial_status":"paid","test":false,`+
		`"customer":%s,"line_items":[{"id":1,"price":"12000.00"}]%s}`, id, customer, more)
}

func customerOf(id string) string {
	return fmt.Sprintf(`{"id":%s,"email":"buyer@example.com"}`, id)
}

// refunded is the body of refunds/create.
func refunded(id, order, transactions string) string {
	return fmt.Sprintf(`{"id":%s,"order_id":%s,"created_at":"2026-11-21T10:00:00+09:00","note":null,"restock":true,`+
		`"refund_line_items":[{"id":1,"quantity":1,"subtotal":1000.0}],"order_adjustments":[],"transactions":[%s]}`, id, order, transactions)
}

func gaveBack(amount string) string {
	return fmt.Sprintf(`{"id":1,"kind":"refund","status":"success","amount":"%s","currency":"JPY"}`, amount)
}
