package worker

import (
	"context"
	"time"

	"noren"
)

// deliveries sends callbacks. One goroutine, that of run, claims them and owns all state; each callback that is
// being sent has a goroutine of its own, which reports back twice: when the receiver has answered, which makes
// room at the host, and when the attempt has been recorded, which ends the matter.
type deliveries struct {
	*Worker
	working   context.Context // of sending
	recording context.Context

	hosts map[string]*host
	held  int  // claimed, and neither recorded nor dropped
	look  bool // more may be due than has been claimed

	answered chan string   // the host of a callback that has been sent
	recorded chan struct{} // once for each answered
	due      chan struct{} // a retry that this process recorded is due now
}

// host is a receiver with callbacks held.
type host struct {
	sending    int
	queue      []claim
	passedOver bool // the last claim left it out, so there may be more for it
}

// claim is a callback with the time at which its lease ends.
type claim struct {
	noren.Callback
	until time.Time
}

const (
	// recordReserve is the part of a lease that is kept for recording the attempt.
	recordReserve = 2 * time.Second
	// claimBatch is how many callbacks are claimed at once. Should they all be for one host, the last of them wait
	// for three others; where that host is so slow that their lease runs out, they are left to be claimed again.
	claimBatch = 16
	// nearRetry is how soon a retry must be due to get a timer of its own; polling is punctual enough for others.
	nearRetry = 15 * time.Second
)

func newDeliveries(w *Worker, working, recording context.Context) *deliveries {
	return &deliveries{
		Worker: w, working: working, recording: recording,
		hosts: make(map[string]*host), look: true,
		// No goroutine has to wait to report: there are never more of them than callbacks held.
		answered: make(chan string, w.Held), recorded: make(chan struct{}, w.Held), due: make(chan struct{}, 1),
	}
}

// run claims and sends until ctx ends, and returns when nothing is held any more.
func (d *deliveries) run(ctx context.Context) {
	poll := time.NewTicker(d.Poll)
	defer poll.Stop()
	pace := newPace()
	var resume <-chan time.Time // set: the database failed and is left alone until it fires
	for ctx.Err() == nil {
		if resume == nil {
			if err := d.claim(); err != nil {
				d.Log.ErrorContext(ctx, "claiming callbacks", "error", err)
				resume = time.After(pace.after(err))
			} else {
				pace.reset()
			}
		}
		select {
		case <-ctx.Done():
		case <-d.Service.CallbackReady():
			d.look = true
		case <-d.due:
			d.look = true
		case <-poll.C:
			d.look = true
		case <-resume:
			resume = nil
		case name := <-d.answered:
			d.makeRoom(name)
		case <-d.recorded:
			d.held--
		}
	}
	d.drain()
}

// drain waits for what is being sent; what waits behind it is sent as well while working lasts.
func (d *deliveries) drain() {
	for d.held > 0 {
		select {
		case name := <-d.answered:
			d.makeRoom(name)
		case <-d.recorded:
			d.held--
		}
	}
}

// claim takes what is due, as long as there is room for it. Hosts that cannot begin another at once are left out, so
// however much is due for one that does not answer, the others' callbacks are found behind it.
func (d *deliveries) claim() error {
	for d.look && d.held < d.Held {
		limit := min(claimBatch, d.Held-d.held)
		until := d.Service.Now().Add(noren.CallbackLease)
		busy := d.passOverBusy()
		got, err := safely(func() ([]noren.Callback, error) {
			return d.Service.ClaimCallbacks(d.working, busy, limit)
		})
		if err != nil {
			return err
		}
		d.look = len(got) == limit
		for _, c := range got {
			d.take(claim{c, until})
		}
	}
	return nil
}

// passOverBusy lists the hosts to leave out of a claim, and notes which they are.
func (d *deliveries) passOverBusy() []string {
	var busy []string
	for name, h := range d.hosts {
		if h.passedOver = h.sending >= d.PerHost; h.passedOver {
			busy = append(busy, name)
		}
	}
	return busy
}

// take sends the callback now, or after others of its host.
func (d *deliveries) take(c claim) {
	d.held++
	h := d.hosts[c.Host]
	if h == nil {
		h = new(host)
		d.hosts[c.Host] = h
	}
	h.queue = append(h.queue, c)
	d.fill(h)
}

// makeRoom notes that the host has answered one callback.
func (d *deliveries) makeRoom(name string) {
	h := d.hosts[name]
	h.sending--
	d.fill(h)
	if h.sending < d.PerHost && h.passedOver {
		h.passedOver, d.look = false, true
	}
	if h.sending == 0 {
		delete(d.hosts, name) // fill leaves nothing in the queue where there is room
	}
}

// fill sends the host as much of its queue as there is room for. What could not be sent and recorded within its
// lease any more is dropped, to be claimed again.
func (d *deliveries) fill(h *host) {
	latest := d.Service.Now().Add(MaxSend + recordReserve)
	for len(h.queue) > 0 && h.sending < d.PerHost {
		next := h.queue[0]
		h.queue = h.queue[1:]
		if next.until.Before(latest) || d.working.Err() != nil {
			d.held--
			continue
		}
		h.sending++
		go d.deliver(next)
	}
}

// deliver sends the callback and records what came of it.
func (d *deliveries) deliver(c claim) {
	attempt := d.send(c)
	d.answered <- c.Host
	after := d.record(c, attempt)
	d.Metrics.Attempted(after, attempt)
	d.recorded <- struct{}{}
}

func (d *deliveries) send(c claim) noren.Attempt {
	ctx, cancel := context.WithTimeout(d.working, MaxSend+time.Second) // it ends by itself: this is for one that does not
	defer cancel()
	at := d.Service.Now()
	attempt, err := safely(func() (noren.Attempt, error) { return d.Send(ctx, c.Callback), nil })
	if err != nil {
		d.Log.ErrorContext(ctx, "sending a callback", "tenant", c.TenantID, "request", c.RequestID, "error", err)
		attempt = noren.Attempt{Error: "an error within the server"}
	}
	attempt.At = at
	return attempt
}

// record stores the attempt. While the database is away it tries again for as long as the callback is ours; after
// that somebody else may be sending it, and will record that. It answers the callback as it then stands.
func (d *deliveries) record(c claim, attempt noren.Attempt) noren.Callback {
	log := d.Log.With("tenant", c.TenantID, "request", c.RequestID)
	pace := newPace()
	for {
		after, err := safely(func() (noren.Callback, error) {
			return d.Service.RecordAttempt(d.recording, c.Callback, attempt)
		})
		if err == nil {
			d.follow(after)
			return after
		}
		wait := pace.after(err)
		if !d.Service.Now().Add(wait).Before(c.until) || !sleep(d.recording, wait) {
			log.ErrorContext(d.recording, "a delivery could not be recorded and will be made again", "error", err)
			return c.Callback
		}
		log.WarnContext(d.recording, "recording a delivery", "error", err)
	}
}

// follow sees to the retry being punctual, and tells the operator of a callback that is given up.
func (d *deliveries) follow(c noren.Callback) {
	switch c.State {
	case noren.CallbackGivenUp:
		d.Log.Warn("a callback is given up", "tenant", c.TenantID, "request", c.RequestID, "host", c.Host, "attempts", c.Attempts)
	case noren.CallbackPending:
		if wait := c.NextAt.Sub(d.Service.Now()); wait <= nearRetry {
			time.AfterFunc(wait, func() {
				select {
				case d.due <- struct{}{}:
				default: // there is a hint already
				}
			})
		}
	}
}
