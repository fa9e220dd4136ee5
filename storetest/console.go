package storetest

import (
	"errors"
	"testing"
	"time"

	"noren"
)

func consoleChecks() []check {
	return []check{
		{"a session finds its user and tenant", consoleSession},
		{"sessions of one login end together, but for one", consoleSessionsEnd},
		{"no tenant ends or touches another's session", consoleIsolation},
		{"a second factor is kept as it was put, until it is deleted", consoleSecondFactor},
		{"failures to sign in are counted one after another", consoleFailures},
		{"of failures counted at once none is lost", consoleFailuresConcurrent},
	}
}

// session is a session of the user. Its secret differs between tenants; only the hash of it is stored.
func (b *bundle) session(login, secret string) noren.ConsoleSession {
	return noren.ConsoleSession{
		Hash: noren.HashSecret(b.tenant.Contract + secret), Login: login, SignedInAt: at(0), SeenAt: at(1), ExpiresAt: at(60),
	}
}

// signIn stores a user with sessions.
func (b *bundle) signIn(t *testing.T, u noren.ConsoleUser, sessions ...noren.ConsoleSession) {
	t.Helper()
	b.update(t, func(tx noren.Tx) error {
		if err := tx.PutConsoleUsers(b.ctx, []noren.ConsoleUser{u}); err != nil {
			return err
		}
		for _, s := range sessions {
			// Twice, as a run after a commit in doubt does.
			if err := firstError(tx.AddConsoleSession(b.ctx, s), tx.AddConsoleSession(b.ctx, s)); err != nil {
				return err
			}
		}
		return nil
	})
}

