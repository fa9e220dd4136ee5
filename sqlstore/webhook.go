package sqlstore

import (
	"context"

	"noren"
)

const webhookColumns = "source, id, topic, subject, at, outcome, detail"

func scanWebhook(row scannable) (w noren.Webhook, err error) {
	var at int64
	err = row.Scan(&w.Source, &w.ID, &w.Topic, &w.Subject, &at, &w.Outcome, &w.Detail)
	w.At = fromMicros(at)
	return w, err
}

// BeginWebhook implements noren.WebhookTx. The row is there before anything is known of the message: inserting it waits
// for whoever has the same row under way.
func (t *tx) BeginWebhook(ctx context.Context, w noren.Webhook) (*noren.Webhook, error) {
	t.takes(lockWork, "messages")
	n, err := t.exec(ctx, insertWebhook+" ON CONFLICT DO NOTHING", t.webhookRow(w)...)
	if err != nil || n == 1 {
		return nil, doing("note a webhook", err)
	}
	rows, err := t.query(ctx, "SELECT "+webhookColumns+" FROM webhooks WHERE tenant_id = ? AND source = ? AND id = ?"+
		t.db.flavor.forUpdate(), t.tenant, w.Source, w.ID)
	list, err := collect(rows, err, scanWebhook)
	// It may have been swept since; PutWebhook makes it again.
	if err != nil || len(list) == 0 {
		return nil, doing("read a webhook", err)
	}
	return &list[0], nil
}

// PutWebhook implements noren.WebhookTx.
func (t *tx) PutWebhook(ctx context.Context, w noren.Webhook) error {
	_, err := t.exec(ctx, insertWebhook+` ON CONFLICT (tenant_id, source, id) DO UPDATE SET topic = excluded.topic,
		subject = excluded.subject, at = excluded.at, outcome = excluded.outcome, detail = excluded.detail`, t.webhookRow(w)...)
	return doing("write a webhook", err)
}

const insertWebhook = "INSERT INTO webhooks (tenant_id, " + webhookColumns + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?)"

// webhookRow are the arguments of insertWebhook.
func (t *tx) webhookRow(w noren.Webhook) []any {
	return []any{t.tenant, w.Source, w.ID, w.Topic, w.Subject, micros(w.At), w.Outcome, w.Detail}
}

// Webhooks implements noren.WebhookTx.
func (t *tx) Webhooks(ctx context.Context, f noren.WebhookFilter) ([]noren.Webhook, int, error) {
	w := t.where()
	equal(w, "outcome", f.Outcome)
	return listing[noren.Webhook]{
		table: "webhooks", columns: webhookColumns, key: []string{"source", "id"}, sortable: map[string]string{"at": "at"},
		scan: scanWebhook,
	}.page(ctx, t, w, []noren.Sort{{Column: "at", Desc: true}}, f.Page)
}
