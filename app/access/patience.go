package access

import (
	"encoding/hex"
	"time"

	"noren"
)

// within lists the roles that r covers, as scopes of a Caller.
func within(r noren.Role) []string {
	var scopes []string
	for _, role := range noren.Roles() {
		if r.Covers(role) {
			scopes = append(scopes, string(role))
		}
	}
	return scopes
}

// How long sessions last. A user who is at the counter all day signs in once; an unattended browser is signed out after
// SessionIdle, and any session ends after SessionLife.
const (
	SessionIdle    = 2 * time.Hour
	SessionLife    = 12 * time.Hour
	sessionTouched = time.Minute // how often, at most, the use of a session is written to the database
)

// use returns the session after a use at now. changed is false if that is too small a change to be worth a write.
func use(s noren.ConsoleSession, now time.Time) (used noren.ConsoleSession, changed bool) {
	// A use in the future means that the clock was set back since. The session goes on, and ends as early as it would have.
	if ahead := s.SeenAt.Sub(now); ahead > sessionTouched {
		s.SignedInAt, s.SeenAt = s.SignedInAt.Add(-ahead), now.Add(-sessionTouched)
	}
	if now.Sub(s.SeenAt) < sessionTouched {
		return s, false
	}
	s.SeenAt, s.ExpiresAt = now, now.Add(SessionIdle)
	if end := s.SignedInAt.Add(SessionLife); s.ExpiresAt.After(end) {
		s.ExpiresAt = end
	}
	return s, true
}

// patience is how many failures are free, how long the first wait is, and the longest. The wait doubles with each
// failure. It is bounded, because otherwise anybody could lock a user out by failing on purpose.
type patience struct {
	free  int64
	first time.Duration
	most  time.Duration
}

// loginPatience is the patience with one login.
func loginPatience() patience {
	return patience{free: 4, first: 5 * time.Second, most: 15 * time.Minute}
}

// addressPatience is the patience with one address, which several people may share.
func addressPatience() patience {
	return patience{free: 20, first: 5 * time.Second, most: 5 * time.Minute}
}

// begin counts a try at now as a failure; undo takes that back. It returns TooMany, and does not count, if the try
// comes before the wait is over.
func (p patience) begin(f *noren.SignInFailures, now time.Time) error {
	// As if it had been swept, which happens only now and then.
	if now.Sub(f.LastAt) >= noren.FailuresKept {
		f.Failures, f.BlockedUntil = 0, time.Time{}
	}
	if f.LastAt.Sub(now) > p.most { // the clock was set back since, and the wait with it would be longer than any
		f.BlockedUntil = time.Time{}
	}
	if wait := f.BlockedUntil.Sub(now); wait > 0 {
		return &noren.Error{Kind: noren.TooMany, RetryAfter: wait, Message: "too many failures to sign in; try again later"}
	}
	f.Failures, f.LastAt = f.Failures+1, now
	f.BlockedUntil = now
	if over := f.Failures - p.free; over > 0 {
		f.BlockedUntil = now.Add(min(p.first<<min(over-1, 30), p.most)) // the shift is bounded, because a larger one overflows
	}
	return nil
}

// undo takes back one try that begin counted and that did not fail.
func undo(f *noren.SignInFailures) {
	f.Failures = max(f.Failures-1, 0)
	f.BlockedUntil = f.LastAt
}

// signInSubjects returns what one try is counted under: the login, and the address unless it is "".
func signInSubjects(contract, login, address string) []string {
	// A hash has the same length whatever was typed, and keeps what people mistype, such as passwords, out of the table.
	list := []string{"login " + hex.EncodeToString(noren.HashSecret(contract+"\x00"+login))}
	if address != "" {
		list = append(list, "address "+address)
	}
	return list
}

// PasswordHasher hashes passwords slowly, because people choose passwords that can be guessed.
type PasswordHasher interface {
	Hash(password string) string
	Matches(hash, password string) bool
}