// signedIn fails the test unless the session exists if and only if it should.
func (b *bundle) signedIn(t *testing.T, s noren.ConsoleSession, want bool) {
	t.Helper()
	_, _, got, err := b.ConsoleSession(b.ctx, b.tenant.ID, s.Hash)
	if !want {
		isKind(t, "a session that has ended", noren.NotFound, err)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the session", s, got)
}

func consoleSession(t *testing.T, b *bundle) {
	user := noren.ConsoleUser{Login: "店員", PasswordHash: "$argon2id$…", Role: noren.Clerk, StoreID: new(int64(2))}
	s := b.session("店員", "a")
	b.signIn(t, user, s)
	// Whose it is nobody knows before it is found, so it is looked for across tenants.
	other := b.other(t)
	tenant, got, session, err := other.ConsoleSession(b.ctx, b.tenant.ID, s.Hash)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the tenant", b.tenant, tenant)
	same(t, "the user", user, got)
	same(t, "the session", s, session)
	for _, named := range []noren.TenantID{0, other.tenant.ID} {
		_, _, _, err := b.ConsoleSession(b.ctx, named, s.Hash)
		isKind(t, "a session of another tenant, or of none", noren.NotFound, err)
	}
	s.SeenAt, s.ExpiresAt = at(30), at(90)
	b.update(t, func(tx noren.Tx) error { return tx.TouchConsoleSession(b.ctx, s) })
	b.signedIn(t, s, true)
	b.update(t, func(tx noren.Tx) error {
		// To touch what has ended does not bring it back.
		return firstError(tx.DeleteConsoleSession(b.ctx, s.Hash), tx.TouchConsoleSession(b.ctx, s))
	})
	b.signedIn(t, s, false)
}

func consoleSessionsEnd(t *testing.T, b *bundle) {
	mine, elsewhere, others := b.session("a", "1"), b.session("a", "2"), b.session("b", "3")
	b.signIn(t, noren.ConsoleUser{Login: "b", PasswordHash: "x", Role: noren.Viewer}, others)
	b.signIn(t, noren.ConsoleUser{Login: "a", PasswordHash: "x", Role: noren.Viewer}, mine, elsewhere)
	end := func(kept []byte) (n int) {
		b.update(t, func(tx noren.Tx) (err error) {
			n, err = tx.DeleteConsoleSessions(b.ctx, []string{"a", "nobody"}, kept)
			return err
		})
		return n
	}
	same(t, "sessions ended but for one", 1, end(mine.Hash))
	b.signedIn(t, mine, true)
	b.signedIn(t, elsewhere, false)
	same(t, "sessions ended", 1, end(nil))
	b.signedIn(t, mine, false)
	b.signedIn(t, others, true)
}

func consoleIsolation(t *testing.T, b *bundle) {
	other := b.other(t)
	s := b.session("a", "1")
	b.signIn(t, noren.ConsoleUser{Login: "a", PasswordHash: "x", Role: noren.Viewer}, s)
	moved := s
	moved.SeenAt = at(9)
	other.update(t, func(tx noren.Tx) error {
		_, err := tx.DeleteConsoleSessions(b.ctx, []string{"a"}, nil)
		return firstError(err, tx.DeleteConsoleSession(b.ctx, s.Hash), tx.TouchConsoleSession(b.ctx, moved))
	})
	b.signedIn(t, s, true)
}

func consoleSecondFactor(t *testing.T, b *bundle) {
	begun := noren.SecondFactor{Login: "店員", Secret: "JBSWY3DP"}
	on := noren.SecondFactor{Login: "店員", Secret: "JBSWY3DP", OnAt: new(at(1)), UsedStep: 59_000_000, Recovery: [][]byte{{1, 2}, {3}}}
	put := func(b *bundle, f noren.SecondFactor) {
		b.update(t, func(tx noren.Tx) error { return tx.PutSecondFactor(b.ctx, f) })
	}
	read := func(want ...noren.SecondFactor) {
		t.Helper()
		b.update(t, func(tx noren.Tx) error {
			list, err := tx.SecondFactors(b.ctx)
			one, err2 := tx.LockSecondFactor(b.ctx, "店員")
			nobody, err3 := tx.LockSecondFactor(b.ctx, "nobody")
			same(t, "second factors", want, list)
			if len(want) > 0 {
				same(t, "one of them", want[0], one)
			}
			same(t, "that of nobody", noren.SecondFactor{}, nobody)
			return firstError(err, err2, err3)
		})
	}
	other := b.other(t)
	put(other, noren.SecondFactor{Login: "店員", Secret: "theirs"})
	read()
	put(b, begun)
	read(begun)
	put(b, on)
	read(on)
	other.update(t, func(tx noren.Tx) error { return tx.DeleteSecondFactor(b.ctx, "店員") })
	read(on)
	b.update(t, func(tx noren.Tx) error {
		return firstError(tx.DeleteSecondFactor(b.ctx, "店員"), tx.DeleteSecondFactor(b.ctx, "nobody"))
	})
	read()
}

func consoleFailures(t *testing.T, b *bundle) {
	// Not in their order: their rows are locked sorted, and come back in the order that was asked for.
	subjects := []string{b.tenant.Contract + " z", b.tenant.Contract + " a"}
	change := func(fn func(stored []noren.SignInFailures) error) {
		t.Helper()
		if err := b.SignInFailures(b.ctx, subjects, fn); err != nil {
			t.Fatal(err)
		}
	}
	want := []noren.SignInFailures{
		{Subject: subjects[0], Failures: 3, LastAt: at(1), BlockedUntil: at(2)},
		{Subject: subjects[1], Failures: 1, LastAt: at(1), BlockedUntil: at(1)},
	}
	change(func(stored []noren.SignInFailures) error {
		for i := range stored {
			same(t, "failures before any", int64(0), stored[i].Failures)
			same(t, "the subject", subjects[i], stored[i].Subject)
			stored[i] = want[i]
		}
		return nil
	})
	refused := errors.New("refused")
	if err := b.SignInFailures(b.ctx, subjects, func(stored []noren.SignInFailures) error {
		same(t, "the failures", want, stored)
		stored[0].Failures = 9
		return refused
	}); !errors.Is(err, refused) {
		t.Errorf("the error is %v", err)
	}
	change(func(stored []noren.SignInFailures) error {
		same(t, "the failures after a refusal", want, stored)
		stored[0].Failures = 0
		return nil
	})
	change(func(stored []noren.SignInFailures) error {
		same(t, "forgotten failures", int64(0), stored[0].Failures)
		same(t, "the others", want[1], stored[1])
		return nil
	})
	if n, err := b.DeleteExpired(b.ctx, at(1).Add(noren.FailuresKept-time.Minute)); err != nil || n > 0 {
		t.Errorf("deleted %d, error %v", n, err)
	}
	if n, err := b.DeleteExpired(b.ctx, at(1).Add(noren.FailuresKept)); err != nil || n != 1 {
		t.Errorf("deleted %d, error %v; want 1", n, err)
	}
}

func consoleFailuresConcurrent(t *testing.T, b *bundle) {
	subjects := []string{b.tenant.Contract + " login", b.tenant.Contract + " address"}
	const n = 12
	inParallel(n, func(i int) {
		own := []string{subjects[i%2], subjects[1-i%2]} // in either order
		if err := b.SignInFailures(b.ctx, own, func(stored []noren.SignInFailures) error {
			for i := range stored {
				stored[i].Failures++
			}
			return nil
		}); err != nil {
			t.Errorf("SignInFailures: %v", err)
		}
	})
	_ = b.SignInFailures(b.ctx, subjects, func(stored []noren.SignInFailures) error {
		same(t, "the failures", []int64{n, n}, idsOf(stored, func(s noren.SignInFailures) int64 { return s.Failures }))
		return nil
	})
}
