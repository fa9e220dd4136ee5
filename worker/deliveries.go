package worker

import (
	"cmp"
	"context"
	"slices"
	"time"

	"noren"
)

// deliveries sends callbacks. One goroutine, that of run, claims them and owns all state. Each callback being sent has
// a goroutine of its own, which reports twice: when the receiver has responded, which makes room for another at that
// receiver, and when the attempt is recorded, which ends its work.
//
// Callbacks are claimed tenant by tenant, in turns, and of each tenant only those that can be sent now: not for receivers
// that are busy or rest. A tenant holds no more of the places for callbacks than are still free, so there is always room
// for another, whatever the receivers of one do.
type deliveries struct {
	*Worker
	working   context.Context //nolint:containedctx // of sending, which run starts and other goroutines do
	recording context.Context //nolint:containedctx // of recording, which goes on while the worker stops

	receivers
	held   map[noren.TenantID]int    // claimed, and neither recorded nor dropped yet
	total  int                       // over all tenants
	turn   noren.TenantID            // whose turn was last
	passed map[noren.TenantID]string // the last host that was looked at, of tenants with more hosts than one look
	look   bool                      // more may be due than has been claimed
	full   bool                      // something was due that a tenant had no place for

	stopping bool // nothing is claimed any more

	answered chan answer
	recorded chan noren.TenantID // one for each that was sent
	due      chan struct{}       // a retry recorded by this process is due now, or a receiver has rested
}

// claim is a callback with the time at which its lease ends, and the receiver that it is counted for.
type claim struct {
	noren.Callback
	until time.Time
	to    *receiver
	began time.Time // to be sent, by steady
	tries int       // in a row that the receiver has not responded to before
}

// answer is what came of sending a claim.
type answer struct {
	claim
	noren.Attempt
}

const (
	// recordReserve is the part of a lease that is reserved for recording the attempt.
	recordReserve = 2 * time.Second
	// claimBatch is how many callbacks are claimed at once of one tenant, and for one receiver that responds. If all are for
	// one, the last of them wait for three others; if it is so slow that their lease runs out, they are left to be claimed
	// again.
	claimBatch = 16
	// nearRetry is how soon a retry must be due to get a timer of its own. For later ones polling is punctual enough.
	nearRetry = 15 * time.Second
	// hostsAtFirst is how many of a tenant's hosts one look goes through, and hostsAtOnce how many where nothing can be sent to those.
	hostsAtFirst = 4 * claimBatch
	hostsAtOnce  = 1000
)

func newDeliveries(w *Worker, working, recording context.Context) *deliveries {
	return &deliveries{
		Worker: w, working: working, recording: recording, look: true,
		receivers: newReceivers(w.PerHost),
		held:      make(map[noren.TenantID]int), passed: make(map[noren.TenantID]string),
		// Reporting never blocks: there are never more goroutines than callbacks held.
		answered: make(chan answer, w.Held), recorded: make(chan noren.TenantID, w.Held), due: make(chan struct{}, 1),
	}
}

// run claims and sends until ctx ends, and returns when nothing is held any more.
func (d *deliveries) run(ctx context.Context) {
	poll := time.NewTicker(d.Poll)
	defer poll.Stop()
	waits := newWaits()
	always := make(chan struct{})
	close(always)
	var resume <-chan time.Time // not nil: the database failed, and is left alone until it fires
	for ctx.Err() == nil {
		if resume == nil && d.look {
			// First, because what has been sent makes room for what is claimed now.
			d.takeIn()
			if err := d.claim(); err != nil {
				d.Log.ErrorContext(ctx, "claiming callbacks", "error", err)
				resume = time.After(waits.after(err))
			} else {
				waits.reset()
			}
		}
		var more <-chan struct{} // closed: there is a round to go on with
		if resume == nil && d.look {
			more = always
		}
		select {
		case <-more:
		case <-ctx.Done():
		case <-d.Rooms.Bulk.CallbackReady():
			d.look = true
		case <-d.due:
			d.again()
		case <-poll.C:
			d.again()
		case <-resume:
			resume = nil
		case a := <-d.answered:
			d.makeRoom(a)
		case tenant := <-d.recorded:
			d.drop(tenant)
		}
	}
	d.drain()
}

// takeIn takes in what has been reported until now.
func (d *deliveries) takeIn() {
	for {
		select {
		case a := <-d.answered:
			d.makeRoom(a)
		case tenant := <-d.recorded:
			d.drop(tenant)
		default:
			return
		}
	}
}

// again looks for what has become due, and goes on with the receivers that have rested.
func (d *deliveries) again() {
	d.look = true
	now := d.steady()
	for _, r := range d.rested(now) {
		d.fill(r)
	}
	d.forget(now)
}

