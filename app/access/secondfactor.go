package access

import (
	"bytes"
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"time"

	"noren"
	"noren/app/audit"
	"noren/onetime"
)

// recoveryCodes is how many recovery codes a user gets.
const recoveryCodes = 10

// factorOf finds the second factor of a login; the zero one if there is none.
func factorOf(list []noren.SecondFactor, login string) noren.SecondFactor {
	if i := slices.IndexFunc(list, func(f noren.SecondFactor) bool { return f.Login == login }); i >= 0 {
		return list[i]
	}
	return noren.SecondFactor{}
}

// useCode uses up a code of a second factor that is on: one of the app, which must be later than the last, or a recovery code.
// how says which, for the log; ok is false if it is neither.
func useCode(f *noren.SecondFactor, typed string, now time.Time) (how string, ok bool) {
	code := onetime.Plain(typed)
	if !f.On() {
		return "", false
	}
	if step, right := onetime.Step(f.Secret, code, now); right && step > f.UsedStep {
		f.UsedStep = step
		return "signed in", true
	}
	hash := noren.HashSecret(code)
	at := slices.IndexFunc(f.Recovery, func(kept []byte) bool { return bytes.Equal(kept, hash) })
	if at < 0 {
		return "", false
	}
	f.Recovery = slices.Delete(slices.Clone(f.Recovery), at, at+1)
	return "signed in with a recovery code", true
}

// newRecovery makes recovery codes of 80 random bits, in groups that people can copy, and their hashes.
func newRecovery() (codes []string, hashes [][]byte) {
	for range recoveryCodes {
		code := strings.ToLower(rand.Text()[:16])
		hashes = append(hashes, noren.HashSecret(code))
		codes = append(codes, code[:4]+"-"+code[4:8]+"-"+code[8:12]+"-"+code[12:])
	}
	return codes, hashes
}

// SecondFactor returns the second factor of the user; the zero one if there is none.
func (s *Service) SecondFactor(ctx context.Context, v Visit) (f noren.SecondFactor, err error) {
	err = s.run.View(ctx, v.Caller.Tenant.ID, func(tx Tx) error {
		factors, err := tx.SecondFactors(ctx)
		f = factorOf(factors, v.User.Login)
		return err
	})
	return f, err
}

// SecondFactorSetup is what an app is set up with.
type SecondFactorSetup struct {
	Secret string   // to be typed, in base32
	Square [][]bool // the QR code with the address of the secret, by rows; true is dark
}

// newSetup makes a secret for an app of the user.
func newSetup(v Visit) (setup SecondFactorSetup, err error) {
	setup.Secret = onetime.NewSecret()
	address, err := onetime.Address("Noren", v.Caller.Tenant.Contract+"/"+v.User.Login, setup.Secret)
	if err != nil {
		return setup, err
	}
	setup.Square, err = onetime.Square(address)
	return setup, err
}

// BeginSecondFactor gives the user a new secret to set an app up with; it cannot be read again. Signing in asks for no code of
// it before TurnOnSecondFactor. Refusals, with the field password, if it is wrong; TooMany as for SignIn; Conflict if a second
// factor is on.
func (s *Service) BeginSecondFactor(ctx context.Context, v Visit, password string) (SecondFactorSetup, error) {
	none := SecondFactorSetup{}
	subjects := signInSubjects(v.Caller.Tenant.Contract, v.User.Login, "")
	// The password is asked for, because who finds an open browser could lock its user out. It is counted like signing in.
	if err := s.beginTry(ctx, subjects); err != nil {
		return none, err
	}
	if ok, err := s.matches(ctx, v.User.PasswordHash, password); err != nil {
		return none, err
	} else if !ok {
		return none, noren.Refusals{{Kind: noren.Invalid, Reason: noren.ReasonPasswordWrong, Field: "password", Message: "wrong password"}}
	}
	setup, err := newSetup(v)
	if err != nil {
		return none, err
	}
	err = s.run.Update(ctx, v.Caller.Tenant.ID, func(tx Tx) error {
		// Not there yet, it cannot be locked: of two who begin at once, the secret of the second counts.
		f, err := tx.LockSecondFactor(ctx, v.User.Login)
		if err != nil {
			return err
		}
		if f.On() {
			return &noren.Error{Kind: noren.Conflict, Field: "second_factor", Message: "a second factor is on"}
		}
		return tx.PutSecondFactor(ctx, noren.SecondFactor{Login: v.User.Login, Secret: setup.Secret})
	})
	if err != nil {
		return none, err
	}
	return setup, s.undoTry(ctx, subjects)
}

