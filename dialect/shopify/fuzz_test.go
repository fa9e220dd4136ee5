package shopify

import (
	"strings"
	"testing"

	"noren"
	"noren/wire"
)

// FuzzRead reads any body under every topic. What comes out is either understood, with ids that are digits and amounts
// within bounds, or says why not.
func FuzzRead(f *testing.F) {
	for _, m := range goldenMessages() {
		f.Add([]byte(m.body))
	}
	f.Add([]byte(refunded("1", "2", gaveBack("1")+`,{"kind":"refund","status":"success","amount":5}`)))
	f.Add([]byte(`{"id":"1","customer":{"id":1e9},"test":null,"processed_at":"2026-11-20T09:59:58.5Z","total_price":1}`))
	digits := func(id string) bool {
		return id != "" && len(id) <= maxIDDigits && strings.Trim(id, "0123456789") == ""
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, topic := range append(topics(), "other") {
			subject, c := read(topic, body, "JPY")
			if len(subject) > 100 || !wire.Storable(subject) {
				t.Errorf("%s: the subject %q", topic, subject)
			}
			said := 0
			for _, is := range []bool{c.Ignored != "", c.Refused != "", c.Link != nil, len(c.Purchases) > 0} {
				if is {
					said++
				}
			}
			if said != 1 {
				t.Errorf("%s: %+v", topic, c)
			}
			if c.Link != nil && (!digits(c.Link.ShopifyCustomerID) || len(c.Purchases) > 0) {
				t.Errorf("%s: %+v", topic, c.Link)
			}
			for _, e := range c.Purchases {
				if !digits(e.ExternalID) || e.Kind == noren.PurchaseRefunded != (e.RefundID != "") || len(c.Purchases) != 1 ||
					e.Kind == noren.PurchaseRefunded && e.Amount < 0 || e.Amount > maxTransactions*noren.MaxMoney ||
					e.Kind == noren.PurchasePaid && (!digits(e.Member.ShopifyCustomerID) || e.PaidAt.IsZero()) {
					t.Errorf("%s: %+v", topic, e)
				}
			}
		}
	})
}
