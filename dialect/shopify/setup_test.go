package shopify

import (
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"noren"
	"noren/sqlstore"
	"noren/web"
)

var update = flag.Bool("update", false, "write the golden files")

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
	*testing.T
	server  *httptest.Server
	service *noren.Service
	log     *strings.Builder // may be read when requests have been answered
}

func now() time.Time { return time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC) }

func setup(t *testing.T) *bundle {
	t.Helper()
	engine, err := sqlstore.Open(t.Context(), sqlstore.Config{URL: "sqlite:" + filepath.Join(t.TempDir(), "noren.db"), Clock: now})
	if err != nil {
		t.Fatal(err)
	}
	b := &bundle{T: t, log: new(strings.Builder)}
	log := slog.New(slog.NewTextHandler(b.log, nil))
	b.service = noren.NewService(noren.Config{Engine: engine, Clock: now, Log: log})
	handler, err := web.NewHandler(web.Config{
		Service: b.service, Log: log, Dialects: []web.Dialect{New(b.service, "test")},
		Metrics: web.NewMetrics(prometheus.NewRegistry(), b.service),
	})
	if err != nil {
		t.Fatal(err)
	}
	b.server = httptest.NewServer(handler)
	t.Cleanup(func() {
		b.server.Close()
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, contract := range []string{shopA, shopB, secretly} {
		shop := noren.Shop{Contract: contract, Tenant: noren.TenantPatch{Name: noren.Set("商店")}, Members: []noren.MemberPatch{
			{ID: 1, ShopifyCustomerID: noren.Set(customerA)}, {ID: 2, Email: noren.Set("hanako@example.com")},
		}}
		if contract != secretly {
			shop.SigningKeys = map[string]string{noren.SigningKeyShopify: "secret of " + contract}
		}
		if _, err := b.service.ApplyShop(t.Context(), shop); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// message is one webhook.
type message struct {
	id, topic, body string
	tenant          string            // "": shopA
	method          string            // "": POST
	header          map[string]string // in place of what is right; "" leaves a header out
}

type reply struct {
	status int
	header http.Header
	body   string
}

func (b *bundle) send(m message) reply {
	b.Helper()
	if m.tenant == "" {
		m.tenant = shopA
	}
	if m.method == "" {
		m.method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(b.Context(), m.method, b.server.URL+"/webhooks/shopify/"+m.tenant, strings.NewReader(m.body))
	if err != nil {
		b.Fatal(err)
	}
	header := map[string]string{
		headerID: m.id, headerTopic: m.topic, "Content-Type": "application/json",
		headerSignature: base64.StdEncoding.EncodeToString(sign("secret of "+m.tenant, []byte(m.body))),
	}
	for name, value := range m.header {
		header[name] = value
	}
	for name, value := range header {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	answer, err := b.server.Client().Do(r)
	if err != nil {
		b.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		b.Fatal(err)
	}
	return reply{answer.StatusCode, answer.Header, string(body)}
}

// want sends the message and checks status, outcome and detail.
func (b *bundle) want(what string, m message, status int, outcome, detail string) {
	b.Helper()
	got := b.send(m)
	var body struct{ Outcome, Detail string }
	if err := json.Unmarshal([]byte(got.body), &body); err != nil {
		b.Errorf("%s: %d %s: %v", what, got.status, got.body, err)
		return
	}
	if got.status != status || body.Outcome != outcome || !strings.Contains(body.Detail, detail) || (detail == "") != (body.Detail == "") {
		b.Errorf("%s: %d %s\nwant %d %s %q", what, got.status, got.body, status, outcome, detail)
	}
}

func (b *bundle) caller(contract string) noren.Caller {
	b.Helper()
	tenant, err := b.service.TenantByContract(b.Context(), contract)
	if err != nil {
		b.Fatal(err)
	}
	return noren.Caller{Tenant: tenant}
}

// arrived lists what is recorded of a tenant's messages, newest first, as "id topic outcome (subject)".
func (b *bundle) arrived(contract string) (lines []string) {
	b.Helper()
	list, err := b.service.Webhooks(b.Context(), b.caller(contract), noren.WebhookFilter{})
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
	list, err := b.service.Purchases(b.Context(), b.caller(shopA), noren.PurchaseFilter{})
	if err != nil {
		b.Fatal(err)
	}
	for _, p := range list.Items {
		lines = append(lines, fmt.Sprintf("%s %d %d/%d %s", p.ExternalID, p.MemberID, p.Credited, p.Amount, p.PaidAt.Format(time.RFC3339)))
	}
	return lines
}

// sound fails the test where the stored data breaks an invariant.
func (b *bundle) sound() {
	b.Helper()
	checks, err := b.service.Verify(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range checks {
		if c.Violated > 0 {
			b.Errorf("%s: %q", c.Name, c.Violations)
		}
	}
}

// order is the body of orders/paid and orders/cancelled: the parts that are read, and some that are not.
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