// TurnOnSecondFactor makes signing in ask for codes, once the user has sent one. It returns the recovery codes, which cannot be
// read again, and ends the user's other sessions. Refusals, with the field code, if it is wrong; TooMany as for SignIn;
// Conflict if none was begun, or one is on.
func (s *Service) TurnOnSecondFactor(ctx context.Context, v Visit, typed string) (recovery []string, err error) {
	recovery, hashes := newRecovery()
	err = s.changeSecondFactor(ctx, v, func(ctx context.Context, tx Tx, f noren.SecondFactor) (right bool, err error) {
		if f.Secret == "" || f.On() {
			return false, &noren.Error{Kind: noren.Conflict, Field: "second_factor", Message: "no second factor was begun, or one is on"}
		}
		now := s.run.Now()
		step, right := onetime.Step(f.Secret, onetime.Plain(typed), now)
		if !right {
			return false, nil
		}
		f.OnAt, f.UsedStep, f.Recovery = &now, step, hashes
		if err := tx.PutSecondFactor(ctx, f); err != nil {
			return true, err
		}
		if _, err := tx.DeleteConsoleSessions(ctx, []string{v.User.Login}, v.Session.Hash); err != nil {
			return true, err
		}
		return true, auditFactor(ctx, tx, v.Caller.Entry(now), v.User.Login, nil, "on")
	})
	if err != nil {
		return nil, err
	}
	return recovery, nil
}

// TurnOffSecondFactor makes signing in ask for the password alone. Refusals, with the field code, if it is wrong; TooMany as for
// SignIn.
func (s *Service) TurnOffSecondFactor(ctx context.Context, v Visit, typed string) error {
	return s.changeSecondFactor(ctx, v, func(ctx context.Context, tx Tx, f noren.SecondFactor) (right bool, err error) {
		if !f.On() {
			return true, tx.DeleteSecondFactor(ctx, v.User.Login) // what was begun
		}
		now := s.run.Now()
		if _, right := useCode(&f, typed, now); !right {
			return false, nil
		}
		if err := tx.DeleteSecondFactor(ctx, v.User.Login); err != nil {
			return true, err
		}
		return true, auditFactor(ctx, tx, v.Caller.Entry(now), v.User.Login, "on", nil)
	})
}

// changeSecondFactor runs a change that a code permits. Wrong codes count like failures to sign in: otherwise a stolen
// session could be used to guess them.
func (s *Service) changeSecondFactor(
	ctx context.Context, v Visit, change func(ctx context.Context, tx Tx, f noren.SecondFactor) (right bool, err error),
) error {
	subjects := signInSubjects(v.Caller.Tenant.Contract, v.User.Login, "")
	if err := s.beginTry(ctx, subjects); err != nil {
		return err
	}
	var right bool
	err := s.run.Update(ctx, v.Caller.Tenant.ID, func(tx Tx) error {
		f, err := tx.LockSecondFactor(ctx, v.User.Login)
		if err != nil {
			return err
		}
		right, err = change(ctx, tx, f)
		return err
	})
	switch {
	case err != nil:
		return err
	case !right:
		return noren.Refusals{{
			Kind: noren.Invalid, Reason: noren.ReasonCodeWrong, Field: "code", Message: "wrong code, or one that was used before",
		}}
	}
	return s.undoTry(ctx, subjects)
}

// UserState is a console user as those who run the tenant see it.
type UserState struct {
	noren.ConsoleUser
	SecondFactorAt *time.Time // since when signing in asks for a code; nil: it does not
}

// Users lists the tenant's console users by login, those that are switched off included. Forbidden for a caller of one store.
func (s *Service) Users(ctx context.Context, c noren.Caller) (list []UserState, err error) {
	if err := c.WholeTenant(); err != nil {
		return nil, err
	}
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		users, err := tx.ConsoleUsers(ctx)
		if err != nil {
			return err
		}
		factors, err := tx.SecondFactors(ctx)
		list = make([]UserState, len(users))
		for i, u := range users {
			list[i] = UserState{u, factorOf(factors, u.Login).OnAt}
		}
		return err
	})
	return list, err
}

// ResetSecondFactor turns off the second factor of a user who has lost it, and ends the user's sessions. NotFound if the login
// has none; Forbidden for a caller of one store.
func (s *Service) ResetSecondFactor(ctx context.Context, c noren.Caller, login string) error {
	if err := c.WholeTenant(); err != nil {
		return err
	}
	return s.run.Update(ctx, c.Tenant.ID, func(tx Tx) error {
		f, err := tx.LockSecondFactor(ctx, login)
		if err != nil {
			return err
		}
		if !f.On() {
			return &noren.Error{Kind: noren.NotFound, Field: "login", Value: login, Message: "this user has no second factor"}
		}
		if err := tx.DeleteSecondFactor(ctx, login); err != nil {
			return err
		}
		if _, err := tx.DeleteConsoleSessions(ctx, []string{login}, nil); err != nil {
			return err
		}
		return auditFactor(ctx, tx, c.Entry(s.run.Now()), login, "on", nil)
	})
}

// auditFactor records that a second factor was turned on or off.
func auditFactor(ctx context.Context, tx Tx, by noren.AuditEntry, login string, before, after any) error {
	by.Subject, by.SubjectID, by.Changes = "console users", login, audit.Change("second factor", before, after)
	return tx.AddAudit(ctx, []noren.AuditEntry{by})
}