// steady is the time by a clock that is never set: how long a receiver rests does not depend on the time of day.
func (d *deliveries) steady() time.Time { return time.Unix(0, 0).Add(d.Elapsed()) }

// drain waits for what is being sent. What is queued behind it is sent as well, until working ends, unless its receiver rests.
func (d *deliveries) drain() {
	d.stopping = true
	for _, r := range d.waiting() {
		d.fill(r)
	}
	for d.total > 0 {
		select {
		case a := <-d.answered:
			d.makeRoom(a)
		case tenant := <-d.recorded:
			d.drop(tenant)
		}
	}
}

// maxFailed is after how many tenants that cannot be claimed from a round ends: one may be on a node that is down, which is not
// the others' business, but a database that serves nobody should not be asked for each.
const maxFailed = 3

// claim goes once through the tenants that have something due, beginning behind the one whose turn was last, and notes whether
// there may be more. It returns the first error of a tenant, after the others have had their turn.
func (d *deliveries) claim() error {
	d.look, d.full = false, false
	if d.total >= d.Held {
		d.full = true
		return nil
	}
	tenants, err := safely(func() ([]noren.TenantID, error) { return d.Rooms.Bulk.TenantsDue(d.working) })
	if err != nil {
		d.look = true
		return err
	}
	var first error
	failed := 0
	// Behind the last one and round, so that no tenant is passed over because another always has something due.
	behind, _ := slices.BinarySearch(tenants, d.turn+1)
	for _, tenant := range slices.Concat(tenants[behind:], tenants[:behind]) {
		n, err := d.claimOf(tenant)
		d.turn = tenant
		if err == nil {
			d.look = d.look || n >= claimBatch
			continue
		}
		d.look, first = true, cmp.Or(first, err)
		if failed++; failed == maxFailed {
			break
		}
	}
	return first
}

// places is how many more callbacks of the tenant may be held: after that it holds no more than are free.
func (d *deliveries) places(tenant noren.TenantID) int {
	return (d.Held - d.total - d.held[tenant] + 1) / 2
}

// claimOf claims some callbacks of the tenant that can be sent now, and returns how many.
func (d *deliveries) claimOf(tenant noren.TenantID) (int, error) {
	most := min(claimBatch, d.places(tenant))
	if d.full = d.full || most < claimBatch; most <= 0 {
		return 0, nil
	}
	var shares []noren.HostShare
	// A few hosts mostly suffice. Of very many that rest one look passes over more.
	for _, limit := range []int{hostsAtFirst, hostsAtOnce} {
		hosts, err := safely(func() ([]noren.CallbackHost, error) {
			return d.Rooms.Bulk.CallbackHosts(d.working, tenant, d.passed[tenant], limit)
		})
		if err != nil {
			return 0, err
		}
		delete(d.passed, tenant)
		if len(hosts) == limit {
			// The next look goes on there, or those at the end of the list would never be looked at.
			d.passed[tenant] = hosts[len(hosts)-1].Host
		}
		if shares = d.shares(hosts, most); len(shares) > 0 || len(hosts) < limit {
			break
		}
	}
	if len(shares) == 0 {
		return 0, nil
	}
	until := d.Rooms.Now().Add(noren.CallbackLease)
	got, err := safely(func() ([]noren.Callback, error) { return d.Rooms.Bulk.ClaimCallbacks(d.working, tenant, shares) })
	for _, c := range got {
		d.take(claim{Callback: c, until: until, to: d.of(c.Host)})
	}
	for _, s := range shares {
		taken := 0
		for _, c := range got {
			if c.Host == s.Host {
				taken++
			}
		}
		if taken == s.Most {
			d.of(s.Host).more = true // perhaps
		}
	}
	return len(got), err
}

// shares divides most callbacks among the hosts that have some due and whose receivers can take them now, those that are due the
// longest first.
func (d *deliveries) shares(hosts []noren.CallbackHost, most int) (shares []noren.HostShare) {
	hosts = slices.DeleteFunc(hosts, func(h noren.CallbackHost) bool { return h.Due == nil })
	slices.SortStableFunc(hosts, func(a, b noren.CallbackHost) int { return a.Due.Compare(*b.Due) })
	now, taken := d.steady(), make(map[*receiver]int) // several hosts may be one receiver
	for _, h := range hosts {
		r := d.of(h.Host)
		n := min(most, r.room(now, d.perHost)-taken[r])
		if n <= 0 {
			r.more = true
			continue
		}
		shares = append(shares, noren.HostShare{Host: h.Host, Most: n})
		most, taken[r] = most-n, taken[r]+n
	}
	return shares
}

