package inbox_test

import (
	"testing"
	"time"

	"noren"
	"noren/app/apptest"
	"noren/app/inbox"
)

func TestSweep(t *testing.T) {
	t.Parallel()
	apptest.OnBothEngines(t, func(t *testing.T, b *apptest.Bundle) {
		apptest.Receive(t, b, "w1", inbox.Content{Ignored: "x"})
		b.Clock.Advance(time.Hour)
		apptest.Receive(t, b, "w2", inbox.Content{Ignored: "x"})
		b.Clock.Advance(inbox.Kept - time.Minute)
		if n, err := b.Inbox.Sweep(b.Ctx, b.Caller.Tenant); n != 1 || err != nil {
			t.Errorf("%d were swept, %v", n, err)
		}
		list, err := b.Inbox.List(b.Ctx, b.Caller, noren.WebhookFilter{})
		if err != nil || len(list.Items) != 1 || list.Items[0].ID != "w2" {
			t.Errorf("left are %+v, %v", list.Items, err)
		}
	})
}
