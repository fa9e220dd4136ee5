package web

import (
	"crypto/sha256"
	"net/http"
	"testing"
	"time"

	"noren"
)

// TestGuesses has an address that fails again and again, and its neighbours.
func TestGuesses(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	g := newGuesses(func() time.Time { return now })
	hash := func(s string) [sha256.Size]byte { return sha256.Sum256([]byte(s)) }
	g.note("192.0.2.1", hash("good"), true)
	tried := 0
	for i := range 1000 {
		if g.check("192.0.2.1", hash(string(rune(i)))) == nil {
			tried++
			g.note("192.0.2.1", hash(string(rune(i))), false)
		}
	}
	if tried > freeGuesses+1 {
		t.Errorf("%d credentials were tried at once", tried)
	}
	err := g.check("192.0.2.1", hash("new"))
	if noren.KindOf(err) != noren.TooMany {
		t.Errorf("a new credential: %v", err)
	}
	if g.check("192.0.2.1", hash("good")) != nil || g.check("192.0.2.2", hash("new")) != nil {
		t.Error("a credential that was right, or another address, is refused")
	}
	g.note("192.0.2.1", hash("good"), false)
	if g.check("192.0.2.1", hash("good")) == nil {
		t.Error("a credential that was withdrawn is still known")
	}
	tried = 0
	for range 60 {
		now = now.Add(time.Second)
		for i := range 10 {
			if g.check("192.0.2.1", hash(string(rune(i)))) == nil {
				tried++
				g.note("192.0.2.1", hash(string(rune(i))), false)
			}
		}
	}
	if tried < 55 || tried > 61 {
		t.Errorf("%d tries in a minute, want one a second", tried)
	}
}

func TestGuesserOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ address, told, want string }{
		{"192.0.2.7", "", "192.0.2.7"},
		{"192.0.2.7", "198.51.100.1", "192.0.2.7"}, // not from this machine: anybody may write the header
		{"127.0.0.1", "", "127.0.0.1"},
		{"127.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"},
		{"::1", "2001:db8:1:2:3::4", "2001:db8:1:2::/64"},
		{"127.0.0.1", "unknown", "127.0.0.1"},
		{"2001:db8:1:2:3::4", "", "2001:db8:1:2::/64"},
		{"@", "", "@"},
	} {
		r := &http.Request{Header: http.Header{}}
		if c.told != "" {
			r.Header.Set("X-Forwarded-For", c.told)
		}
		if got := guesserOf(r, c.address); got != c.want {
			t.Errorf("%s, told %s: %s, want %s", c.address, c.told, got, c.want)
		}
	}
}
