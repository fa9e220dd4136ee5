package sqlstore

import (
	"context"
	"database/sql"

	"noren"
)

const webhookColumns = "source, id, topic, subject, at, outcome, detail"

func scanWebhook(rows *sql.Rows) (w noren.Webhook, err error) {
	var at int64
	err = rows.Scan(&w.Source, &w.ID, &w.Topic, &w.Subject, &at, &w.Outcome, &w.Detail)
	w.At = fromMicros(at)
	return w, err
}

// WebhookByID implements noren.WebhookTx.
func (t *tx) WebhookByID(ctx context.Context, source, id string) (*noren.Webhook, error) {
	rows, err := t.query(ctx, "SELECT "+webhookColumns+" FROM webhooks WHERE tenant_id = ? AND source = ? AND id = ?",
		t.tenant, source, id)
	list, err := collect(rows, err, scanWebhook)
	if err != nil || len(list) == 0 {
		return nil, doing("read a webhook", err)
	}
	return &list[0], nil
}

// PutWebhook implements noren.WebhookTx.
func (t *tx) PutWebhook(ctx context.Context, w noren.Webhook) error {
	_, err := t.exec(ctx, "INSERT INTO webhooks (tenant_id, "+webhookColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (tenant_id, source, id) DO UPDATE SET at = excluded.at, outcome = excluded.outcome, detail = excluded.detail`,
		t.tenant, w.Source, w.ID, w.Topic, w.Subject, micros(w.At), w.Outcome, w.Detail)
	return doing("write a webhook", err)
}

// Webhooks implements noren.WebhookTx.
func (t *tx) Webhooks(ctx context.Context, f noren.WebhookFilter) ([]noren.Webhook, int, error) {
	w := t.where()
	equal(w, "outcome", f.Outcome)
	return listing[noren.Webhook]{
		table: "webhooks", columns: webhookColumns, key: []string{"id"}, sortable: map[string]string{"at": "at"},
		scan: scanWebhook,
	}.page(ctx, t, w, []noren.Sort{{Column: "at", Desc: true}}, f.Page)
}
