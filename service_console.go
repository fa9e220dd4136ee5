package noren

import (
	"context"
	"fmt"
	"slices"
	"unicode/utf8"
)

// mostHashing is how many passwords are hashed at once: each takes 19 MiB and a core.
const mostHashing = 4

// longestName bounds what is taken for a contract id or a login, in bytes.
const longestName = 200

// Credentials are what a person types to sign in, and where from.
type Credentials struct {
	Contract, Login, Password string
	Address                   string // of the network; "" where it says nothing of who tries
}

// Visit is a console user with a session.
type Visit struct {
	Caller  Caller // of the dialect Console, bound to the user's store; its scopes are the roles that the user has
	User    ConsoleUser
	Session ConsoleSession
}

// newVisit makes the caller that the service knows a console user by.
func newVisit(t Tenant, u ConsoleUser, s ConsoleSession) Visit {
	scopes := u.Role.within()
	client := Client{Name: u.Login, Dialect: Console, Kind: UserClient, StoreID: u.StoreID, Scopes: scopes}
	return Visit{Caller{Tenant: t, Client: client, Scopes: scopes, Login: u.Login}, u, s}
}

// SignIn begins a session and answers the secret that the browser is to hold, and whose it is. Unauthenticated where
// contract, login and password do not belong together; TooMany where that login, or anybody at that address, has failed
// too often of late. Neither tells, by its words or by the time it takes, whether there is such a login.
func (s *Service) SignIn(ctx context.Context, in Credentials, requestID string) (secret string, v Visit, err error) {
	wrong := &Error{Kind: Unauthenticated, Message: "contract, login and password do not belong together"}
	if len(in.Contract) > longestName || len(in.Login) > longestName || utf8.RuneCountInString(in.Password) > MaxPassword {
		return "", Visit{}, wrong
	}
	subjects := signInSubjects(in.Contract, in.Login, in.Address)
	if err := s.beginTry(ctx, subjects); err != nil {
		return "", Visit{}, err
	}
	tenant, user, err := s.consoleUser(ctx, in.Contract, in.Login)
	if err != nil {
		return "", Visit{}, err
	}
	hash := user.PasswordHash
	if hash == "" {
		hash = s.decoy()
	}
	if ok, err := s.matches(ctx, hash, in.Password); err != nil {
		return "", Visit{}, err
	} else if !ok || user.PasswordHash == "" {
		return "", Visit{}, wrong
	}
	now := s.now()
	secret = NewSecret("")
	session := ConsoleSession{
		Hash: HashSecret(secret), Login: user.Login, SignedInAt: now, SeenAt: now, ExpiresAt: now.Add(SessionIdle),
	}
	v = newVisit(tenant, user, session)
	v.Caller.RequestID = requestID
	err = s.engine.Update(ctx, tenant.ID, func(tx Tx) error {
		if err := tx.AddConsoleSession(ctx, session); err != nil {
			return err
		}
		return auditSession(ctx, tx, v.Caller.entry(now), nil, "signed in")
	})
	if err != nil {
		return "", Visit{}, err
	}
	return secret, v, s.endTry(ctx, subjects)
}

