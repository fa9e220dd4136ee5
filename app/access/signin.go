package access

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"noren"
	"noren/app/audit"
)

// The limits of passwords, in characters. The upper one bounds the cost of hashing; longer passwords are not safer.
const (
	MinPassword = 10
	MaxPassword = 200
)

// NewPassword returns what is wrong with a password that somebody chooses; nil if it is good. Characters are counted as passwords are
// compared, after Unicode normalization, which makes one of a half-width ガ; blanks at the ends do not count.
func NewPassword(password string) *noren.Error {
	n := utf8.RuneCountInString(strings.TrimSpace(norm.NFKC.String(password)))
	if n >= MinPassword && utf8.RuneCountInString(password) <= MaxPassword {
		return nil
	}
	return &noren.Error{
		Kind: noren.Invalid, Reason: noren.ReasonPasswordLength, Message: fmt.Sprintf("must be %d to %d characters", MinPassword, MaxPassword),
	}
}

// mostHashing is how many passwords are hashed at once: each takes 19 MiB and a core.
const mostHashing = 4

// longestName is the longest contract id or login that is looked up, in bytes.
const longestName = 200

// Credentials are what a person types to sign in, and the address they come from.
type Credentials struct {
	Contract, Login, Password string
	Address                   string // network address; "" if it does not identify who tries
	Device                    string // what NewDevice returned to the browser; "" if it has none
}

// Visit is a console user with a session.
type Visit struct {
	Caller  noren.Caller // of the dialect Console, restricted to the user's store; its scopes are the roles that the user's role covers
	User    noren.ConsoleUser
	Session noren.ConsoleSession
}

// newVisit makes the Caller for a console user.
func newVisit(t noren.Tenant, u noren.ConsoleUser, s noren.ConsoleSession) Visit {
	scopes := within(u.Role)
	client := noren.Client{Name: u.Login, Dialect: noren.Console, Kind: noren.UserClient, StoreID: u.StoreID, Scopes: scopes}
	return Visit{noren.Caller{Tenant: t, Client: client, Scopes: scopes, Login: u.Login}, u, s}
}

// SignIn begins a session, and returns the secret for the browser's cookie and the user. Unauthenticated if contract,
// login or password is wrong; TooMany if there were too many recent failures with that login or from that address; a
// *CodeNeeded if all are right and the user has a second factor. Neither the words nor the time taken reveal whether the
// login exists.
func (s *Service) SignIn(ctx context.Context, in Credentials, requestID string) (secret string, v Visit, err error) {
	wrong := &noren.Error{Kind: noren.Unauthenticated, Message: "wrong contract ID, login or password"}
	if len(in.Contract) > longestName || len(in.Login) > longestName || utf8.RuneCountInString(in.Password) > MaxPassword {
		return "", Visit{}, wrong
	}
	// Counted before the user is looked up, so that a login that does not exist is counted like any other.
	subjects, err := s.subjects(ctx, in)
	if err != nil {
		return "", Visit{}, err
	}
	if err := s.beginTry(ctx, subjects); err != nil {
		return "", Visit{}, err
	}
	a, err := s.account(ctx, in.Contract, in.Login)
	if err != nil {
		return "", Visit{}, err
	}
	hash := a.user.PasswordHash
	if hash == "" {
		hash = s.decoy() // so that an unknown login takes as long as a wrong password
	}
	if ok, err := s.matches(ctx, hash, in.Password); err != nil {
		return "", Visit{}, err
	} else if !ok || a.user.PasswordHash == "" || a.user.DisabledAt != nil {
		if err := s.noteFailure(ctx, a, requestID); err != nil {
			return "", Visit{}, err
		}
		return "", Visit{}, wrong
	}
	if a.factor.On() {
		ticket, err := s.newTicket(ctx, a)
		if err != nil {
			return "", Visit{}, err
		}
		// Earlier failures stay: a right password must not let anybody go on guessing codes.
		if err := s.undoTry(ctx, subjects); err != nil {
			return "", Visit{}, err
		}
		return "", Visit{}, &CodeNeeded{Ticket: ticket}
	}
	secret, v = s.newSession(a, requestID)
	err = s.run.Update(ctx, a.tenant.ID, func(tx Tx) error { return s.addSession(ctx, tx, v, "signed in") })
	if err != nil {
		return "", Visit{}, err
	}
	return secret, v, s.endTry(ctx, subjects)
}

