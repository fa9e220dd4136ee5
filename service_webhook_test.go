package noren_test

import (
	"fmt"
	"strings"
	"testing"

	"noren"
)

// linking says which e-mail address a Shopify customer has.
func linking(customer, email string) noren.WebhookContent {
	return noren.WebhookContent{Link: &noren.ShopifyLink{ShopifyCustomerID: customer, Email: email}}
}

// telling tells of purchases.
func telling(events ...noren.PurchaseEvent) noren.WebhookContent {
	return noren.WebhookContent{Purchases: events}
}

// receive receives a message and answers what became of it, as "applied: why".
func (b *bundle) receive(t *testing.T, id string, content noren.WebhookContent) string {
	t.Helper()
	c := noren.Caller{Tenant: b.caller.Tenant, Client: noren.Client{Dialect: noren.Shopify}, RequestID: "r2"}
	w, err := b.ReceiveWebhook(b.ctx, c, noren.Webhook{Source: noren.WebhookShopify, ID: id, Topic: "a/b", Subject: "order 1"}, content)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s: %s", w.Outcome, w.Detail)
}

// arrived lists what is recorded of the webhooks, newest first, as "id outcome".
func (b *bundle) arrived(t *testing.T, f noren.WebhookFilter) (lines []string) {
	t.Helper()
	list, err := b.Webhooks(b.ctx, b.caller, f)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range list.Items {
		lines = append(lines, fmt.Sprintf("%s %s", w.ID, w.Outcome))
	}
	return lines
}

func TestWebhooksCountOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.link(t, 1, "77")
	for range 2 {
		same(t, "an order", "applied: credited to member 1", b.receive(t, "w1", telling(paid("1", 100, ofShopify("77")))))
	}
	same(t, "another message of the same", "known: it was recorded before", b.receive(t, "w2", telling(paid("1", 100, ofShopify("77")))))
	b.clock.set(t, "2026-01-31 12:00:01")
	same(t, "a refund", "applied: credited to member 1", b.receive(t, "w3", telling(refundOf("1", "a", 30))))
	same(t, "an id that was used for something else", "applied: credited to member 1", b.receive(t, "w1", telling(refundOf("1", "b", 30))))
	same(t, "an order that was edited", "ignored: what was recorded stays: id: it was recorded before, as 100 paid at 2026-01-10 12:00:00",
		b.receive(t, "w4", telling(paid("1", 150, ofShopify("77")))))
	same(t, "nothing to do", "ignored: test", b.receive(t, "w5", noren.WebhookContent{Ignored: "test"}))
	same(t, "spend", int64(70), b.spent(t, 1))
	same(t, "the list", []string{"w3 applied", "w4 ignored", "w5 ignored", "w1 applied", "w2 known"}, b.arrived(t, noren.WebhookFilter{}))
	same(t, "a page of the list", []string{"w4 ignored"}, b.arrived(t, noren.WebhookFilter{Page: noren.Page{Limit: 1, Offset: 1}}))
	same(t, "those that were ignored", []string{"w4 ignored", "w5 ignored"}, b.arrived(t, noren.WebhookFilter{Outcome: noren.WebhookIgnored}))
	b.sound(t)
}

// What is refused is judged again when it is sent again, for the reason may have gone.
func TestWebhooksAreJudgedAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.link(t, 1, "77")
	early := paid("1", 100, ofShopify("77"))
	early.PaidAt = japan("2026-02-10 00:00:00")
	for range 2 {
		same(t, "too early", "refused: at: the time of payment is in the future", b.receive(t, "w1", telling(early)))
	}
	same(t, "not understood", "refused: the body is not JSON", b.receive(t, "w2", noren.WebhookContent{Refused: "the body is not JSON"}))
	same(t, "those that were refused", []string{"w1 refused", "w2 refused"}, b.arrived(t, noren.WebhookFilter{Outcome: noren.WebhookRefused}))
	b.clock.set(t, "2026-02-11 00:00:00")
	same(t, "in time", "applied: credited to member 1", b.receive(t, "w1", telling(early)))
	same(t, "now it is applied for good", "applied: credited to member 1", b.receive(t, "w1", noren.WebhookContent{Refused: "x"}))
	same(t, "the list", []string{"w1 applied", "w2 refused"}, b.arrived(t, noren.WebhookFilter{}))
	b.sound(t)
}

