package sqlstore

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"noren"
)

// TestPlans asks SQLite how it executes what is asked of many rows, because without statistics it chooses by rules of
// its own: a query that reads everything a tenant ever sent returns the same, only later.
func TestPlans(t *testing.T) {
	t.Parallel()
	var sent []string
	db, err := Open(t.Context(), Config{
		URL: "sqlite:" + filepath.Join(t.TempDir(), "noren.db"), Clock: fixedClock,
		OnStatement: func(text string) { sent = append(sent, text) },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, q := range plannedQueries() {
		err := db.view(t.Context(), tenant, func(tx *tx) error {
			sent = nil
			if err := q.run(t.Context(), tx); err != nil {
				return err
			}
			var plan []string
			for _, text := range slices.Clone(sent) {
				args := make([]any, strings.Count(text, "?"))
				for i := range args {
					args[i] = "1"
				}
				rows, err := tx.query(t.Context(), "EXPLAIN QUERY PLAN "+text, args...)
				steps, err := collect(rows, err, func(row scannable) (step string, err error) {
					var id, parent, unused int
					err = row.Scan(&id, &parent, &unused, &step)
					return step, err
				})
				if err != nil {
					return err
				}
				plan = append(plan, steps...)
			}
			rest := strings.Join(plan, "\n")
			for _, want := range q.want {
				_, after, found := strings.Cut(rest, want)
				if !found {
					t.Errorf("%s: the plan has no %q where it should:\n%s", q.name, want, strings.Join(plan, "\n"))
				}
				rest = after
			}
			return nil
		})
		if err != nil {
			t.Errorf("%s: %v", q.name, err)
		}
	}
}

// plannedQuery is a method that reads many rows, and what its plan has to have, in this order.
type plannedQuery struct {
	name string
	run  func(ctx context.Context, tx *tx) error
	want []string
}

func plannedQueries() []plannedQuery {
	bulk := func(f noren.BulkFilter) func(context.Context, *tx) error {
		return func(ctx context.Context, tx *tx) error {
			_, err := tx.BulkRequests(ctx, f)
			return err
		}
	}
	return []plannedQuery{
		{"the next requests", func(ctx context.Context, tx *tx) error {
			_, err := tx.NextBulk(ctx, 5)
			return err
		}, []string{"autoindex_bulk_requests_1 (tenant_id=? AND id=?)", "COVERING INDEX bulk_requests_accepted"}},
		{"what waits", func(ctx context.Context, tx *tx) error {
			_, err := tx.BulkQueue(ctx)
			return err
		}, []string{
			"COVERING INDEX bulk_requests_accepted (tenant_id=?)", "COVERING INDEX bulk_requests_accepted (tenant_id=?)",
			"COVERING INDEX callbacks_due (tenant_id=?)", "COVERING INDEX callbacks_due (tenant_id=?)", "COVERING INDEX callbacks_given_up (tenant_id=?)",
			"COVERING INDEX bulk_requests_failed (tenant_id=?)",
		}},
		{"points of a month by kind", func(ctx context.Context, tx *tx) error {
			_, err := tx.PointSums(ctx, fixedClock(), fixedClock(), nil)
			return err
		}, []string{"point_entries_at (tenant_id=? AND at>?)"}},
		{"movements of a direction", func(ctx context.Context, tx *tx) error {
			_, err := tx.PointEntries(ctx, noren.PointEntryFilter{
				Flow: noren.PointsGiven, At: noren.Span{From: fixedClock()}, Newest: true, Page: noren.Page{Limit: 5},
			})
			return err
		}, []string{"point_entries_at (tenant_id=? AND at>?)"}},
		{"lots that expire in a month", func(ctx context.Context, tx *tx) error {
			_, err := tx.PointLots(ctx, noren.PointLotFilter{Expires: "2026-01-01", Till: "2026-02-01", Page: noren.Page{Limit: 5}})
			return err
		}, []string{"point_lots_expiry (tenant_id=? AND expires_on>? AND expires_on<?)"}},
		{"points that expire", func(ctx context.Context, tx *tx) error {
			_, err := tx.ExpiringPoints(ctx, "2026-01-01", "2026-04-01", nil)
			return err
		}, []string{"point_lots_expiry (tenant_id=? AND expires_on>? AND expires_on<?)"}},
		{"tenants with callbacks", func(ctx context.Context, tx *tx) error {
			_, err := tx.db.TenantsWithCallbacks(ctx, fixedClock())
			return err
		}, []string{"callbacks_due (tenant_id=? AND next_at<?)"}},
		{"hosts of callbacks", func(ctx context.Context, tx *tx) error {
			_, err := tx.db.CallbackHosts(ctx, 1, fixedClock(), "", 5)
			return err
		}, []string{"callbacks_host (tenant_id=? AND host>?)", "callbacks_host (tenant_id=? AND host=? AND next_at<?)"}},
		{"callbacks of a host", func(ctx context.Context, tx *tx) error {
			_, err := tx.db.ClaimCallbacks(ctx, 1, fixedClock(), fixedClock(), []noren.HostShare{{Host: "x", Most: 5}})
			return err
		}, []string{"callbacks_host (tenant_id=? AND host=? AND next_at<?)", "autoindex_callbacks_1 (tenant_id=? AND request_id=?)"}},
		{"requests of a client", bulk(noren.BulkFilter{ClientID: 1, After: 1, Before: 9, Limit: 5}), []string{
			"COVERING INDEX bulk_requests_list (tenant_id=? AND id>? AND id<?)",
		}},
		{"failed requests", bulk(noren.BulkFilter{State: noren.BulkFailed, Before: 9, Limit: 5}), []string{
			"COVERING INDEX bulk_requests_failed (tenant_id=? AND id<?)",
		}},
		{"requests whose callback was given up", bulk(noren.BulkFilter{Delivery: noren.CallbackGivenUp, Before: 9, Limit: 5}), []string{
			"COVERING INDEX callbacks_given_up (tenant_id=?)",
		}},
		{"the course of requests", func(ctx context.Context, tx *tx) error {
			_, err := tx.BulkFlows(ctx, fixedClock(), time.Hour)
			return err
		}, []string{"COVERING INDEX bulk_requests_list (tenant_id=? AND id<?)", "COVERING INDEX bulk_requests_list (tenant_id=? AND id>?)"}},
		{"the course of deliveries", func(ctx context.Context, tx *tx) error {
			_, err := tx.DeliveryFlows(ctx, fixedClock(), time.Hour)
			return err
		}, []string{"callback_attempts_at (tenant_id=? AND at>?)"}},
		{"the course of a level", func(ctx context.Context, tx *tx) error {
			_, err := tx.StockCourse(ctx, noren.StockKey{}, noren.Span{}, 5)
			return err
		}, []string{"stock_movements_level (tenant_id=? AND product_id=? AND store_id=?)"}},
		{"the lots that an entry took from", func(ctx context.Context, tx *tx) error {
			_, err := tx.BurntLots(ctx, 1, false)
			return err
		}, []string{"autoindex_point_lots_1 (tenant_id=? AND id=?)", "autoindex_point_burns_1 (tenant_id=? AND entry_id=?)"}},
		{"one entry, and what reverses it", func(ctx context.Context, tx *tx) error {
			_, err := tx.PointEntries(ctx, noren.PointEntryFilter{ID: 1, MemberID: 1})
			return err
		}, []string{"(tenant_id=? AND id=?)", "point_entries_reverses (tenant_id=? AND reverses=?)"}},
		{"what a person did", func(ctx context.Context, tx *tx) error {
			_, err := tx.Audit(ctx, noren.AuditFilter{Login: "x", Before: 9, Page: noren.Page{Limit: 5}})
			return err
		}, []string{"audit_login (tenant_id=? AND login=? AND id<?)"}},
		{"what a client did", func(ctx context.Context, tx *tx) error {
			_, err := tx.Audit(ctx, noren.AuditFilter{ClientID: 1, After: 1, Before: 9, Page: noren.Page{Limit: 5}})
			return err
		}, []string{"autoindex_audit_1 (tenant_id=? AND id>? AND id<?)"}},
		{"a time in the audit log", func(ctx context.Context, tx *tx) error {
			_, err := tx.AuditNumber(ctx, fixedClock())
			return err
		}, []string{"autoindex_audit_1 (tenant_id=? AND id<?)"}},
	}
}
