package crashtest

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"noren"
	"noren/app"
	"noren/sqlstore"
)

// TestKilledAmongWebhooks kills the server while Shopify reports orders, refunds, cancellations and customers, in any
// order, and orders earn points. Shopify resends messages without a response; messages that got a 200 are resent only now and then.
func TestKilledAmongWebhooks(t *testing.T) {
	t.Parallel()
	for name, url := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShopify(install(t, url(t), 2))
			s.earn()
			server := s.serve()
			stop := s.start()
			for range kills(t) {
				time.Sleep(100*time.Millisecond + rand.N(900*time.Millisecond))
				server.kill()
				server = s.serve()
			}
			stop() // returns when every message that was started has a response
			server.stop()
			s.check(t)
		})
	}
}

// earned is what a purchase keeps of its points at the rule of earn, given what remains of its amount.
func earned(remains int64) int64 { return remains / 10 * 3 }

// earn lets purchases earn points.
func (s *shopify) earn() {
	var b strings.Builder
	b.WriteString("tenants:\n")
	for _, c := range s.clients {
		fmt.Fprintf(&b, "  - {id: %s, name: 暖簾, points: {earn: {unit_price: 10, unit: 3, from: 2026-01-01}}}\n", c.Tenant)
	}
	s.apply([]byte(b.String()))
	s.earns = true
}

// shopify sends messages to an installation, and remembers the result they must add up to.
type shopify struct {
	*installation
	http  http.Client
	made  atomic.Int64 // orders and messages, for their IDs
	again atomic.Int64 // messages that were sent more than once
	pause pause        // between two orders of a sender
	tally *tally       // nil: nothing is counted
	earns bool         // whether purchases earn points

	mu     sync.Mutex
	orders map[string]map[string]soldOrder // by tenant and ID
	told   map[string]int                  // messages that got a response, by tenant
}

// soldOrder is what must be stored of an order in the end.
type soldOrder struct{ member, amount, remains int64 }

func newShopify(in *installation) *shopify {
	s := &shopify{installation: in, orders: make(map[string]map[string]soldOrder), told: make(map[string]int)}
	s.http.Timeout = time.Minute
	s.http.Transport = &http.Transport{MaxIdleConnsPerHost: sendersPerShop * len(in.clients)}
	in.t.Cleanup(s.http.CloseIdleConnections)
	return s
}

// start sends messages, several at a time for each shop, until stop is called. Customers become known one after another,
// after some of their orders.
func (s *shopify) start() (stop func()) {
	ctx, cancel := context.WithCancel(s.t.Context())
	var senders sync.WaitGroup
	for _, c := range s.clients {
		s.orders[c.Tenant] = make(map[string]soldOrder) // all of them before the first look-up
	}
	for _, c := range s.clients {
		for range sendersPerShop {
			senders.Go(func() {
				for ctx.Err() == nil {
					s.sell(c.Tenant)
					s.pause.take()
				}
			})
		}
		senders.Go(func() {
			for member := range members {
				time.Sleep(rand.N(200 * time.Millisecond))
				s.tell(c.Tenant, "customers/create", fmt.Sprintf(`{"id":%d,"email":"M%d@example.com","verified_email":true}`, 700+member+1, member+1))
			}
		})
	}
	return func() {
		cancel()
		senders.Wait()
	}
}

// sell sends everything about one order, in random order.
func (s *shopify) sell(tenant string) {
	id := strconv.FormatInt(9_007_199_254_740_992+s.made.Add(1), 10)
	o := soldOrder{member: rand.Int64N(members) + 1, amount: rand.Int64N(1000)}
	o.remains = o.amount
	customer := fmt.Sprintf(`"customer":{"id":%d}`, 700+o.member)
	messages := [][2]string{{"orders/paid", fmt.Sprintf(
		`{"id":%s,"currency":"JPY","total_price":"%d.00","processed_at":"2026-01-10T10:00:00+09:00",%s}`, id, o.amount, customer)}}
	for i := range rand.IntN(3) {
		part := rand.Int64N(400)
		o.remains = max(0, o.remains-part)
		messages = append(messages, [2]string{"refunds/create", fmt.Sprintf(`{"id":%d,"order_id":%s,"transactions":[{"kind":"refund",`+
			`"status":"success","amount":"%d","currency":"JPY"}]}`, i+1, id, part)})
	}
	if rand.IntN(5) == 0 {
		o.remains = 0
		messages = append(messages, [2]string{"orders/cancelled", fmt.Sprintf(`{"id":%s,"cancelled_at":"2026-11-21T10:00:00+09:00",%s}`, id, customer)})
	}
	s.mu.Lock()
	s.orders[tenant][id] = o
	s.mu.Unlock()
	rand.Shuffle(len(messages), func(i, j int) { messages[i], messages[j] = messages[j], messages[i] })
	for _, m := range messages {
		s.tell(tenant, m[0], m[1])
	}
}