// newSession makes a session of the user that is not stored yet. The browser gets the secret, the database its hash: who
// reads the database cannot take over a session.
func (s *Service) newSession(a account, requestID string) (secret string, v Visit) {
	now := s.run.Now()
	secret = noren.NewTenantSecret(a.tenant.ID)
	v = newVisit(a.tenant, a.user, noren.ConsoleSession{
		Hash: noren.HashSecret(secret), Login: a.user.Login, SignedInAt: now, SeenAt: now, ExpiresAt: now.Add(SessionIdle),
	})
	v.Caller.RequestID = requestID
	return secret, v
}

// addSession stores a session and records how it began.
func (s *Service) addSession(ctx context.Context, tx Tx, v Visit, how string) error {
	if err := tx.AddConsoleSession(ctx, v.Session); err != nil {
		return err
	}
	return auditSession(ctx, tx, v.Caller.Entry(v.Session.SignedInAt), nil, how)
}

// noteFailure records that somebody failed to sign in. A login that does not exist is not written down: people type their
// passwords there.
func (s *Service) noteFailure(ctx context.Context, a account, requestID string) error {
	if a.tenant.ID == 0 {
		return nil // there is no such tenant, and so no log
	}
	by := noren.AuditEntry{At: s.run.Now(), Login: a.user.Login, Dialect: string(noren.Console), RequestID: requestID}
	return s.run.Update(ctx, a.tenant.ID, func(tx Tx) error { return auditSession(ctx, tx, by, nil, "failed") })
}

// beginTry counts a try as failed before its result is known, so that many parallel tries cannot get past the limit.
func (s *Service) beginTry(ctx context.Context, subjects []string) error {
	now := s.run.Now()
	return s.directory.SignInFailures(ctx, subjects, func(stored []noren.SignInFailures) error {
		for i := range stored {
			p := addressPatience()
			if i == 0 {
				p = loginPatience()
			}
			if err := p.begin(&stored[i], now); err != nil {
				return err
			}
		}
		return nil
	})
}

// endTry forgets the failures of a login whose password was right. Of the address it takes back only this try: one
// right password must not let its owner go on guessing others.
func (s *Service) endTry(ctx context.Context, subjects []string) error {
	return s.directory.SignInFailures(ctx, subjects, func(stored []noren.SignInFailures) error {
		stored[0].Failures = 0
		for i := range stored[1:] {
			undo(&stored[1+i])
		}
		return nil
	})
}

// undoTry takes back a try that did not fail, and leaves the failures before it.
func (s *Service) undoTry(ctx context.Context, subjects []string) error {
	return s.directory.SignInFailures(ctx, subjects, func(stored []noren.SignInFailures) error {
		for i := range stored {
			undo(&stored[i])
		}
		return nil
	})
}

// account is a console user with the tenant and the second factor.
type account struct {
	tenant noren.Tenant
	user   noren.ConsoleUser
	factor noren.SecondFactor
}

// account finds a user. It returns the zero account if there is no such contract, and one with the zero user if there is no such
// login.
func (s *Service) account(ctx context.Context, contract, login string) (a account, err error) {
	a.tenant, err = s.TenantByContract(ctx, contract)
	if err != nil && noren.KindOf(err) == noren.NotFound {
		return account{}, nil
	} else if err != nil {
		return account{}, err
	}
	err = s.run.View(ctx, a.tenant.ID, func(tx Tx) error {
		users, err := tx.ConsoleUsers(ctx)
		if err != nil {
			return err
		}
		factors, err := tx.SecondFactors(ctx)
		if i := slices.IndexFunc(users, func(u noren.ConsoleUser) bool { return u.Login == login }); i >= 0 {
			a.user = users[i]
		}
		a.factor = factorOf(factors, login)
		return err
	})
	return a, err
}

