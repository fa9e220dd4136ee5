package storetest

import (
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"noren"
)

func directoryChecks() []check {
	return []check{
		{"tenants are listed by contract id", directoryTenants},
		{"concurrent makers of a tenant make one", directoryEnsureConcurrent},
		{"tenants with bulk requests that wait", directoryBulk},
		{"what waits is counted", directoryQueueStats},
		{"what has expired is deleted, nothing else", directoryDeleteExpired},
		{"an open engine can be pinged", directoryPing},
	}
}

// directoryTenants includes contracts whose order differs between bytes and a language, and characters that SQL
// and JSON treat specially.
func directoryTenants(t *testing.T, b *bundle) {
	ids := map[noren.TenantID]bool{b.tenant.ID: true}
	for _, contract := range []string{"sb_z", "sb_B", "sb_a", "x'\"\\契約"} {
		tenant, created, err := b.EnsureTenant(b.ctx, contract)
		if err != nil || !created || tenant.ID <= 0 || ids[tenant.ID] {
			t.Fatalf("EnsureTenant(%s): id %d, created %t, error %v", contract, tenant.ID, created, err)
		}
		ids[tenant.ID] = true
		same(t, "a new tenant", noren.Tenant{ID: tenant.ID, Contract: contract}, tenant)
		again, created, err := b.EnsureTenant(b.ctx, contract)
		if err != nil || created {
			t.Errorf("EnsureTenant(%s) again: created %t, error %v", contract, created, err)
		}
		same(t, "the tenant, asked for again", tenant, again)
		found, err := b.TenantByContract(b.ctx, contract)
		if err != nil {
			t.Errorf("TenantByContract(%s): %v", contract, err)
		}
		same(t, "the tenant, by contract", tenant, found)
	}
	for _, contract := range []string{"", "sb_b", "sb_", "SB_Z"} {
		_, err := b.TenantByContract(b.ctx, contract)
		isKind(t, "TenantByContract of an unknown contract", noren.NotFound, err)
	}
	list, err := b.Tenants(b.ctx)
	if err != nil {
		t.Fatal(err)
	}
	var contracts []string
	for _, tenant := range list {
		contracts = append(contracts, tenant.Contract)
		// The others have no settings, which has been compared above.
		if tenant.ID == b.tenant.ID {
			same(t, "the tenant with settings", b.tenant, tenant)
		}
	}
	same(t, "the contracts", []string{b.tenant.Contract, "sb_B", "sb_a", "sb_z", "x'\"\\契約"}, contracts)
}

// directoryEnsureConcurrent lets several nodes start with the same shop file.
func directoryEnsureConcurrent(t *testing.T, b *bundle) {
	var mu sync.Mutex
	var made int
	ids := make(map[noren.TenantID]bool)
	inParallel(8, func(int) {
		tenant, created, err := b.EnsureTenant(b.ctx, "sb_same")
		if err != nil {
			t.Errorf("EnsureTenant: %v", err)
		}
		mu.Lock()
		defer mu.Unlock()
		ids[tenant.ID] = true
		if created {
			made++
		}
	})
	if made != 1 || len(ids) != 1 {
		t.Errorf("%d calls made the tenant, and its ids are %v; want one", made, ids)
	}
}

func directoryBulk(t *testing.T, b *bundle) {
	other := b.other(t)
	check := func(name string, want ...noren.TenantID) {
		t.Helper()
		got, err := b.TenantsWithBulk(b.ctx)
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(got)
		same(t, name, want, got)
	}
	check("nothing accepted")
	requests := b.acceptN(t, 2)
	check("one has accepted two", b.tenant.ID)
	other.acceptN(t, 1)
	for i, r := range requests {
		check(fmt.Sprint("waiting, finished ", i), b.tenant.ID, other.tenant.ID)
		b.finish(t, finished(r, 1), b.owed(r, host, 1))
	}
	check("all of one finished", other.tenant.ID)
}