// tell sends one message until it gets a response, and some messages once more.
func (s *shopify) tell(tenant, topic, body string) {
	id := fmt.Sprint("w", s.made.Add(1))
	for !s.post(tenant, id, topic, body) {
		s.again.Add(1)
		time.Sleep(10 * time.Millisecond) // no server is listening; faster retries would only take its CPU time
	}
	s.mu.Lock()
	s.told[tenant]++
	s.mu.Unlock()
	if rand.IntN(10) == 0 {
		s.post(tenant, id, topic, body)
	}
}

// post reports whether the message got a response, which must be a 200.
func (s *shopify) post(tenant, id, topic, body string) bool {
	sum := hmac.New(sha256.New, []byte(shopifySecret(tenant)))
	sum.Write([]byte(body))
	r, err := http.NewRequest(http.MethodPost, "http://"+s.anyAddress()+"/webhooks/shopify/"+tenant, strings.NewReader(body))
	if err != nil {
		s.t.Error(err)
		return true
	}
	r.Header.Set("X-Shopify-Hmac-Sha256", base64.StdEncoding.EncodeToString(sum.Sum(nil)))
	r.Header.Set("X-Shopify-Topic", topic)
	r.Header.Set("X-Shopify-Webhook-Id", id)
	began := time.Now()
	answer, err := s.http.Do(r)
	if err != nil {
		s.tally.operation("shopify webhook", said(0, err), time.Since(began))
		return false
	}
	defer answer.Body.Close()
	s.tally.operation("shopify webhook", answer.StatusCode, time.Since(began))
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode == http.StatusServiceUnavailable {
		return false
	}
	if answer.StatusCode != http.StatusOK {
		s.t.Errorf("%s %s %s got %d %s", id, topic, body, answer.StatusCode, text)
	}
	return true
}

// check reads the database of a stopped installation.
func (s *shopify) check(t testing.TB) {
	t.Helper()
	if out := string(s.run("verify")); !strings.Contains(out, "invariants hold") {
		t.Errorf("noren verify says\n%s", out)
	}
	engine, err := sqlstore.Open(t.Context(), sqlstore.Config{URL: s.database})
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	rooms := app.New(app.Config{Engine: engine})
	tenants, err := rooms.Access.Tenants(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, tenant := range s.shops(tenants) {
		caller := noren.Caller{Tenant: tenant}
		stored, err := rooms.Purchases.List(t.Context(), caller, noren.PurchaseFilter{})
		if err != nil {
			t.Fatal(err)
		}
		orders := s.orders[tenant.Contract]
		if s.earns {
			checkEarned(t, rooms, caller, orders)
		}
		for _, p := range stored.Items {
			if got, want := (soldOrder{p.MemberID, p.Amount, p.Credited}), orders[p.ExternalID]; got != want {
				t.Errorf("%s: order %s is stored as %+v, want %+v", tenant.Contract, p.ExternalID, got, want)
			}
		}
		messages, err := rooms.Inbox.List(t.Context(), caller, noren.WebhookFilter{})
		if err != nil {
			t.Fatal(err)
		}
		if len(stored.Items) != len(orders) || messages.Total != s.told[tenant.Contract] || len(orders) == 0 {
			t.Errorf("%s: %d orders and %d messages are stored, want %d and %d", tenant.Contract, len(stored.Items), messages.Total,
				len(orders), s.told[tenant.Contract])
		}
		t.Logf("%s: %d orders in %d messages, %d of all messages were sent again", tenant.Contract, len(orders), messages.Total, s.again.Load())
	}
}

// checkEarned compares the balance of each member with what all orders keep of their points.
func checkEarned(t testing.TB, rooms *app.App, caller noren.Caller, orders map[string]soldOrder) {
	t.Helper()
	want := make(map[int64]int64)
	for _, o := range orders {
		want[o.member] += earned(o.remains)
	}
	list, err := rooms.Members.List(t.Context(), caller, noren.MemberFilter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list.Items {
		got := int64(0)
		for _, balance := range list.Points[m.ID] {
			got += balance.Total
		}
		if got != want[m.ID] {
			t.Errorf("%s: member %d has %d points, want %d", caller.Tenant.Contract, m.ID, got, want[m.ID])
		}
	}
}
