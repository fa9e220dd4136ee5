package sqlstore_test

import (
	"context"
	"testing"
	"time"

	"noren"
	"noren/pgtest"
	"noren/sqlstore"
)

// patience is how long something may take that has to happen at once. It is reached only where it does not.
const patience = 20 * time.Second

// TestLockedLaneBlocksNobody keeps a lane locked in an open transaction: others are told at once, and accepting goes
// on. SQLite runs one transaction at a time, so that there a lane is never found locked.
func TestLockedLaneBlocksNobody(t *testing.T) {
	t.Parallel()
	db := open(t, sqlstore.Config{URL: pgtest.Database(t)})
	tenant, other := newTenant(t, db), newTenant(t, db)
	accept(t, db, tenant, "first")
	accept(t, db, other, "first of another tenant")
	locked, release, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- db.Update(context.Background(), tenant, func(tx noren.Tx) error {
			if ok, err := tx.LockLane(t.Context()); err != nil || !ok {
				t.Errorf("LockLane of a free lane: %t, error %v", ok, err)
			}
			close(locked)
			<-release
			return nil
		})
	}()
	<-locked
	if lockLane(t, db, tenant) {
		t.Error("two transactions have locked one lane")
	}
	if !lockLane(t, db, other) {
		t.Error("the lane of another tenant is locked too")
	}
	accept(t, db, tenant, "second")
	close(release)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if !lockLane(t, db, tenant) {
		t.Error("the lane is locked though the transaction has ended")
	}
}

func lockLane(t *testing.T, db *sqlstore.DB, tenant noren.TenantID) (locked bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := db.Update(ctx, tenant, func(tx noren.Tx) (err error) {
		locked, err = tx.LockLane(ctx)
		return err
	})
	if err != nil {
		t.Fatalf("LockLane: %v", err)
	}
	return locked
}
