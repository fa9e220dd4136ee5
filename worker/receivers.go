package worker

import (
	"time"
)

// receivers are the programs that callbacks are sent to. Hosts that led to the same address the last time are one receiver: a
// machine that does not respond is one machine, however many names it has.
type receivers struct {
	perHost   int                  // callbacks being sent to one at the same time
	byHost    map[string]*receiver // as the callbacks' URLs write it
	byAddress map[string]*receiver // as it was dialled
}

// receiver is one of them, while something is known of it.
type receiver struct {
	address string
	sending int
	queue   []claim
	more    bool // something was due for it that it had no room for
	good    bool // it has responded the last time

	// failures counts the tries in a row that had no response at all. After each the receiver rests, and is then tried with one
	// callback alone: callbacks that cannot arrive take no places from others, and do not use up their own tries.
	failures  int
	restUntil time.Time
}

// How long a receiver rests: a little less than a callback waits for its first retries, so that these are not held up.
const (
	firstRest   = 750 * time.Millisecond
	longestRest = time.Minute
)

// forgetAfter is how long after its rest a receiver is forgotten that nobody sends to.
const forgetAfter = time.Hour

func newReceivers(perHost int) receivers {
	return receivers{perHost: perHost, byHost: make(map[string]*receiver), byAddress: make(map[string]*receiver)}
}

// of is the receiver that the host leads to.
func (m *receivers) of(host string) *receiver {
	r := m.byHost[host]
	if r == nil {
		r = new(receiver)
		m.byHost[host] = r
	}
	return r
}

// note notes what came of a callback that was sent, and returns how long its receiver rests; 0: it does not.
func (m *receivers) note(a answer, now time.Time) time.Duration {
	r := a.to
	if a.Address != "" && r.address != a.Address {
		r = m.lead(a.Host, a.Address, r)
	}
	switch {
	case a.Status != 0:
		r.good, r.failures, r.restUntil = true, 0, time.Time{}
		return 0
	// One that was sent before the rest began tells nothing new.
	case a.began.Before(r.restUntil):
		return 0
	}
	r.good = false
	rest := min(firstRest<<min(r.failures, 10), longestRest)
	r.failures++
	r.restUntil = now.Add(rest)
	return rest
}

// lead notes to which address the host has led, and returns the receiver there. What has been claimed for the host so far stays
// with its old receiver.
func (m *receivers) lead(host, address string, r *receiver) *receiver {
	known := m.byAddress[address]
	switch {
	case known != nil:
		r = known
	case r.address != "": // it is another machine now
		r = new(receiver)
	}
	r.address = address
	m.byAddress[address], m.byHost[host] = r, r
	return r
}

// atOnce is how many callbacks may be sent to it at the same time now.
func (r *receiver) atOnce(now time.Time, perHost int) int {
	switch {
	case now.Before(r.restUntil):
		return 0
	case r.failures > 0:
		return 1
	default:
		return perHost
	}
}

// room is how many callbacks may be claimed for it now.
func (r *receiver) room(now time.Time, perHost int) int {
	atOnce := r.atOnce(now, perHost)
	if r.good && len(r.queue) < atOnce {
		// More than can be sent at once: what is queued is sent without another look into the database.
		return claimBatch - len(r.queue)
	}
	return max(0, atOnce-r.sending-len(r.queue))
}

// rested are the receivers with something queued that may be sent to again.
func (m *receivers) rested(now time.Time) (list []*receiver) {
	for _, r := range m.waiting() {
		if r.atOnce(now, m.perHost) > r.sending {
			list = append(list, r)
		}
	}
	return list
}

// waiting are the receivers with something queued.
func (m *receivers) waiting() (list []*receiver) {
	seen := make(map[*receiver]bool)
	for _, receivers := range []map[string]*receiver{m.byHost, m.byAddress} {
		for _, r := range receivers {
			if len(r.queue) > 0 && !seen[r] {
				seen[r] = true
				list = append(list, r)
			}
		}
	}
	return list
}

// forget forgets the receivers that nothing more has to be known of.
func (m *receivers) forget(now time.Time) {
	for _, receivers := range []map[string]*receiver{m.byHost, m.byAddress} {
		for key, r := range receivers {
			idle := r.sending == 0 && len(r.queue) == 0
			if idle && (r.failures == 0 || now.Sub(r.restUntil) > forgetAfter) {
				delete(receivers, key)
			}
		}
	}
}
