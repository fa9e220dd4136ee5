package storetest

import (
	"sync/atomic"
	"testing"

	"noren"
)

func webhookChecks() []check {
	return []check{
		{"messages come back as they went in", webhookPut},
		{"filters, order and pages of messages", webhookList},
		{"a message is begun by one at a time", webhookBegin},
	}
}

// webhook is a message that was applied n minutes after Now.
func webhook(id string, n int) noren.Webhook {
	return noren.Webhook{
		Source: "shopify", ID: id, Topic: "orders/paid", Subject: "order " + id, At: at(n), Outcome: noren.WebhookApplied, Detail: "詳細",
	}
}

func (b *bundle) putWebhooks(t *testing.T, list ...noren.Webhook) {
	t.Helper()
	b.update(t, func(tx noren.Tx) error {
		for _, w := range list {
			if err := tx.PutWebhook(b.ctx, w); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *bundle) webhooks(t *testing.T, f noren.WebhookFilter) (list []noren.Webhook, total int) {
	t.Helper()
	b.view(t, func(tx noren.Tx) (err error) {
		list, total, err = tx.Webhooks(b.ctx, f)
		return err
	})
	return list, total
}

func webhookPut(t *testing.T, b *bundle) {
	bare := noren.Webhook{Source: "shopify", ID: `'"\😀`, Topic: "t", At: at(1), Outcome: noren.WebhookHeld}
	elsewhere := webhook("w", 0)
	elsewhere.Source = "elsewhere"
	// The same id of another source is another message.
	b.putWebhooks(t, webhook("w", 0), elsewhere, bare)
	changed := webhook("w", 2)
	changed.Outcome, changed.Detail, changed.Topic, changed.Subject = noren.WebhookRefused, "", "refunds/create", ""
	b.putWebhooks(t, changed)
	list, total := b.webhooks(t, noren.WebhookFilter{})
	same(t, "the messages", []noren.Webhook{changed, bare, elsewhere}, list)
	same(t, "their number", 3, total)
}

func webhookList(t *testing.T, b *bundle) {
	held := webhook("b", 2)
	held.Outcome = noren.WebhookHeld
	// Two of the same time, of which the id decides: otherwise pages could overlap.
	b.putWebhooks(t, webhook("d", 1), webhook("a", 3), held, webhook("c", 2))
	for _, c := range []struct {
		name   string
		filter noren.WebhookFilter
		want   string
		total  int
	}{
		{"all, newest first", noren.WebhookFilter{}, "abcd", 4},
		{"a page", noren.WebhookFilter{Page: noren.Page{Limit: 2, Offset: 1}}, "bc", 4},
		{"those with an outcome", noren.WebhookFilter{Outcome: noren.WebhookHeld}, "b", 1},
		{"those with an outcome that none has", noren.WebhookFilter{Outcome: noren.WebhookRefused}, "", 0},
	} {
		list, total := b.webhooks(t, c.filter)
		ids := ""
		for _, w := range list {
			ids += w.ID
		}
		same(t, c.name, c.want, ids)
		same(t, c.name+": total", c.total, total)
	}
}

func webhookBegin(t *testing.T, b *bundle) {
	begin := func(w noren.Webhook) (before *noren.Webhook) {
		t.Helper()
		b.update(t, func(tx noren.Tx) (err error) {
			if before, err = tx.BeginWebhook(b.ctx, w); err != nil || before != nil {
				return err
			}
			return tx.PutWebhook(b.ctx, w)
		})
		return before
	}
	if before := begin(webhook("w", 0)); before != nil {
		t.Errorf("a new message was there before: %+v", before)
	}
	again := webhook("w", 5)
	again.Topic, again.Detail = "other", "other"
	same(t, "the message before", new(webhook("w", 0)), begin(again))
	elsewhere := webhook("w", 0)
	elsewhere.Source = "elsewhere"
	if before := begin(elsewhere); before != nil {
		t.Errorf("another source's message was there before: %+v", before)
	}
	// A message that is begun but not put is not stored: whoever began it failed, and the next begins from the start.
	failed := b.Update(b.ctx, b.tenant.ID, func(tx noren.Tx) error {
		_, err := tx.BeginWebhook(b.ctx, webhook("x", 0))
		return firstError(err, &noren.Error{Kind: noren.Invalid})
	})
	isKind(t, "the failure", noren.Invalid, failed)
	if before := begin(webhook("x", 1)); before != nil {
		t.Errorf("a message that was given up was there before: %+v", before)
	}
	var worked atomic.Int64
	// The same message twenty times at once: nineteen wait, and find it there.
	inParallel(20, func(int) {
		err := b.Update(b.ctx, b.tenant.ID, func(tx noren.Tx) error {
			before, err := tx.BeginWebhook(b.ctx, webhook("y", 0))
			if err != nil || before != nil {
				return err
			}
			worked.Add(1)
			return tx.PutWebhook(b.ctx, webhook("y", 0))
		})
		if err != nil {
			t.Errorf("Update: %v", err)
		}
	})
	same(t, "how many worked on it", int64(1), worked.Load())
}