func TestWebhooksHeld(t *testing.T) {
	t.Parallel()
	b := setup(t)
	same(t, "a refund first", "held: it counts when its purchase has been recorded and credited to a member",
		b.receive(t, "w1", telling(refundOf("1", "a", 30))))
	same(t, "its order", "held: no member is linked to the Shopify customer 77 yet", b.receive(t, "w2", telling(paid("1", 100, ofShopify("77")))))
	same(t, "again by another message", "known: it was recorded before", b.receive(t, "w3", telling(paid("1", 100, ofShopify("77")))))
	b.link(t, 1, "77")
	same(t, "spend", int64(70), b.spent(t, 1))
	b.sound(t)
}

func TestWebhooksSumUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.link(t, 1, "77")
	wrong := paid("2", -1, ofShopify("77"))
	same(t, "several, some of them wrong", "refused: row 2: amount: an amount is not negative; a refund is an event of its own",
		b.receive(t, "w1", telling(paid("1", 100, ofShopify("77")), wrong)))
	same(t, "what was right of them counts", int64(100), b.spent(t, 1))
	same(t, "the worst of them", "held: no member is linked to the Shopify customer 78 yet",
		b.receive(t, "w2", telling(paid("1", 100, ofShopify("77")), paid("3", 1, ofShopify("78")), paid("4", 1, ofShopify("77")))))
	b.sound(t)
}

func TestWebhooksWithoutIdentity(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, w := range []noren.Webhook{
		{Source: "shopify", Topic: "a/b"},
		{Source: "shopify", ID: "w"},
		{ID: "w", Topic: "a/b"},
		{Source: "shopify", ID: strings.Repeat("x", 101), Topic: "a/b"},
		{Source: "shopify", ID: "\xff", Topic: "a/b"},
		{Source: "shopify", ID: "w", Topic: "\x00"},
		{Source: "shopify", ID: "w", Topic: "a/b", Subject: "\x00"},
	} {
		if _, err := b.ReceiveWebhook(b.ctx, b.caller, w, noren.WebhookContent{Ignored: "x"}); noren.KindOf(err) != noren.Invalid {
			t.Errorf("%+v: %v", w, err)
		}
	}
	same(t, "the list", []string{}, b.arrived(t, noren.WebhookFilter{}))
	if _, err := b.Webhooks(b.ctx, b.inStore(1), noren.WebhookFilter{}); noren.KindOf(err) != noren.Forbidden {
		t.Errorf("somebody of a store: %v", err)
	}
}

