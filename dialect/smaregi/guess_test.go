package smaregi

import (
	"fmt"
	"net/url"
	"testing"
	"time"
)

// TestGuessingIsSlowed guesses tokens, and secrets at the endpoint for tokens; a client that has called before is not slowed.
func TestGuessingIsSlowed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	statuses := func(send func(i int) int) map[int]int {
		seen := make(map[int]int)
		for i := range 200 {
			seen[send(i)]++
		}
		return seen
	}
	if got := b.Do(request{Method: "GET", Path: "/stores", As: "a"}).Status; got != 200 {
		t.Fatal(got)
	}
	byToken := statuses(func(i int) int {
		return b.Do(request{Method: "GET", Path: "/stores", Header: map[string]string{"Authorization": fmt.Sprintf("Bearer guess-%d", i)}}).Status
	})
	if byToken[401] < 100 || byToken[401] > 102 || byToken[401]+byToken[429] != 200 {
		t.Errorf("guesses of tokens: %v", byToken)
	}
	b.Clock.Advance(time.Second / 2)
	if got := b.Do(request{Method: "GET", Path: "/stores", As: "a"}).Status; got != 200 {
		t.Errorf("a known client from the same address: %d", got)
	}
	// Its next token, too, which it gets every hour and which nobody has presented yet.
	next := b.newToken(shopA, "app-A")
	if got := b.Do(request{Method: "GET", Path: "/stores", Header: map[string]string{"Authorization": "Bearer " + next}}).Status; got != 200 {
		t.Errorf("a token that has just been issued: %d", got)
	}
	b.Clock.Advance(time.Hour)
	bySecret := statuses(func(i int) int {
		form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"app-A"}, "client_secret": {fmt.Sprint("guess ", i)}}
		b.Clock.Advance(50 * time.Millisecond) // within the rate limit of the endpoint
		return b.Do(request{Method: "POST", Path: "/app/" + shopA + "/token", Body: form.Encode()}).Status
	})
	if bySecret[401] < 100 || bySecret[401] > 115 || bySecret[401]+bySecret[429] != 200 {
		t.Errorf("guesses of secrets: %v", bySecret)
	}
}
