package sqlstore_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"noren"
	"noren/sqlstore"
	"noren/storetest"
)

// TestStatementsDoNotGrowWithRows counts what each method sends for one row and for a hundred: the same. Over a
// network a statement costs far more than a row.
func TestStatementsDoNotGrowWithRows(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, newURL func(t *testing.T) string) {
		var sent atomic.Int64
		db := open(t, sqlstore.Config{URL: newURL(t), OnStatement: func(string) { sent.Add(1) }})
		for _, method := range slices.Concat(methods(), laterMethods()) {
			counts := make(map[int64][]int)
			for _, n := range []int{1, 100} {
				tenant := newTenant(t, db)
				err := db.Update(t.Context(), tenant, func(tx noren.Tx) error {
					if err := catalogue(t.Context(), tx, n); err != nil {
						return err
					}
					if method.before != nil {
						if err := method.before(t.Context(), tx, n); err != nil {
							return err
						}
					}
					start := sent.Load()
					err := method.run(t.Context(), tx, n)
					counts[sent.Load()-start] = append(counts[sent.Load()-start], n)
					return err
				})
				if err != nil {
					t.Errorf("%s of %d: %v", method.name, n, err)
				}
			}
			if len(counts) != 1 {
				t.Errorf("%s: rows by the number of statements are %v, want one number", method.name, counts)
			}
		}
	})
}

// rowsOf makes n rows, the first for 1.
func rowsOf[T any](n int, row func(i int64) T) []T {
	rows := make([]T, n)
	for i := range rows {
		rows[i] = row(int64(i + 1))
	}
	return rows
}

func memberRow(i int64) noren.Member {
	return noren.Member{
		ID: i, Code: fmt.Sprint("M000", i), LastName: new("山田"), Status: noren.Active, CreatedAt: storetest.Now(), UpdatedAt: storetest.Now(),
	}
}

// catalogue stores what the rows refer to.
func catalogue(ctx context.Context, tx noren.Tx, n int) error {
	if err := tx.PutStores(ctx, []noren.Store{{ID: 1, Code: "001", Name: "本店", Kind: noren.StoreShop}}); err != nil {
		return err
	}
	return tx.PutProducts(ctx, rowsOf(n, productRow))
}

func productRow(i int64) noren.Product {
	return noren.Product{ID: i, Code: fmt.Sprint("P", i), Name: "品"}
}

func levelKey(i int64) noren.StockKey { return noren.StockKey{ProductID: i, StoreID: 1} }

func insertMembers(ctx context.Context, tx noren.Tx, n int) error {
	return tx.InsertMembers(ctx, rowsOf(n, memberRow))
}

func acceptRows(ctx context.Context, tx noren.Tx, n int) error {
	requests, rows := requests(rowsOf(n, func(int64) string { return noren.NewSecret("") })...)
	_, err := tx.AcceptBulk(ctx, requests, rows)
	return err
}

// method is one that takes rows, and what has to be there before.
type method struct {
	name        string
	before, run func(ctx context.Context, tx noren.Tx, n int) error
}

func methods() []method {
	return []method{
		{"InsertMembers", nil, insertMembers},
		{"UpdateMembers", insertMembers, func(ctx context.Context, tx noren.Tx, n int) error {
			return tx.UpdateMembers(ctx, rowsOf(n, func(i int64) noren.MemberChange {
				after := memberRow(i)
				after.LastName, after.Code = new("鈴木"), fmt.Sprint("N000", i)
				return noren.MemberChange{Before: memberRow(i), After: after}
			}))
		}},
		{"MembersByID", insertMembers, func(ctx context.Context, tx noren.Tx, n int) error {
			_, err := tx.MembersByID(ctx, rowsOf(n, func(i int64) int64 { return i }), true)
			return err
		}},
		{"MembersByCode", insertMembers, func(ctx context.Context, tx noren.Tx, n int) error {
			_, err := tx.MembersByCode(ctx, rowsOf(n, func(i int64) string { return memberRow(i).Code }))
			return err
		}},
		{"PutProducts", nil, func(ctx context.Context, tx noren.Tx, n int) error {
			return tx.PutProducts(ctx, rowsOf(n, productRow))
		}},
		{"PutRanks", nil, func(ctx context.Context, tx noren.Tx, n int) error {
			return tx.PutRanks(ctx, rowsOf(n, func(i int64) noren.Rank { return noren.Rank{ID: i, Position: i} }))
		}},
		{"PutPurchases", insertMembers, func(ctx context.Context, tx noren.Tx, n int) error {
			return tx.PutPurchases(ctx, rowsOf(n, func(i int64) noren.Purchase {
				return noren.Purchase{ID: i, MemberID: i, Source: "shop_file", ExternalID: strconv.FormatInt(i, 10), PaidAt: storetest.Now(), Month: "2026-11"}
			}))
		}},
		{"PurchasesByExternalID", nil, func(ctx context.Context, tx noren.Tx, n int) error {
			_, _, err := tx.PurchasesByExternalID(ctx, "shop_file", rowsOf(n, func(i int64) string { return strconv.FormatInt(i, 10) }))
			return err
		}},
		{"HeldPurchases", nil, func(ctx context.Context, tx noren.Tx, n int) error {
			_, err := tx.HeldPurchases(ctx, rowsOf(n, func(i int64) string { return strconv.FormatInt(i, 10) }))
			return err
		}},
		{"OwingPurchases", nil, func(ctx context.Context, tx noren.Tx, n int) error {
			_, err := tx.OwingPurchases(ctx, rowsOf(n, func(i int64) int64 { return i }))
			return err
		}},
		{"LapsedPoints", nil, func(ctx context.Context, tx noren.Tx, n int) error {
			_, err := tx.LapsedPoints(ctx, rowsOf(n, func(i int64) int64 { return i }))
			return err
		}},
		{"AddRefunds", nil, func(ctx context.Context, tx noren.Tx, n int) error {
			return tx.AddRefunds(ctx, rowsOf(n, func(i int64) noren.Refund {
				return noren.Refund{Source: "shop_file", PurchaseID: "1", ExternalID: strconv.FormatInt(i, 10), Amount: 1}
			}))
		}},
		{"AddSpend", insertMembers, func(ctx context.Context, tx noren.Tx, n int) error {
			return tx.AddSpend(ctx, rowsOf(n, func(i int64) noren.MonthlySpend {
				return noren.MonthlySpend{MemberID: i, Month: "2026-11", Amount: 1}
			}))
		}},
		{"Spend", insertMembers, func(ctx context.Context, tx noren.Tx, n int) error {
			_, err := tx.Spend(ctx, rowsOf(n, func(i int64) int64 { return i }), "2026-01", "2026-12")
			return err
		}},
		{"RankStandings", insertMembers, func(ctx context.Context, tx noren.Tx, n int) error {
			_, err := tx.RankStandings(ctx, 0, n, "2026-01", "2026-12")
			return err
		}},
		{"AddRankChanges", insertMembers, func(ctx context.Context, tx noren.Tx, n int) error {
			return tx.AddRankChanges(ctx, rowsOf(n, func(i int64) noren.RankChange {
				return noren.RankChange{ID: i, MemberID: i, At: storetest.Now(), Reason: "set"}
			}))
		}},
		{"RankCounts", insertMembers, func(ctx context.Context, tx noren.Tx, _ int) error {
			_, err := tx.RankCounts(ctx)
			return err
		}},
	}
}

