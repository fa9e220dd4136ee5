package inbox_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"noren"
	"noren/app/apptest"
	"noren/app/inbox"
	"noren/app/shop"
)

// arrived lists what is recorded of the webhooks, newest first, as "id outcome".
func arrived(t *testing.T, b *apptest.Bundle, f noren.WebhookFilter) (lines []string) {
	t.Helper()
	list, err := b.Inbox.List(b.Ctx, b.Caller, f)
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
	b := apptest.Setup(t)
	apptest.Link(t, b, 1, "77")
	for range 2 {
		apptest.Same(t, "an order", "applied: credited to member 1", apptest.Receive(t, b, "w1", apptest.Telling(apptest.Paid("1", 100, apptest.OfShopify("77")))))
	}
	apptest.Same(t, "another message of the same", "known: already recorded", apptest.Receive(t, b, "w2", apptest.Telling(apptest.Paid("1", 100, apptest.OfShopify("77")))))
	b.Clock.Set(t, "2026-01-31 12:00:01")
	apptest.Same(t, "a refund", "applied: credited to member 1", apptest.Receive(t, b, "w3", apptest.Telling(apptest.RefundOf("1", "a", 30))))
	apptest.Same(t, "an id that was used for something else", "applied: credited to member 1", apptest.Receive(t, b, "w1", apptest.Telling(apptest.RefundOf("1", "b", 30))))
	apptest.Same(t, "an order that was edited", "ignored: not applied: id: already recorded as 100 paid at 2026-01-10 12:00:00",
		apptest.Receive(t, b, "w4", apptest.Telling(apptest.Paid("1", 150, apptest.OfShopify("77")))))
	apptest.Same(t, "nothing to do", "ignored: test", apptest.Receive(t, b, "w5", inbox.Content{Ignored: "test"}))
	apptest.Same(t, "spend", int64(70), apptest.Spent(t, b, 1))
	apptest.Same(t, "the list", []string{"w3 applied", "w4 ignored", "w5 ignored", "w1 applied", "w2 known"}, arrived(t, b, noren.WebhookFilter{}))
	apptest.Same(t, "a page of the list", []string{"w4 ignored"}, arrived(t, b, noren.WebhookFilter{Page: noren.Page{Limit: 1, Offset: 1}}))
	apptest.Same(t, "those that were ignored", []string{"w4 ignored", "w5 ignored"}, arrived(t, b, noren.WebhookFilter{Outcome: noren.WebhookIgnored}))
	b.Sound(t)
}

// A refused message is judged again when it is sent again, because the reason may be gone.
func TestWebhooksAreJudgedAgain(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	apptest.Link(t, b, 1, "77")
	early := apptest.Paid("1", 100, apptest.OfShopify("77"))
	early.PaidAt = apptest.Japan("2026-02-10 00:00:00")
	for range 2 {
		apptest.Same(t, "too early", "refused: at: the time of payment is in the future", apptest.Receive(t, b, "w1", apptest.Telling(early)))
	}
	apptest.Same(t, "not understood", "refused: the body is not JSON", apptest.Receive(t, b, "w2", inbox.Content{Refused: "the body is not JSON"}))
	apptest.Same(t, "those that were refused", []string{"w1 refused", "w2 refused"}, arrived(t, b, noren.WebhookFilter{Outcome: noren.WebhookRefused}))
	b.Clock.Set(t, "2026-02-11 00:00:00")
	apptest.Same(t, "in time", "applied: credited to member 1", apptest.Receive(t, b, "w1", apptest.Telling(early)))
	apptest.Same(t, "now it is applied for good", "applied: credited to member 1", apptest.Receive(t, b, "w1", inbox.Content{Refused: "x"}))
	apptest.Same(t, "the list", []string{"w1 applied", "w2 refused"}, arrived(t, b, noren.WebhookFilter{}))
	b.Sound(t)
}

func TestWebhooksHeld(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	apptest.Same(t, "a refund first", "held: waiting for its purchase to be recorded and credited to a member",
		apptest.Receive(t, b, "w1", apptest.Telling(apptest.RefundOf("1", "a", 30))))
	apptest.Same(t, "its order", "held: no member is linked to the Shopify customer 77 yet", apptest.Receive(t, b, "w2", apptest.Telling(apptest.Paid("1", 100, apptest.OfShopify("77")))))
	apptest.Same(t, "again by another message", "known: already recorded", apptest.Receive(t, b, "w3", apptest.Telling(apptest.Paid("1", 100, apptest.OfShopify("77")))))
	apptest.Link(t, b, 1, "77")
	apptest.Same(t, "spend", int64(70), apptest.Spent(t, b, 1))
	b.Sound(t)
}

func TestWebhooksSumUp(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	apptest.Link(t, b, 1, "77")
	wrong := apptest.Paid("2", -1, apptest.OfShopify("77"))
	apptest.Same(t, "several, some of them wrong", "refused: row 2: amount: must not be negative; send a refund as its own event",
		apptest.Receive(t, b, "w1", apptest.Telling(apptest.Paid("1", 100, apptest.OfShopify("77")), wrong)))
	apptest.Same(t, "what was right of them counts", int64(100), apptest.Spent(t, b, 1))
	apptest.Same(t, "the worst of them", "held: no member is linked to the Shopify customer 78 yet",
		apptest.Receive(t, b, "w2", apptest.Telling(apptest.Paid("1", 100, apptest.OfShopify("77")), apptest.Paid("3", 1, apptest.OfShopify("78")), apptest.Paid("4", 1, apptest.OfShopify("77")))))
	b.Sound(t)
}

