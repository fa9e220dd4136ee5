package sqlstore

import (
	"testing"
	"testing/synctest"
	"time"

	"noren"
)

// tenantsOf are the tenants of the calls, in order.
func tenantsOf(calls []*call) (list []noren.TenantID) {
	for _, c := range calls {
		list = append(list, c.tenant)
	}
	return list
}

// TestWriterIsSharedByTime: of two tenants that always wait, each gets half of the writer's time, however long its calls take,
// and who was quiet comes before both.
func TestWriterIsSharedByTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newFairQueue()
		takes := map[noren.TenantID]time.Duration{1: 20 * time.Millisecond, 2: 5 * time.Millisecond, 3: time.Millisecond}
		had := make(map[noren.TenantID]time.Duration)
		put := func(tenant noren.TenantID) {
			if err := q.put(&call{tenant: tenant}); err != nil {
				t.Fatal(err)
			}
		}
		round := func() []*call {
			calls := q.take(batchLimit)
			var took time.Duration
			for _, c := range calls {
				took += takes[c.tenant]
				had[c.tenant] += takes[c.tenant]
			}
			time.Sleep(took)
			q.finished(calls, took)
			return calls
		}
		for n := range 400 {
			for _, tenant := range []noren.TenantID{1, 2} {
				for len(q.waiting[tenant]) < 3 {
					put(tenant)
				}
			}
			if n%50 == 20 {
				put(3)
				if first := tenantsOf(round()); len(first) != 1 || first[0] != 3 {
					t.Fatalf("in round %d the quiet tenant comes with or behind others: %v", n, first)
				}
			}
			round()
		}
		if ratio := float64(had[1]) / float64(had[2]); ratio < 0.8 || ratio > 1.25 {
			t.Errorf("one has had %v, the other %v", had[1], had[2])
		}
	})
}

// TestWriterRestsForOthers: after a long call of the busiest tenant the writer is free for others for as long, while there are
// others, and then goes on.
func TestWriterRestsForOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newFairQueue()
		put := func(tenant noren.TenantID) {
			if err := q.put(&call{tenant: tenant}); err != nil {
				t.Fatal(err)
			}
		}
		run := func(took time.Duration) (tenant noren.TenantID, waited time.Duration) {
			asked := time.Now()
			calls := q.take(1)
			waited = time.Since(asked)
			time.Sleep(took)
			q.finished(calls, took)
			return calls[0].tenant, waited
		}
		expect := func(what string, took, waited time.Duration, tenant noren.TenantID) {
			t.Helper()
			if who, w := run(took); who != tenant || w != waited {
				t.Errorf("%s: tenant %d after %v, want %d after %v", what, who, w, tenant, waited)
			}
		}
		const long, short = 20 * time.Millisecond, time.Millisecond
		put(1)
		put(1)
		expect("alone", long, 0, 1)
		expect("alone again", long, 0, 1)
		put(2)
		expect("another", short, 0, 2)
		put(1)
		put(1)
		put(1)
		expect("one that has not just had it", long, 0, 1)
		expect("after a rest", long, long, 1)
		go func() {
			time.Sleep(5 * time.Millisecond)
			put(2)
		}()
		expect("into the rest", short, 5*time.Millisecond, 2)
		go func() {
			time.Sleep(3 * time.Millisecond)
			put(2)
		}()
		expect("the rest goes on behind the other's call", 8*time.Millisecond, 3*time.Millisecond, 2)
		put(2)
		expect("who has had little does not rest", short, 0, 2)
		expect("when the rest is over", short, 2*time.Millisecond, 1)
		put(1)
		expect("after a short call", long, 0, 1)
		put(1)
		q.close()
		expect("no rest before the end", short, 0, 1)
		if calls := q.take(1); len(calls) > 0 {
			t.Errorf("closed: %v", tenantsOf(calls))
		}
	})
}
