package noren

import (
	"encoding/hex"
	"slices"
	"time"
)

// Role says what a console user may do. Each role may do what those before it may.
type Role string

// The roles, from the least on.
const (
	Viewer Role = "viewer" // looks
	Clerk  Role = "staff"  // serves members at the counter
	Admin  Role = "admin"  // operates the tenant
)

// Roles lists every role, from the least on.
func Roles() []Role { return []Role{Viewer, Clerk, Admin} }

// within lists the roles that it covers, as scopes of a Caller.
func (r Role) within() []string {
	var scopes []string
	for _, role := range Roles() {
		if r.Covers(role) {
			scopes = append(scopes, string(role))
		}
	}
	return scopes
}

// Covers reports whether the role may do what least may. A role that is not known covers nothing.
func (r Role) Covers(least Role) bool {
	own, needed := slices.Index(Roles(), r), slices.Index(Roles(), least)
	return own >= 0 && needed >= 0 && own >= needed
}

// ConsoleUser may sign in to the console.
type ConsoleUser struct {
	Login        string // unique within the tenant
	PasswordHash string `json:"-"` // argon2id, in PHC form
	Role         Role
	StoreID      *int64 // restricts what the user sees and changes; nil: the whole tenant
}

// ConsoleSession is one browser that a user has signed in with. It is found by the hash of what the browser holds.
type ConsoleSession struct {
	Hash       []byte
	Login      string
	SignedInAt time.Time
	SeenAt     time.Time
	ExpiresAt  time.Time // unless it is used before
}

// The lives of a session. Whoever is at the counter all day signs in once; a browser that is left alone does not stay
// open over night, and none for ever.
const (
	SessionIdle    = 2 * time.Hour
	SessionLife    = 12 * time.Hour
	sessionTouched = time.Minute // how often it is written down that a session is in use, at most
)

// use answers the session as it is when it is used at now; changed is false where that is not worth writing down.
func (s ConsoleSession) use(now time.Time) (used ConsoleSession, changed bool) {
	if now.Sub(s.SeenAt) < sessionTouched {
		return s, false
	}
	s.SeenAt, s.ExpiresAt = now, now.Add(SessionIdle)
	if end := s.SignedInAt.Add(SessionLife); s.ExpiresAt.After(end) {
		s.ExpiresAt = end
	}
	return s, true
}

// The limits of passwords, in characters. A long one is no better, and hashing costs time.
const (
	MinPassword = 10
	MaxPassword = 200
)

// SignInFailures is how often signing in failed in a row under one subject: a login, or a network address.
type SignInFailures struct {
	Subject      string
	Failures     int64
	LastAt       time.Time
	BlockedUntil time.Time
}

// FailuresKept is how long after the last failure they are forgotten.
const FailuresKept = 24 * time.Hour

// patience is how often one may fail before having to wait, how long the first wait is, and the longest. The wait
// doubles with each failure; it is never for ever, or whoever fails on purpose would keep a user out.
type patience struct {
	free  int64
	first time.Duration
	most  time.Duration
}

// loginPatience is that with one login.
func loginPatience() patience {
	return patience{free: 4, first: 5 * time.Second, most: 15 * time.Minute}
}

// addressPatience is that with one address, which several people may share.
func addressPatience() patience {
	return patience{free: 20, first: 5 * time.Second, most: 5 * time.Minute}
}

// begin counts a try at now as if it failed; done takes that back. TooMany, without counting, where it came too soon.
func (p patience) begin(f *SignInFailures, now time.Time) error {
	if now.Sub(f.LastAt) >= FailuresKept {
		f.Failures, f.BlockedUntil = 0, time.Time{}
	}
	if wait := f.BlockedUntil.Sub(now); wait > 0 {
		return &Error{Kind: TooMany, RetryAfter: wait, Message: "signing in has failed too often"}
	}
	f.Failures, f.LastAt = f.Failures+1, now
	f.BlockedUntil = now
	if over := f.Failures - p.free; over > 0 {
		f.BlockedUntil = now.Add(min(p.first<<min(over-1, 30), p.most))
	}
	return nil
}

// undo takes back one try of begin that did not fail.
func (f *SignInFailures) undo() {
	f.Failures = max(f.Failures-1, 0)
	f.BlockedUntil = f.LastAt
}

// signInSubjects names what is counted for one try: the login, and the address unless it is "".
func signInSubjects(contract, login, address string) []string {
	// The hash has one length whatever was typed, and keeps what people mistype, passwords among it, out of the table.
	list := []string{"login " + hex.EncodeToString(HashSecret(contract+"\x00"+login))}
	if address != "" {
		list = append(list, "address "+address)
	}
	return list
}