func TestWebhooksWithoutIdentity(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	for _, w := range []noren.Webhook{
		{Source: "shopify", Topic: "a/b"},
		{Source: "shopify", ID: "w"},
		{ID: "w", Topic: "a/b"},
		{Source: "shopify", ID: strings.Repeat("x", 101), Topic: "a/b"},
		{Source: "shopify", ID: "\xff", Topic: "a/b"},
		{Source: "shopify", ID: "w", Topic: "\x00"},
		{Source: "shopify", ID: "w", Topic: "a/b", Subject: "\x00"},
	} {
		if _, err := b.Inbox.Receive(b.Ctx, b.Caller, w, inbox.Content{Ignored: "x"}); noren.KindOf(err) != noren.Invalid {
			t.Errorf("%+v: %v", w, err)
		}
	}
	apptest.Same(t, "the list", []string{}, arrived(t, b, noren.WebhookFilter{}))
	if _, err := b.Inbox.List(b.Ctx, b.InStore(1), noren.WebhookFilter{}); noren.KindOf(err) != noren.Forbidden {
		t.Errorf("somebody of a store: %v", err)
	}
}

// A detail may quote what another system sent: it is one line that can be printed and stored.
func TestWebhookDetailsAreSafe(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	got := apptest.Receive(t, b, "w1", inbox.Content{Refused: "a\x00b\x1b[31m\n\xff" + strings.Repeat("暖", 1000)})
	if want := "refused: a�b�[31m��" + strings.Repeat("暖", 489) + "…"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestLinkShopify(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	set := func(id int64, email string, status noren.Status) {
		t.Helper()
		p := noren.MemberPatch{ID: id, Code: noren.Set(fmt.Sprint("M", id)), Email: noren.Set(email), Status: noren.Set(status)}
		if status == noren.Left {
			p.LeaveDate = noren.Set(noren.Date("2026-01-01"))
		}
		apptest.ApplyMember(t, b, p)
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
		{"what is no e-mail address", "13", "a\x00b", "ignored: not an e-mail address that a member can have"},
		{"two members", "13", "twins@example.com", "ignored: 2 members have this e-mail address; link one by hand"},
		{"one of two who was merged into the other", "14", "moved@example.com", "applied: linked to member 5"},
		{"somebody who left", "15", "gone@example.com", "ignored: no member has this e-mail address"},
		{"no customer", "", "one@example.com", "refused: customer: must be 1 to 100 characters"},
	} {
		apptest.Same(t, c.name, c.want, apptest.Receive(t, b, c.name, apptest.Linking(c.customer, c.email)))
	}
	if lines := strings.Join(b.Audited(t, "member"), "\n"); lines != "" {
		t.Errorf("in a client's name: %s", lines)
	}
	b.View(t, func(tx noren.Tx) error {
		list, err := tx.Audit(b.Ctx, noren.AuditFilter{Subject: "member", SubjectID: "1"})
		if err == nil && (list[0].Dialect != "shopify" || list[0].ClientID != nil || list[0].RequestID != "r2" ||
			string(list[0].Changes) != `{"shopify_customer_id":[null,"11"]}`) {
			t.Errorf("the audit of the link: %+v", list[0])
		}
		return err
	})
	b.Sound(t)
}

func TestWebhookTenant(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	find := func(contract string) (string, error) {
		tenant, secret, err := b.Inbox.Tenant(b.Ctx, contract, noren.SigningKeyShopify)
		return tenant.Name + " " + strings.Join(secret, " "), err
	}
	if got, err := find("sb_test"); noren.KindOf(err) != noren.NotFound {
		t.Errorf("without a secret: %q, %v", got, err)
	}
	shop := shop.Shop{Contract: "sb_test", SigningKeys: map[string]string{noren.SigningKeyShopify: "hush"}}
	if _, err := b.Shop.Apply(b.Ctx, shop); err != nil {
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

// A run after a commit in doubt finds its work done.
func TestWebhooksCountOnceThoughTheAnswerIsLost(t *testing.T) {
	t.Parallel()
	b := apptest.SetupOn(t, func(e noren.Engine) noren.Engine { return apptest.LostAnswers{Engine: e} })
	apptest.Link(t, b, 1, "77")
	apptest.Same(t, "an order", "applied: credited to member 1", apptest.Receive(t, b, "w1", apptest.Telling(apptest.Paid("1", 100, apptest.OfShopify("77")))))
	apptest.Same(t, "spend", int64(100), apptest.Spent(t, b, 1))
	b.Sound(t)
}

func TestTheSameMessageAtOnceCountsOnce(t *testing.T) {
	t.Parallel()
	apptest.OnBothEngines(t, func(t *testing.T, b *apptest.Bundle) {
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				w := noren.Webhook{Source: noren.WebhookShopify, ID: "w1", Topic: "orders/paid", Subject: "order 1"}
				got, err := b.Inbox.Receive(b.Ctx, b.Caller, w, apptest.Telling(apptest.Paid("1", 100, apptest.OfCode("M1"))))
				if err != nil || got.Outcome != noren.WebhookApplied {
					t.Errorf("%+v, %v", got, err)
				}
			})
		}
		all.Wait()
		apptest.Same(t, "the list", []string{"w1 applied"}, arrived(t, b, noren.WebhookFilter{}))
		apptest.Same(t, "spend", int64(100), apptest.Spent(t, b, 1))
		b.Sound(t)
	})
}
