package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"noren"
	"noren/pgtest"
)

// number reads a number through the database.
func (t *tx) number(ctx context.Context, n int) (read int, err error) {
	err = t.queryRow(ctx, "SELECT CAST(? AS bigint)", n).Scan(&read)
	return read, err
}

// TestTogether runs functions of none, one and several statements side by side: each gets what its own return.
func TestTogether(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, b *bundle) {
		ctx := t.Context()
		for name, run := range map[string]func(func(*tx) error) error{
			"update": func(fn func(*tx) error) error { return b.update(ctx, tenant, fn) },
			"view":   func(fn func(*tx) error) error { return b.view(ctx, tenant, fn) },
		} {
			for _, last := range []bool{false, true} {
				var got [][]int
				err := run(func(tx *tx) error {
					got = make([][]int, 5)
					together := tx.Together
					if last {
						together = tx.Last
					}
					fns := make([]func() error, len(got))
					for i := range fns {
						fns[i] = func() error {
							for n := range i {
								read, err := tx.number(ctx, 10*i+n)
								if err != nil {
									return err
								}
								got[i] = append(got[i], read)
							}
							return nil
						}
					}
					slices.Reverse(fns)
					return together(ctx, fns...)
				})
				want := [][]int{nil, {10}, {20, 21}, {30, 31, 32}, {40, 41, 42, 43}}
				if diff := cmp.Diff(want, got); err != nil || diff != "" {
					t.Errorf("%s, last %t: error %v, read (-want +got):\n%s", name, last, err, diff)
				}
			}
		}
	})
}

// TestTogetherWithin nests one Together in another, and abandons rows in between.
func TestTogetherWithin(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, b *bundle) {
		ctx := t.Context()
		var got [4]int
		read := func(tx *tx, i int) func() error {
			return func() (err error) {
				got[i], err = tx.number(ctx, i)
				return err
			}
		}
		err := b.view(ctx, tenant, func(tx *tx) error {
			return tx.Together(ctx, read(tx, 0), func() error {
				rows, err := tx.query(ctx, "SELECT 1 UNION ALL SELECT 2")
				if err != nil || !rows.next() {
					return fmt.Errorf("no rows, error %w", err)
				}
				_ = rows.close()
				return tx.Together(ctx, read(tx, 1), read(tx, 2))
			}, read(tx, 3))
		})
		if want := [4]int{0, 1, 2, 3}; err != nil || got != want {
			t.Errorf("read %v, error %v", got, err)
		}
	})
}

// TestTogetherFails returns the error of the first function that has one, and leaves the connection fit for others.
func TestTogetherFails(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, b *bundle) {
		ctx := t.Context()
		own := errors.New("own")
		read := func(tx *tx, text string) func() error {
			return func() error {
				var n int
				return doing("read "+text, tx.queryRow(ctx, "SELECT "+text).Scan(&n))
			}
		}
		const overflow = "abs(-9223372036854775807 - 1)"
		refuse := func() error { return own }
		for name, c := range map[string]struct {
			fns  func(tx *tx) []func() error
			want string
		}{
			"a statement":        {func(tx *tx) []func() error { return []func() error{read(tx, "1"), read(tx, overflow), read(tx, "2")} }, "read " + overflow},
			"the first":          {func(tx *tx) []func() error { return []func() error{read(tx, overflow), read(tx, "1")} }, "read " + overflow},
			"a function":         {func(tx *tx) []func() error { return []func() error{read(tx, "1"), refuse} }, "own"},
			"a function earlier": {func(tx *tx) []func() error { return []func() error{refuse, read(tx, "1")} }, "own"},
		} {
			for _, last := range []bool{false, true} {
				err := b.view(ctx, tenant, func(tx *tx) error {
					if last {
						return tx.Last(ctx, c.fns(tx)...)
					}
					return tx.Together(ctx, c.fns(tx)...)
				})
				if err == nil || !errorStarts(err, c.want) {
					t.Errorf("%s, last %t: error %v, want that of %q", name, last, err, c.want)
				}
			}
		}
		if err := b.view(ctx, tenant, func(tx *tx) error { return tx.Together(ctx, read(tx, "1")) }); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}

func errorStarts(err error, text string) bool {
	return len(err.Error()) >= len(text) && err.Error()[:len(text)] == text
}