// matches checks a password, after waiting for a free place among those being hashed.
func (s *Service) matches(ctx context.Context, hash, password string) (bool, error) {
	select {
	// Waiting keeps a flood of tries from taking all memory and every core; whoever waits too long is ended by the
	// request's deadline.
	case s.hashing <- struct{}{}:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	defer func() { <-s.hashing }()
	return s.passwords.Matches(hash, password), nil
}

// Visit finds the user whose session has the secret, and prolongs the session. Unauthenticated if the session is
// unknown or has expired. The user's role and store are those of now, not those of signing in.
func (s *Service) Visit(ctx context.Context, secret string) (Visit, error) {
	unknown := &noren.Error{Kind: noren.Unauthenticated, Message: "the session is unknown or has ended"}
	if secret == "" {
		return Visit{}, unknown
	}
	tenant, user, session, err := s.directory.ConsoleSession(ctx, noren.TenantNamed(secret), noren.HashSecret(secret))
	switch {
	case err != nil && noren.KindOf(err) == noren.NotFound:
		return Visit{}, unknown
	case err != nil:
		return Visit{}, err
	// Expired sessions are swept only now and then, so the time is checked here.
	case !s.run.Now().Before(session.ExpiresAt):
		return Visit{}, unknown
	}
	session, changed := use(session, s.run.Now())
	if changed {
		err = s.run.Update(ctx, tenant.ID, func(tx Tx) error { return tx.TouchConsoleSession(ctx, session) })
	}
	return newVisit(tenant, user, session), err
}

// SignOut ends the session.
func (s *Service) SignOut(ctx context.Context, v Visit) error {
	return s.run.Update(ctx, v.Caller.Tenant.ID, func(tx Tx) error {
		if err := tx.DeleteConsoleSession(ctx, v.Session.Hash); err != nil {
			return err
		}
		return auditSession(ctx, tx, v.Caller.Entry(s.run.Now()), "signed in", nil)
	})
}

// SignOutEverywhere ends all sessions of the user, including this one.
func (s *Service) SignOutEverywhere(ctx context.Context, v Visit) error {
	return s.run.Update(ctx, v.Caller.Tenant.ID, func(tx Tx) error {
		n, err := tx.DeleteConsoleSessions(ctx, []string{v.User.Login}, nil)
		if err != nil || n == 0 {
			return err
		}
		return auditSession(ctx, tx, v.Caller.Entry(s.run.Now()), fmt.Sprintf("signed in in %d places", n), nil)
	})
}

// ChangePassword sets a new password and ends the user's other sessions. Refusals, with the fields password and
// new_password, if the old password is wrong, or the new one is the same or none that NewPassword takes; TooMany as for SignIn.
func (s *Service) ChangePassword(ctx context.Context, v Visit, old, changed string) error {
	switch wrong := NewPassword(changed); {
	case wrong != nil:
		wrong.Field = "new_password"
		return noren.Refusals{wrong}
	case old == changed:
		return noren.Refusals{{
			Kind: noren.Invalid, Reason: noren.ReasonPasswordSame, Field: "new_password", Message: "must differ from the old password",
		}}
	}
	subjects := signInSubjects(v.Caller.Tenant.Contract, v.User.Login, "")
	// Counted like signing in: otherwise a stolen session could be used to guess the password.
	if err := s.beginTry(ctx, subjects); err != nil {
		return err
	}
	if ok, err := s.matches(ctx, v.User.PasswordHash, old); err != nil {
		return err
	} else if !ok {
		return noren.Refusals{{Kind: noren.Invalid, Reason: noren.ReasonPasswordWrong, Field: "password", Message: "wrong password"}}
	}
	// Outside the transaction: hashing is slow on purpose, and SQLite has one writer.
	user := v.User
	user.PasswordHash = s.passwords.Hash(changed)
	err := s.run.Update(ctx, v.Caller.Tenant.ID, func(tx Tx) error {
		users, err := tx.ConsoleUsers(ctx)
		if err != nil {
			return err
		}
		// Hashing takes a while outside the transaction, and the password may have been changed since.
		at := slices.IndexFunc(users, func(u noren.ConsoleUser) bool { return u.Login == user.Login && u.PasswordHash == v.User.PasswordHash })
		if at < 0 {
			return &noren.Error{Kind: noren.Conflict, Field: "password", Message: "the password was changed in the meantime"}
		}
		stored := users[at]
		stored.PasswordHash = user.PasswordHash
		if err := tx.PutConsoleUsers(ctx, []noren.ConsoleUser{stored}); err != nil {
			return err
		}
		// Whoever has signed in with the old password, perhaps not its owner, has to do so again.
		if _, err := tx.DeleteConsoleSessions(ctx, []string{user.Login}, v.Session.Hash); err != nil {
			return err
		}
		by := v.Caller.Entry(s.run.Now())
		by.Subject, by.SubjectID, by.Changes = "console users", user.Login, audit.Change("password", nil, "changed")
		return tx.AddAudit(ctx, []noren.AuditEntry{by})
	})
	if err != nil {
		return err
	}
	return s.endTry(ctx, subjects)
}

// auditSession records the beginning or the end of a session.
func auditSession(ctx context.Context, tx Tx, by noren.AuditEntry, before, after any) error {
	by.Subject, by.SubjectID, by.Changes = "console session", by.Login, audit.Change("session", before, after)
	return tx.AddAudit(ctx, []noren.AuditEntry{by})
}
