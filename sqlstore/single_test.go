package sqlstore

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"noren"
	"noren/pgtest"
)

// acceptAlone accepts one request outside any transaction of the caller.
func (b *bundle) acceptAlone(ctx context.Context, token string) (id int64, err error) {
	ids, err := b.AcceptBulk(ctx, tenant, []noren.BulkRequest{{Token: token}}, [][]byte{[]byte("{}")})
	if err != nil {
		return 0, err
	}
	return ids[0], nil
}

// mustAccept is acceptAlone where nothing is to fail.
func (b *bundle) mustAccept(t *testing.T, token string, want int64) {
	t.Helper()
	if id, err := b.acceptAlone(t.Context(), token); err != nil || id != want {
		t.Errorf("%s: number %d, error %v; want number %d", token, id, err, want)
	}
}

// accepted lists what is stored, each as number and token.
func (b *bundle) accepted(t *testing.T) (stored []string) {
	t.Helper()
	err := b.View(t.Context(), tenant, func(tx noren.Tx) error {
		requests, err := tx.NextBulk(t.Context(), 10)
		for _, r := range requests {
			stored = append(stored, strconv.FormatInt(r.ID, 10)+" "+r.Token)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

// hasLane reports whether the tenant has its lane.
func (b *bundle) hasLane(t *testing.T) (has bool) {
	t.Helper()
	err := b.Update(t.Context(), tenant, func(tx noren.Tx) (err error) {
		has, err = tx.LockLane(t.Context())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return has
}

// TestAcceptBeginsNoTransaction waits in vain for a BEGIN or COMMIT to lose.
func TestAcceptBeginsNoTransaction(t *testing.T) {
	t.Parallel()
	proxy, proxied := pgtest.NewProxy(t, pgtest.Database(t))
	b := setup(t, proxied)
	opening := b.statements.Load() // what opening the database has sent
	for id, answer := range []string{pgtest.Begun, pgtest.Committed} {
		armed := &pgtest.Loss{Response: answer}
		proxy.Lose(armed)
		b.mustAccept(t, strconv.Itoa(id), int64(id+1))
		if proxy.Next() != armed {
			t.Errorf("%q came back", answer)
		}
	}
	proxy.Lose(nil)
	if sent := b.statements.Load() - opening; sent != 2 {
		t.Errorf("%d statements for two requests, one of them the tenant's first", sent)
	}
	if !b.hasLane(t) {
		t.Error("the tenant has no lane")
	}
}

// TestLostStatement loses the connection of a request that is stored by a statement alone, before the statement reaches
// the server and after.
func TestLostStatement(t *testing.T) {
	t.Parallel()
	for name, message := range map[string]bool{"the statement is lost": true, "its answer is lost": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy, proxied := pgtest.NewProxy(t, pgtest.Database(t))
			b := setup(t, proxied)
			for i, token := range []string{"first", "second", "third"} {
				if i < 2 { // the first of the tenant, and one for which the statement is prepared already
					proxy.Lose(&pgtest.Loss{Of: token, Message: message})
				}
				b.mustAccept(t, token, int64(i+1))
				if proxy.Next() != nil {
					t.Errorf("%s: nothing was lost", token)
				}
			}
			if diff := cmp.Diff([]string{"1 first", "2 second", "3 third"}, b.accepted(t)); diff != "" {
				t.Errorf("stored (-want +got):\n%s", diff)
			}
			if !b.hasLane(t) {
				t.Error("the tenant has no lane")
			}
		})
	}
}

// TestLostStatementStillAtWork loses the connection of a statement that waits for another transaction, and so has not
// gone through when the request is tried again.
func TestLostStatementStillAtWork(t *testing.T) {
	t.Parallel()
	server := pgtest.Database(t)
	proxy, proxied := pgtest.NewProxy(t, server)
	b, other := setup(t, proxied), setup(t, server)
	b.mustAccept(t, "before", 1)
	proxy.Lose(&pgtest.Loss{Of: "waiting"})
	done := make(chan error, 1)
	err := other.update(t.Context(), tenant, func(tx *tx) error {
		if _, err := tx.Reserve(t.Context(), noren.CounterBulk, 0); err != nil {
			return err
		}
		go func() {
			id, err := b.acceptAlone(context.WithoutCancel(t.Context()), "waiting")
			if err == nil && id != 2 {
				err = errors.New("it has the number " + strconv.FormatInt(id, 10))
			}
			done <- err
		}()
		return other.awaitBlocked(t.Context(), 2) // the statement that nobody waits for any more, and the second try
	})
	if err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	b.mustAccept(t, "after", 3)
	if diff := cmp.Diff([]string{"1 before", "2 waiting", "3 after"}, b.accepted(t)); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
}

// awaitBlocked waits until that many connections to the database wait for locks.
func (b *bundle) awaitBlocked(ctx context.Context, want int) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		var blocked int
		err := b.read(ctx, func(t *tx) error {
			return t.queryRow(ctx, `SELECT COUNT(*) FROM pg_stat_activity
				WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&blocked)
		})
		if err != nil || blocked >= want {
			return err
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// TestStatementFailsToCommit lets a statement return its row and then fail when it is committed, which tells that
// nobody is let go before the commit.
func TestStatementFailsToCommit(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.Database(t))
	b.exec(t, `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''refused'' USING ERRCODE = ''23514''; END'`)
	b.exec(t, `CREATE CONSTRAINT TRIGGER refusal AFTER INSERT ON bulk_requests
		DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()`)
	id, err := b.acceptAlone(t.Context(), "refused")
	if e, ok := errors.AsType[*pgconn.PgError](err); !ok || e.Code != "23514" {
		t.Errorf("the request got the number %d and error %v, want that of its commit", id, err)
	}
	b.exec(t, `DROP TRIGGER refusal ON bulk_requests`)
	b.mustAccept(t, "accepted", 1)
	if diff := cmp.Diff([]string{"1 accepted"}, b.accepted(t)); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
}

// exec changes the database in a way that the server never does.
func (b *bundle) exec(t *testing.T, statement string) {
	t.Helper()
	if _, err := b.connect(t).ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}