// laterMethods are the methods about stock, bulk requests and access.
func laterMethods() []method {
	return []method{
		{"StockByKey", nil, func(ctx context.Context, tx noren.Tx, n int) error {
			_, err := tx.StockByKey(ctx, rowsOf(n, levelKey), true)
			return err
		}},
		{"MoveStock", nil, func(ctx context.Context, tx noren.Tx, n int) error {
			return tx.MoveStock(ctx, rowsOf(n, func(i int64) noren.StockMovement {
				return noren.StockMovement{ID: i, StockKey: levelKey(i), Delta: 1, AmountAfter: 1, Division: "15", At: storetest.Now()}
			}), nil)
		}},
		{"AcceptBulk", nil, acceptRows},
		{"FinishBulk", acceptRows, func(ctx context.Context, tx noren.Tx, n int) error {
			finished := rowsOf(n, func(i int64) noren.BulkRequest {
				return noren.BulkRequest{ID: i, State: noren.BulkSucceeded, AppliedAt: new(storetest.Now())}
			})
			return tx.FinishBulk(ctx, finished, rowsOf(n, func(i int64) noren.Callback {
				return noren.Callback{RequestID: i, Body: []byte("{}"), State: noren.CallbackPending, OwedAt: storetest.Now(), NextAt: storetest.Now()}
			}))
		}},
		{"NextBulk", acceptRows, func(ctx context.Context, tx noren.Tx, n int) error {
			_, err := tx.NextBulk(ctx, n)
			return err
		}},
		{"PutClients", nil, func(ctx context.Context, tx noren.Tx, n int) error {
			return tx.PutClients(ctx, rowsOf(n, func(i int64) noren.Client {
				return noren.Client{ID: i, Name: strconv.FormatInt(i, 10), Dialect: noren.Smaregi, Key: noren.NewSecret(""), WebhookSecret: "whsec_"}
			}))
		}},
		{"BulkRequests", acceptRows, func(ctx context.Context, tx noren.Tx, n int) error {
			_, err := tx.BulkRequests(ctx, noren.BulkFilter{IDs: rowsOf(n, func(i int64) int64 { return i })})
			return err
		}},
		{"BulkFlows", acceptRows, func(ctx context.Context, tx noren.Tx, _ int) error {
			_, err := tx.BulkFlows(ctx, storetest.Now(), time.Minute)
			return err
		}},
		{"NoteClientUses", nil, func(ctx context.Context, tx noren.Tx, n int) error {
			return tx.NoteClientUses(ctx, rowsOf(n, func(i int64) noren.ClientUse { return noren.ClientUse{ClientID: i, At: storetest.Now()} }))
		}},
		{"AuditNumber", func(ctx context.Context, tx noren.Tx, n int) error {
			_, err := tx.Reserve(ctx, noren.CounterAudit, n)
			return err
		}, func(ctx context.Context, tx noren.Tx, _ int) error {
			_, err := tx.AuditNumber(ctx, storetest.Now())
			return err
		}},
		{"AddAudit", nil, func(ctx context.Context, tx noren.Tx, n int) error {
			return tx.AddAudit(ctx, rowsOf(n, func(i int64) noren.AuditEntry {
				return noren.AuditEntry{ID: i, At: storetest.Now(), Changes: []byte("{}")}
			}))
		}},
	}
}
