package noren

import (
	"context"
	"slices"
	"time"
)

// Role says what a console user may do. Each role may do what those before it may.
type Role string

// The roles, from the least to the most powerful.
const (
	Viewer Role = "viewer" // reads
	Clerk  Role = "staff"  // serves members at the counter
	Admin  Role = "admin"  // operates the tenant
)

// Roles lists every role, from the least to the most powerful.
func Roles() []Role { return []Role{Viewer, Clerk, Admin} }

// Covers reports whether the role may do what least may. An unknown role covers nothing.
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
	// FileHash is the hash of the password in the shop file when it was applied last; "" if that is not known.
	FileHash   string     `json:"-"`
	DisabledAt *time.Time // the user may not sign in; nil: may
}

// ConsoleSession is one browser in which a user has signed in. It is found by the hash of the secret in the browser's
// cookie.
type ConsoleSession struct {
	Hash       []byte
	Login      string
	SignedInAt time.Time
	SeenAt     time.Time
	ExpiresAt  time.Time // moves on with use
}

// SignInFailures counts the failures in a row to sign in under one subject: a login, or a network address.
type SignInFailures struct {
	Subject      string
	Failures     int64
	LastAt       time.Time
	BlockedUntil time.Time
}

// FailuresKept is how long after the last one failures are forgotten.
const FailuresKept = 24 * time.Hour

// UserTx reads and writes console users and their sessions.
type UserTx interface {
	ConsoleUsers(ctx context.Context) ([]ConsoleUser, error) // by login
	PutConsoleUsers(ctx context.Context, users []ConsoleUser) error
	AddConsoleSession(ctx context.Context, s ConsoleSession) error
	// TouchConsoleSession stores the times of the session. A deleted session stays deleted.
	TouchConsoleSession(ctx context.Context, s ConsoleSession) error
	// DeleteConsoleSessions deletes the sessions of the logins, except the one with the hash kept (nil: no exception). It
	// returns how many there were.
	DeleteConsoleSessions(ctx context.Context, logins []string, kept []byte) (int, error)
	// DeleteConsoleSession deletes the session with the hash, if there is one.
	DeleteConsoleSession(ctx context.Context, hash []byte) error
}

// UserDirectory finds console users before their tenant is known.
type UserDirectory interface {
	// ConsoleSession finds the session with that hash, with its tenant and user. named is the tenant that its secret names; 0
	// for a session that an earlier version began. NotFound if there is none, or the user no longer exists. The caller checks
	// whether it has expired.
	ConsoleSession(ctx context.Context, named TenantID, hash []byte) (Tenant, ConsoleUser, ConsoleSession, error)
	// SignInFailures locks what is stored under each of the subjects, runs fn on it (zero values where nothing is stored)
	// and stores the result, in one transaction. Subjects with zero failures are removed. fn may run more than once; if it
	// fails, nothing is stored and its error is returned unchanged.
	SignInFailures(ctx context.Context, subjects []string, fn func(stored []SignInFailures) error) error
}
