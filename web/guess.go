package web

import (
	"crypto/sha256"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"noren"
)

// Guessing a credential is slowed by the address that it comes from: so many failures may come at once, and then one in each
// guessPause. A credential that has been right before is let through whatever its neighbours do, so that nobody can lock
// another out. This is per server, as what is known of credentials: a server that is restarted starts over.
const (
	freeGuesses = 100
	guessPause  = time.Second
	// maxGuessers bounds how many addresses and credentials are remembered. When there are more, all are forgotten, which
	// gives an attacker with that many addresses a few more tries.
	maxGuessers = 1 << 16
)

// guesses counts failures.
type guesses struct {
	now func() time.Time

	mu    sync.Mutex
	until map[string]time.Time       // by address: when all of its failures are forgotten
	known map[[sha256.Size]byte]bool // credentials that were right, by their hash
}

// newGuesses starts without any. Its times are compared with one another only: those of time.Now have the monotonic clock in them, so
// that nobody waits longer because the clock was set.
func newGuesses(now func() time.Time) *guesses {
	return &guesses{now: now, until: make(map[string]time.Time), known: make(map[[sha256.Size]byte]bool)}
}

// check returns TooMany if the credential may not be looked at now, because too many from its address were wrong.
func (g *guesses) check(address string, credential [sha256.Size]byte) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	free := g.now().Add(freeGuesses * guessPause)
	// One time an address is enough: each failure moves it on by a pause.
	until, failed := g.until[address]
	if !failed || !until.After(free) || g.known[credential] {
		return nil
	}
	over := until.Sub(free)
	return &noren.Error{Kind: noren.TooMany, RetryAfter: over, Message: "too many wrong credentials from this address"}
}

// note records whether the credential was right.
func (g *guesses) note(address string, credential [sha256.Size]byte, right bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if right {
		if len(g.known) >= maxGuessers {
			clear(g.known)
		}
		g.known[credential] = true
		return
	}
	delete(g.known, credential) // it was withdrawn
	if len(g.until) >= maxGuessers {
		clear(g.until)
	}
	from := g.now()
	if until := g.until[address]; until.After(from) {
		from = until
	}
	g.until[address] = from.Add(guessPause)
}

// presented returns the hash of the credential that the request's headers present; ok is false if there is none, which is
// no guess. Sessions of the console are not among them: signing in has counters of its own, which all servers share.
func presented(r *http.Request) (credential [sha256.Size]byte, ok bool) {
	authorization, identification := r.Header.Get("Authorization"), r.Header.Get("X-Identification")
	return credentialOf(authorization, identification), authorization != "" || identification != ""
}

// credentialOf returns the hash of a credential by the headers that present it.
func credentialOf(authorization, identification string) [sha256.Size]byte {
	return sha256.Sum256([]byte(authorization + "\n" + identification))
}

// guesserOf is the address by which wrong credentials are counted. A proxy on this machine is asked for the client's address
// even if the operator has not named it: nobody else can send from there. In IPv6 it is the /64 network, which belongs to one
// customer.
func guesserOf(r *http.Request, address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if a.IsLoopback() {
		// The last entry, which the proxy has added itself.
		told := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		if next, err := netip.ParseAddr(strings.TrimSpace(told[len(told)-1])); err == nil {
			a = plain(next)
		}
	}
	if a.Is6() && !a.IsLoopback() {
		network, _ := a.Prefix(64) // 64 is valid for any IPv6 address
		return network.String()
	}
	return a.String()
}