// TestTogetherPanics lets the panic of a function through to whoever runs the transaction.
func TestTogetherPanics(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, b *bundle) {
		ctx := t.Context()
		panicked := func() (p any) {
			defer func() { p = recover() }()
			_ = b.view(ctx, tenant, func(tx *tx) error {
				return tx.Together(ctx, func() error {
					_, err := tx.number(ctx, 1)
					return err
				}, func() error {
					if _, err := tx.number(ctx, 2); err != nil {
						return err
					}
					panic("of the function")
				})
			})
			return nil
		}()
		if panicked == nil {
			t.Error("the panic was lost")
		}
		if err := b.view(ctx, tenant, func(tx *tx) error {
			_, err := tx.number(ctx, 1)
			return err
		}); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}

// TestViewIsOneSnapshot commits a change between the statements of a view, however they are sent: it sees none of it.
func TestViewIsOneSnapshot(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, b *bundle) {
		ctx := t.Context()
		for name, between := range map[string]func(tx *tx, count func() error) error{
			"one after the other": func(_ *tx, count func() error) error { return errors.Join(count(), count()) },
			"together": func(tx *tx, count func() error) error {
				return tx.Together(ctx, count, func() error { return errors.Join(count(), count()) })
			},
			"last, with more": func(tx *tx, count func() error) error {
				return tx.Last(ctx, count, func() error { return errors.Join(count(), count()) })
			},
			"first and last": func(tx *tx, count func() error) error { return errors.Join(count(), tx.Last(ctx, count, count)) },
		} {
			var counts []int
			err := b.view(ctx, tenant, func(tx *tx) error {
				counts = nil
				return between(tx, func() error {
					var n int
					err := tx.queryRow(ctx, "SELECT COUNT(*) FROM signing_keys WHERE tenant_id = ?", tenant).Scan(&n)
					counts = append(counts, n)
					return errors.Join(err, b.update(ctx, tenant, put(ctx, fmt.Sprint(name, len(counts), noren.NewSecret("")))))
				})
			})
			slices.Sort(counts)
			if err != nil || len(counts) < 2 || counts[0] != counts[len(counts)-1] {
				t.Errorf("%s: counted %v, error %v", name, counts, err)
			}
		}
	})
}

// TestLastNeedsNoTransactionBehindCitus: what a view reads at once and at the end is sent as it is to Citus, which would begin and end
// a transaction on the tenant's node otherwise; with something before it, it is one snapshot there, too.
func TestLastNeedsNoTransactionBehindCitus(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ url, alone string }{
		"postgres": {pgtest.Database(t), "repeatable read"}, "citus": {pgtest.LikeCitus(t), "read committed"},
	} {
		b := setup(t, c.url)
		err := b.view(t.Context(), tenant, func(tx *tx) error {
			return isolation(t, tx, c.alone)
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		err = b.view(t.Context(), tenant, func(tx *tx) error {
			var n int
			err := tx.queryRow(t.Context(), "SELECT COUNT(*) FROM signing_keys WHERE tenant_id = ?", tenant).Scan(&n)
			return errors.Join(err, isolation(t, tx, "repeatable read"))
		})
		if err != nil {
			t.Errorf("%s, with a statement before: %v", name, err)
		}
	}
}

// isolation is an error unless the transaction reads both of two things at its end at that level of isolation.
func isolation(t *testing.T, tx *tx, want string) error {
	t.Helper()
	var levels [2]string
	look := func(i int) func() error {
		return func() error {
			return tx.queryRow(t.Context(), "SELECT current_setting('transaction_isolation')").Scan(&levels[i])
		}
	}
	if err := tx.Last(t.Context(), look(0), look(1)); err != nil {
		return err
	}
	if levels != [2]string{want, want} {
		return fmt.Errorf("the levels are %q, want %s", levels, want)
	}
	return nil
}

// TestUpdateWaitsForTheDisk looks how far PostgreSQL's log is on disk when an update returns: behind all that it wrote, though
// its COMMIT did not wait.
func TestUpdateWaitsForTheDisk(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.Database(t))
	ctx := t.Context()
	for i := range 20 {
		var written string
		err := b.update(ctx, tenant, func(tx *tx) error {
			if err := put(ctx, strconv.Itoa(i))(tx); err != nil {
				return err
			}
			return tx.queryRow(ctx, "SELECT CAST(pg_current_wal_insert_lsn() AS text)").Scan(&written)
		})
		if err != nil {
			t.Fatal(err)
		}
		var behind bool
		err = b.read(ctx, func(tx *tx) error {
			return tx.queryRow(ctx, "SELECT pg_current_wal_flush_lsn() > CAST(CAST(? AS text) AS pg_lsn)", written).Scan(&behind)
		})
		if err != nil || !behind {
			t.Fatalf("update %d returned before it was on disk (%v)", i, err)
		}
	}
}