// directoryQueueStats checks that ages count from when something was accepted or became pending: an operator is told how
// long somebody has been waiting, not when the next attempt is due.
func directoryQueueStats(t *testing.T, b *bundle) {
	check := func(name string, want noren.QueueStats) {
		t.Helper()
		got, err := b.QueueStats(b.ctx)
		if err != nil {
			t.Fatal(err)
		}
		same(t, name, want, got)
	}
	other := b.other(t)
	check("nothing", noren.QueueStats{})
	requests := b.acceptN(t, 3) // at minutes 0, 1, 2
	other.acceptN(t, 2)
	check("accepted", noren.QueueStats{BulkWaiting: 5, BulkOldest: at(0)})
	b.finish(t, finished(requests[0], 8), b.owed(requests[0], host, 8))
	b.finish(t, finished(requests[1], 7), b.owed(requests[1], host, 7))
	check("applied", noren.QueueStats{BulkWaiting: 3, BulkOldest: at(0), CallbacksWaiting: 2, CallbacksOldest: at(7)})
	for _, c := range b.callbacks(t, noren.CallbackFilter{}) {
		if c.RequestID == 2 {
			b.record(t, c, noren.CallbackPending, at(60)) // when it is due does not count: it is pending since 7
		}
	}
	check("tried", noren.QueueStats{BulkWaiting: 3, BulkOldest: at(0), CallbacksWaiting: 2, CallbacksOldest: at(7)})
	for _, c := range b.callbacks(t, noren.CallbackFilter{}) {
		b.record(t, c, noren.CallbackDelivered, c.NextAt)
	}
	check("delivered", noren.QueueStats{BulkWaiting: 3, BulkOldest: at(0)})
}

// directoryDeleteExpired calls until nothing is left, because each call deletes a bounded number.
func directoryDeleteExpired(t *testing.T, b *bundle) {
	const each = 30
	expired, lasting := Now().Add(-time.Minute), Now().Add(time.Minute)
	hash := func(kind string, i int) []byte { return noren.HashSecret(fmt.Sprint(kind, i)) }
	b.update(t, func(tx noren.Tx) error {
		for i := range each {
			// Two of each kind for each number: one on either side of Now.
			gone, stays := answer("", 0), answer("", 0)
			gone.ExpiresAt, stays.ExpiresAt = expired, lasting
			err := tx.Mark(b.ctx, noren.IdempotencyKey{ClientID: 1, Route: "gone", Key: strconv.Itoa(i)}, gone)
			err2 := tx.Mark(b.ctx, noren.IdempotencyKey{ClientID: 1, Route: "stays", Key: strconv.Itoa(i)}, stays)
			if err := firstError(
				err, err2,
				tx.AddToken(b.ctx, noren.Token{Hash: hash("gone", i), ClientID: 1, ExpiresAt: &expired}),
				tx.AddToken(b.ctx, noren.Token{Hash: hash("stays", i), ClientID: 1, ExpiresAt: &lasting}),
				tx.AddToken(b.ctx, noren.Token{Hash: hash("forever", i), ClientID: 1}),
				tx.AddToken(b.ctx, noren.Token{Named: b.tenant.ID, Hash: hash("own gone", i), ClientID: 1, ExpiresAt: &expired}),
				tx.AddToken(b.ctx, noren.Token{Named: b.tenant.ID, Hash: hash("own stays", i), ClientID: 1, ExpiresAt: &lasting}),
				tx.AddConsoleSession(b.ctx, noren.ConsoleSession{Hash: hash("gone", i), Login: "a", ExpiresAt: expired}),
				tx.AddConsoleSession(b.ctx, noren.ConsoleSession{Hash: hash("stays", i), Login: "a", ExpiresAt: lasting}),
			); err != nil {
				return err
			}
		}
		return nil
	})
	deleted := 0
	for {
		n, err := b.DeleteExpired(b.ctx, Now())
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			break
		}
		deleted += n
	}
	same(t, "the number deleted", 4*each, deleted)
	for i := range each {
		_, _, err := b.CallerByToken(b.ctx, 0, hash("gone", i))
		isKind(t, "a token that has expired", noren.NotFound, err)
		_, _, err = b.CallerByToken(b.ctx, b.tenant.ID, hash("own gone", i))
		isKind(t, "a token of its own that has expired", noren.NotFound, err)
		if _, _, err := b.CallerByToken(b.ctx, b.tenant.ID, hash("own stays", i)); err != nil {
			t.Errorf("a token of its own that stays: %v", err)
		}
		for _, kind := range []string{"stays", "forever"} {
			if _, _, err := b.CallerByToken(b.ctx, 0, hash(kind, i)); err != nil {
				t.Errorf("a token that %s: %v", kind, err)
			}
		}
		key := noren.IdempotencyKey{ClientID: 1, Route: "stays", Key: strconv.Itoa(i)}
		if b.kept(t, key, Now()) == nil {
			t.Errorf("the answer under %v is gone", key)
		}
		key.Route = "gone"
		// A look-up for a time before it expired would find it if it were still there.
		if b.kept(t, key, expired.Add(-time.Minute)) != nil {
			t.Errorf("the answer under %v is still there", key)
		}
	}
}

func directoryPing(t *testing.T, b *bundle) {
	if down, err := b.Ping(b.ctx); err != nil || len(down) > 0 {
		t.Error(err)
	}
}
