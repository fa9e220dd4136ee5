package sqlstore_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"noren"
	"noren/pgtest"
	"noren/sqlstore"
	"noren/storetest"
)

func TestReopenedDatabaseHasEverything(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, newURL func(t *testing.T) string) {
		url := newURL(t)
		db, err := sqlstore.Open(t.Context(), sqlstore.Config{URL: url, Clock: storetest.Now})
		if err != nil {
			t.Fatal(err)
		}
		tenant := newTenant(t, db)
		accept(t, db, tenant, "one", "two")
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		db = open(t, sqlstore.Config{URL: url})
		if waiting := waitingBulk(t, db, tenant); !slices.Equal(waiting, []int64{1, 2}) {
			t.Errorf("after opening again there are %v, want 1 and 2", waiting)
		}
		sound(t, db)
	})
}

// childDatabase names, in the environment, the database that the process under test writes to until it is killed.
const childDatabase = "NOREN_TEST_CHILD_DATABASE"

// TestKilledProcessLosesNothing kills a process that writes to SQLite: everything that it was told is on disk is.
func TestKilledProcessLosesNothing(t *testing.T) {
	t.Parallel()
	url := "sqlite:" + filepath.Join(t.TempDir(), "noren.db")
	child := exec.Command(os.Args[0], "-test.run=^TestChildProcess$")
	child.Env = append(os.Environ(), childDatabase+"="+url)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	acknowledged := int64(0)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if _, err := fmt.Sscanf(lines.Text(), "accepted %d", &acknowledged); err == nil && acknowledged == 50 {
			if err := child.Process.Kill(); err != nil {
				t.Error(err)
			}
		} // what it still said is read to the end
	}
	if err := child.Wait(); err == nil {
		t.Error("the process was not killed")
	}
	if acknowledged < 50 {
		t.Fatalf("the process ended by itself after %d", acknowledged)
	}
	db := open(t, sqlstore.Config{URL: url})
	waiting := waitingBulk(t, db, 1)
	if int64(len(waiting)) < acknowledged {
		t.Errorf("%d requests were acknowledged, %d are stored", acknowledged, len(waiting))
	}
	sound(t, db)
}

// TestChildProcess is the process that TestKilledProcessLosesNothing kills; alone it does nothing.
func TestChildProcess(t *testing.T) { //nolint:paralleltest // it is alone in its process
	url := os.Getenv(childDatabase)
	if url == "" {
		t.Skip("not started by TestKilledProcessLosesNothing")
	}
	db := open(t, sqlstore.Config{URL: url})
	tenant := newTenant(t, db)
	for i := range 100_000 {
		for _, id := range accept(t, db, tenant, fmt.Sprint("request ", i)) {
			fmt.Fprintln(os.Stdout, "accepted", id)
		}
	}
}

// TestCrashedServerLosesNothing crashes PostgreSQL under several writers. Each write that was acknowledged is there
// afterwards, none is there twice, and numbers have no gaps.
func TestCrashedServerLosesNothing(t *testing.T) {
	t.Parallel()
	server := pgtest.NewServer(t)
	db := open(t, sqlstore.Config{URL: server.Database(t)})
	tenant := newTenant(t, db)
	const writers, each = 4, 60
	acknowledged := make(chan int64, writers*each)
	var all sync.WaitGroup
	for writer := range writers {
		all.Go(func() {
			for i := range each {
				requests, rows := requests(fmt.Sprintf("%d of writer %d", i, writer))
				err := db.Update(t.Context(), tenant, func(tx noren.Tx) error {
					ids, err := tx.AcceptBulk(t.Context(), requests, rows)
					if err == nil {
						requests[0].ID = ids[0]
					}
					return err
				})
				if err == nil {
					acknowledged <- requests[0].ID
				} else if noren.KindOf(err) != noren.Unavailable {
					t.Errorf("AcceptBulk: %v", err)
				}
			}
		})
	}
	var ids []int64
	for range writers * each / 4 {
		ids = append(ids, <-acknowledged)
	}
	server.Restart(t, "immediate")
	all.Wait()
	close(acknowledged)
	for id := range acknowledged {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	if unique := slices.Compact(slices.Clone(ids)); len(unique) != len(ids) {
		t.Errorf("a number was given twice: %v", ids)
	}
	stored := waitingBulk(t, db, tenant)
	for _, id := range ids {
		if !slices.Contains(stored, id) {
			t.Errorf("request %d was acknowledged and is not stored", id)
		}
	}
	sound(t, db)
}