// beginTry counts a try as failed before it is known, so that many at once cannot be more than are allowed.
func (s *Service) beginTry(ctx context.Context, subjects []string) error {
	now := s.now()
	return s.engine.SignInFailures(ctx, subjects, func(stored []SignInFailures) error {
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

// endTry forgets the failures of a login whose password was right. Those of the address remain, but for this try: one
// right password is no leave to guess others.
func (s *Service) endTry(ctx context.Context, subjects []string) error {
	return s.engine.SignInFailures(ctx, subjects, func(stored []SignInFailures) error {
		stored[0].Failures = 0
		for i := range stored[1:] {
			stored[1+i].undo()
		}
		return nil
	})
}

// consoleUser finds a user; the zero user where there is no such login or contract.
func (s *Service) consoleUser(ctx context.Context, contract, login string) (Tenant, ConsoleUser, error) {
	tenant, err := s.TenantByContract(ctx, contract)
	if err != nil && KindOf(err) == NotFound {
		return Tenant{}, ConsoleUser{}, nil
	} else if err != nil {
		return Tenant{}, ConsoleUser{}, err
	}
	var user ConsoleUser
	err = s.engine.View(ctx, tenant.ID, func(tx Tx) error {
		users, err := tx.ConsoleUsers(ctx)
		if i := slices.IndexFunc(users, func(u ConsoleUser) bool { return u.Login == login }); i >= 0 {
			user = users[i]
		}
		return err
	})
	return tenant, user, err
}

// matches checks a password when it is its turn.
func (s *Service) matches(ctx context.Context, hash, password string) (bool, error) {
	select {
	case s.hashing <- struct{}{}:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	defer func() { <-s.hashing }()
	return s.passwords.Matches(hash, password), nil
}

// Visit finds who holds the secret of a session, and lets the session go on. Unauthenticated where nobody does, or it
// has expired. What a user may do is what they may now, not what they might when they signed in.
func (s *Service) Visit(ctx context.Context, secret string) (Visit, error) {
	unknown := &Error{Kind: Unauthenticated, Message: "the session is unknown or has ended"}
	if secret == "" {
		return Visit{}, unknown
	}
	tenant, user, session, err := s.engine.ConsoleSession(ctx, HashSecret(secret))
	switch {
	case err != nil && KindOf(err) == NotFound:
		return Visit{}, unknown
	case err != nil:
		return Visit{}, err
	case !s.now().Before(session.ExpiresAt):
		return Visit{}, unknown
	}
	session, changed := session.use(s.now())
	if changed {
		err = s.engine.Update(ctx, tenant.ID, func(tx Tx) error { return tx.TouchConsoleSession(ctx, session) })
	}
	return newVisit(tenant, user, session), err
}

// SignOut ends the session.
func (s *Service) SignOut(ctx context.Context, v Visit) error {
	return s.engine.Update(ctx, v.Caller.Tenant.ID, func(tx Tx) error {
		if err := tx.DeleteConsoleSession(ctx, v.Session.Hash); err != nil {
			return err
		}
		return auditSession(ctx, tx, v.Caller.entry(s.now()), "signed in", nil)
	})
}

// SignOutEverywhere ends all sessions of the user, this one among them.
func (s *Service) SignOutEverywhere(ctx context.Context, v Visit) error {
	return s.engine.Update(ctx, v.Caller.Tenant.ID, func(tx Tx) error {
		n, err := tx.DeleteConsoleSessions(ctx, []string{v.User.Login}, nil)
		if err != nil || n == 0 {
			return err
		}
		return auditSession(ctx, tx, v.Caller.entry(s.now()), fmt.Sprintf("signed in in %d places", n), nil)
	})
}

// ChangePassword gives the user another password and ends their other sessions. Refusals, with the fields password and
// new_password, where the old one is wrong or the new one too short, too long or the old one; TooMany as SignIn.
func (s *Service) ChangePassword(ctx context.Context, v Visit, old, changed string) error {
	switch n := utf8.RuneCountInString(changed); {
	case n < MinPassword || n > MaxPassword:
		return Refusals{{
			Kind: Invalid, Reason: ReasonPasswordLength, Field: "new_password",
			Message: fmt.Sprintf("is not %d to %d characters long", MinPassword, MaxPassword),
		}}
	case old == changed:
		return Refusals{{Kind: Invalid, Reason: ReasonPasswordSame, Field: "new_password", Message: "is the old one"}}
	}
	subjects := signInSubjects(v.Caller.Tenant.Contract, v.User.Login, "")
	if err := s.beginTry(ctx, subjects); err != nil {
		return err
	}
	if ok, err := s.matches(ctx, v.User.PasswordHash, old); err != nil {
		return err
	} else if !ok {
		return Refusals{{Kind: Invalid, Reason: ReasonPasswordWrong, Field: "password", Message: "is wrong"}}
	}
	user := v.User
	user.PasswordHash = s.passwords.Hash(changed)
	err := s.engine.Update(ctx, v.Caller.Tenant.ID, func(tx Tx) error {
		users, err := tx.ConsoleUsers(ctx)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(users, func(u ConsoleUser) bool { return u.Login == user.Login && u.PasswordHash == v.User.PasswordHash }) {
			return &Error{Kind: Conflict, Field: "password", Message: "the password was changed meanwhile"}
		}
		if err := tx.PutConsoleUsers(ctx, []ConsoleUser{user}); err != nil {
			return err
		}
		if _, err := tx.DeleteConsoleSessions(ctx, []string{user.Login}, v.Session.Hash); err != nil {
			return err
		}
		by := v.Caller.entry(s.now())
		by.Subject, by.SubjectID, by.Changes = "console users", user.Login, change("password", nil, "changed")
		return lane{tx: tx}.audit(ctx, []AuditEntry{by})
	})
	if err != nil {
		return err
	}
	return s.endTry(ctx, subjects)
}

// auditSession records that a session began or ended.
func auditSession(ctx context.Context, tx Tx, by AuditEntry, before, after any) error {
	by.Subject, by.SubjectID, by.Changes = "console session", by.Login, change("session", before, after)
	return lane{tx: tx}.audit(ctx, []AuditEntry{by})
}

// SoleContract is the contract id where the database has exactly one tenant, which then need not be typed; else "".
func (s *Service) SoleContract(ctx context.Context) (string, error) {
	tenants, err := s.engine.Tenants(ctx)
	if err != nil || len(tenants) != 1 {
		return "", err
	}
	return tenants[0].Contract, nil
}