// A detail may quote what another system sent: it is one line that can be printed and stored.
func TestWebhookDetailsAreSafe(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := b.receive(t, "w1", noren.WebhookContent{Refused: "a\x00b\x1b[31m\n\xff" + strings.Repeat("暖", 1000)})
	if want := "refused: a�b�[31m��" + strings.Repeat("暖", 489) + "…"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestLinkShopify(t *testing.T) {
	t.Parallel()
	b := setup(t)
	set := func(id int64, email string, status noren.Status) {
		t.Helper()
		p := noren.MemberPatch{ID: id, Code: noren.Set(fmt.Sprint("M", id)), Email: noren.Set(email), Status: noren.Set(status)}
		if status == noren.Left {
			p.LeaveDate = noren.Set(noren.Date("2026-01-01"))
		}
		b.applyMember(t, p)
	}
	set(1, "one@example.com", noren.Active)
	set(2, "twins@example.com", noren.Active)
	set(3, "TWINS@example.com", noren.Suspended)
	set(4, "moved@example.com", noren.Merged)
	set(5, "MOVED@example.com", noren.Active)
	set(6, "gone@example.com", noren.Left)
	for _, c := range []struct{ name, customer, email, want string }{
		{"its member", "11", "One@Example.com", "applied: linked to member 1"},
		{"it again", "11", "one@example.com", "known: member 1 is linked to this Shopify customer already"},
		{"it with a new e-mail address", "11", "twins@example.com", "known: member 1 is linked to this Shopify customer already"},
		{"it with none", "11", "", "known: member 1 is linked to this Shopify customer already"},
		{"another customer with the same e-mail address", "12", "one@example.com", "ignored: the member with this e-mail address is linked to another Shopify customer"},
		{"nobody", "13", "nobody@example.com", "ignored: no member has this e-mail address"},
		{"no e-mail address", "13", "", "ignored: the Shopify customer has no e-mail address to find a member by"},
		{"what is no e-mail address", "13", "a\x00b", "ignored: no member can have this e-mail address"},
		{"two members", "13", "twins@example.com", "ignored: 2 members have this e-mail address; link one of them by hand"},
		{"one of two who was merged into the other", "14", "moved@example.com", "applied: linked to member 5"},
		{"somebody who left", "15", "gone@example.com", "ignored: no member has this e-mail address"},
		{"no customer", "", "one@example.com", "refused: customer: an id of 1 to 100 characters is needed"},
	} {
		same(t, c.name, c.want, b.receive(t, c.name, linking(c.customer, c.email)))
	}
	if lines := strings.Join(b.audited(t, "member"), "\n"); lines != "" {
		t.Errorf("in a client's name: %s", lines)
	}
	b.view(t, func(tx noren.Tx) error {
		list, err := tx.Audit(b.ctx, noren.AuditFilter{Subject: "member", SubjectID: "1"})
		if err == nil && (list[0].Dialect != "shopify" || list[0].ClientID != nil || list[0].RequestID != "r2" ||
			string(list[0].Changes) != `{"shopify_customer_id":[null,"11"]}`) {
			t.Errorf("the audit of the link: %+v", list[0])
		}
		return err
	})
	b.sound(t)
}

func TestWebhookTenant(t *testing.T) {
	t.Parallel()
	b := setup(t)
	find := func(contract string) (string, error) {
		tenant, secret, err := b.WebhookTenant(b.ctx, contract, noren.SigningKeyShopify)
		return tenant.Name + " " + secret, err
	}
	if got, err := find("sb_test"); noren.KindOf(err) != noren.NotFound {
		t.Errorf("without a secret: %q, %v", got, err)
	}
	shop := noren.Shop{Contract: "sb_test", SigningKeys: map[string]string{noren.SigningKeyShopify: "hush"}}
	if _, err := b.ApplyShop(b.ctx, shop); err != nil {
		t.Fatal(err)
	}
	if got, err := find("sb_test"); err != nil || got != "暖簾商店 hush" {
		t.Errorf("with a secret: %q, %v", got, err)
	}
	for _, contract := range []string{"sb_none", "", "\x00", "\xff", strings.Repeat("x", 1000)} {
		if got, err := find(contract); noren.KindOf(err) != noren.NotFound {
			t.Errorf("%.20q: %q, %v", contract, got, err)
		}
	}
}

// A run whose commit was in doubt finds its work done.
func TestWebhooksCountOnceThoughTheAnswerIsLost(t *testing.T) {
	t.Parallel()
	b := setupOn(t, func(e noren.Engine) noren.Engine { return lostAnswers{e} })
	b.link(t, 1, "77")
	same(t, "an order", "applied: credited to member 1", b.receive(t, "w1", telling(paid("1", 100, ofShopify("77")))))
	same(t, "spend", int64(100), b.spent(t, 1))
	b.sound(t)
}