// take sends the callback now, or queues it behind others of its receiver.
func (d *deliveries) take(c claim) {
	d.total++
	d.held[c.TenantID]++
	c.to.queue = append(c.to.queue, c)
	d.fill(c.to)
}

// drop ends the work on a callback of the tenant.
func (d *deliveries) drop(tenant noren.TenantID) {
	d.total--
	if d.held[tenant]--; d.held[tenant] == 0 {
		delete(d.held, tenant)
	}
	d.look = d.look || d.full
}

// makeRoom notes what came of one callback, and sends the receiver's next ones.
func (d *deliveries) makeRoom(a answer) {
	a.to.sending--
	if rest := d.note(a, d.steady()); rest > 0 && rest <= nearRetry {
		d.remind(rest)
	}
	for _, r := range []*receiver{a.to, d.of(a.Host)} { // another one, if the host has led to another address
		d.fill(r)
		if r.more && len(r.queue) < d.perHost {
			r.more, d.look = false, true
		}
	}
}

// fill sends as much of the receiver's queue as there is room for. A callback that can no longer be sent and recorded
// within its lease is dropped, to be claimed again.
func (d *deliveries) fill(r *receiver) {
	now, latest := d.steady(), d.Rooms.Now().Add(MaxSend+recordReserve)
	r.queue = slices.DeleteFunc(r.queue, func(c claim) bool {
		late := c.until.Before(latest) || d.working.Err() != nil || d.stopping && now.Before(r.restUntil)
		if late {
			d.drop(c.TenantID)
		}
		return late
	})
	for len(r.queue) > 0 && r.sending < r.atOnce(now, d.perHost) {
		next := r.queue[0]
		next.began, next.tries = now, r.failures
		r.queue = r.queue[1:]
		r.sending++
		go d.deliver(next)
	}
}

// deliver sends the callback and records the result.
func (d *deliveries) deliver(c claim) {
	attempt := d.send(c)
	// Before it is recorded: the receiver need not wait for our database.
	d.answered <- answer{c, attempt}
	after := d.record(c, attempt)
	d.Metrics.Attempted(after, attempt)
	d.recorded <- c.TenantID
}

func (d *deliveries) send(c claim) noren.Attempt {
	ctx, cancel := context.WithTimeout(d.working, MaxSend+time.Second) // Send ends by itself; this is in case it does not
	defer cancel()
	at := d.Rooms.Now()
	attempt, err := safely(func() (noren.Attempt, error) { return d.Send(ctx, c.Callback), nil })
	if err != nil {
		d.Log.ErrorContext(ctx, "sending a callback", "tenant", c.TenantID, "request", c.RequestID, "error", err)
		attempt = noren.Attempt{Error: "internal error of the server"}
	}
	attempt.At = at
	if attempt.Status == 0 {
		attempt.InARow = c.tries + 1
	}
	return attempt
}

// record stores the attempt and returns the callback after it. While the database is unavailable it retries as long as
// the lease lasts. After that another process may be sending the callback, and will record that attempt.
func (d *deliveries) record(c claim, attempt noren.Attempt) noren.Callback {
	log := d.Log.With("tenant", c.TenantID, "request", c.RequestID)
	waits := newWaits()
	for {
		after, err := safely(func() (noren.Callback, error) {
			return d.Rooms.Bulk.RecordAttempt(d.recording, c.Callback, attempt)
		})
		if err == nil {
			d.follow(after)
			return after
		}
		wait := waits.after(err)
		if !d.Rooms.Now().Add(wait).Before(c.until) || !sleep(d.recording, wait) {
			log.ErrorContext(d.recording, "a delivery could not be recorded and will be repeated", "error", err)
			return c.Callback
		}
		log.WarnContext(d.recording, "recording a delivery failed; trying again", "error", err)
	}
}

// follow schedules a near retry punctually, and warns the operator of a callback that was given up.
func (d *deliveries) follow(c noren.Callback) {
	switch c.State {
	case noren.CallbackGivenUp:
		d.Log.Warn("a callback was given up", "tenant", c.TenantID, "request", c.RequestID, "host", c.Host, "attempts", c.Attempts)
	case noren.CallbackDelivered: // nothing is left to do
	case noren.CallbackPending:
		// Later retries are found by polling, by any process.
		if wait := c.NextAt.Sub(d.Rooms.Now()); wait <= nearRetry {
			d.remind(wait)
		}
	}
}

// remind hints after the wait that something is due.
func (d *deliveries) remind(wait time.Duration) {
	time.AfterFunc(wait, func() {
		select {
		case d.due <- struct{}{}:
		default: // a hint is pending already
		}
	})
}
