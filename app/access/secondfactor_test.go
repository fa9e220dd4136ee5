package access_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"noren"
	"noren/app"
	"noren/app/access"
	"noren/app/apptest"
	"noren/app/shop"
	"noren/onetime"
)

// guarded is a bundle whose clerk has a second factor.
type guarded struct {
	*apptest.Bundle
	*testing.T
	secret   string
	recovery []string
}

func guardedAt(t *testing.T, url string) *guarded {
	t.Helper()
	b := apptest.SetupAt(t, url, func(e noren.Engine) noren.Engine { return e })
	b.App = app.New(app.Config{Engine: b.Engine, Clock: b.Clock.Read, Passwords: spelled{}})
	if _, err := b.Shop.Apply(b.Ctx, guardedShop("old password")); err != nil {
		t.Fatal(err)
	}
	g := &guarded{Bundle: b, T: t}
	_, v := signIn(t, b, "clerk")
	setup, err := b.Access.BeginSecondFactor(b.Ctx, v, "old password")
	if err != nil {
		t.Fatal(err)
	}
	g.secret = setup.Secret
	if g.recovery, err = b.Access.TurnOnSecondFactor(b.Ctx, v, g.code()); err != nil {
		t.Fatal(err)
	}
	b.Clock.Advance(time.Minute)
	return g
}

func guardedShop(password string) shop.Shop {
	return shop.Shop{Contract: "sb_test", ConsoleUsers: []shop.ConsoleUser{
		{Login: "clerk", Password: password, Role: noren.Clerk}, {Login: "admin", Password: "old password", Role: noren.Admin},
	}}
}

// code is what the clerk's app shows now.
func (g *guarded) code() string {
	g.Helper()
	code, err := onetime.Code(g.secret, g.Clock.Read())
	if err != nil {
		g.Fatal(err)
	}
	return code
}

// password gives the clerk's password and returns the ticket.
func (g *guarded) password() string {
	g.Helper()
	secret, _, err := g.Access.SignIn(g.Ctx, access.Credentials{Contract: "sb_test", Login: "clerk", Password: "old password"}, "r1")
	needed, ok := errors.AsType[*access.CodeNeeded](err)
	if !ok || secret != "" {
		g.Fatalf("a password alone: %q, %v", secret, err)
	}
	return needed.Ticket
}

// confirm sends a code and returns why it is refused; "" if it is not.
func (g *guarded) confirm(ticket, code string) noren.Reason {
	g.Helper()
	secret, v, err := g.Access.ConfirmSignIn(g.Ctx, ticket, code, access.Credentials{}, "r1")
	if err == nil {
		if again, err := g.Access.Visit(g.Ctx, secret); err != nil || again.User.Login != "clerk" || v.Caller.RequestID != "r1" {
			g.Errorf("the visit is %+v, %v", again, err)
		}
		return ""
	}
	e, ok := errors.AsType[*noren.Error](err)
	switch {
	case !ok:
		g.Fatal(err)
	case e.Kind == noren.TooMany:
		return "wait"
	case e.Kind != noren.Unauthenticated:
		g.Errorf("the refusal is %v", err)
	}
	return e.Reason
}

func TestSecondFactor(t *testing.T) {
	t.Parallel()
	apptest.OnEngines(t, func(t *testing.T, url string) {
		g := guardedAt(t, url)
		ticket, code := g.password(), g.code()
		for _, step := range []struct {
			name, ticket, code string
			want               noren.Reason
		}{
			{"a wrong code", ticket, "000000", noren.ReasonCodeWrong},
			{"no code", ticket, "", noren.ReasonCodeWrong},
			{"no ticket", "", code, noren.ReasonSignInAgain},
			{"a ticket that was changed", "x" + ticket, code, noren.ReasonSignInAgain},
			{"a ticket without its signature", strings.Split(ticket, ".")[0], code, noren.ReasonSignInAgain},
			{"the code, in full width", ticket, strings.Map(func(r rune) rune { return r - '0' + '０' }, code), ""},
			{"the code again", ticket, code, noren.ReasonCodeWrong},
			{"a recovery code", g.password(), strings.ToUpper(g.recovery[3]), ""},
			{"the recovery code again", ticket, g.recovery[3], noren.ReasonCodeWrong},
			{"another, without hyphens", ticket, strings.ReplaceAll(g.recovery[0], "-", ""), ""},
		} {
			if got := g.confirm(step.ticket, step.code); got != step.want {
				t.Errorf("%s: %q, want %q", step.name, got, step.want)
			}
		}
		g.Clock.Advance(10 * time.Minute)
		if got := g.confirm(ticket, g.code()); got != noren.ReasonSignInAgain {
			t.Errorf("a ticket of ten minutes ago: %q", got)
		}
		// A ticket is of the password that was given, and of somebody who may still sign in. The second factor stays.
		ticket = g.password()
		if _, err := g.Shop.Apply(g.Ctx, guardedShop("new password")); err != nil {
			t.Fatal(err)
		}
		if got := g.confirm(ticket, g.code()); got != noren.ReasonSignInAgain {
			t.Errorf("a ticket of the password before: %q", got)
		}
		_, _, err := g.Access.SignIn(g.Ctx, access.Credentials{Contract: "sb_test", Login: "clerk", Password: "new password"}, "r1")
		if _, ok := errors.AsType[*access.CodeNeeded](err); !ok {
			t.Errorf("after the shop file was applied: %v", err)
		}
	})
}

// TestCodesAtOnce sends one code many times at once: it is good for one.
func TestCodesAtOnce(t *testing.T) {
	t.Parallel()
	apptest.OnEngines(t, func(t *testing.T, url string) {
		g := guardedAt(t, url)
		ticket, code := g.password(), g.code()
		let := make([]bool, 4) // more would have to wait
		var wait sync.WaitGroup
		for i := range let {
			wait.Go(func() {
				_, _, err := g.Access.ConfirmSignIn(g.Ctx, ticket, code, access.Credentials{}, "r1")
				let[i] = err == nil
			})
		}
		wait.Wait()
		n := 0
		for _, in := range let {
			if in {
				n++
			}
		}
		if n != 1 {
			t.Errorf("one code has let in %d", n)
		}
	})
}

// TestGuessingCodes: somebody who knows the password has to wait between codes as between passwords, and giving the password again does not
// shorten that.
func TestGuessingCodes(t *testing.T) {
	t.Parallel()
	g := guardedAt(t, "")
	for i := range 5 {
		if got := g.confirm(g.password(), "000000"); got != noren.ReasonCodeWrong {
			t.Fatalf("guess %d: %q", i, got)
		}
	}
	_, _, err := g.Access.SignIn(g.Ctx, access.Credentials{Contract: "sb_test", Login: "clerk", Password: "old password"}, "r1")
	if noren.KindOf(err) != noren.TooMany {
		t.Fatalf("after five guesses: %v", err)
	}
	g.Clock.Advance(5 * time.Second)
	ticket := g.password()
	if got := g.confirm(ticket, "000000"); got != noren.ReasonCodeWrong {
		t.Errorf("after the wait: %q", got)
	}
	g.Clock.Advance(9 * time.Second)
	if got := g.confirm(ticket, "000000"); got != "wait" {
		t.Errorf("the wait after the next guess has not doubled: %q", got)
	}
	g.Clock.Advance(time.Second)
	if got := g.confirm(ticket, g.code()); got != "" {
		t.Errorf("the right code: %q", got)
	}
}

func TestSecondFactorIsTurnedOff(t *testing.T) {
	t.Parallel()
	apptest.OnEngines(t, func(t *testing.T, url string) {
		g := guardedAt(t, url)
		secret, v, err := g.Access.ConfirmSignIn(g.Ctx, g.password(), g.code(), access.Credentials{}, "r1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := g.Access.BeginSecondFactor(g.Ctx, v, "old password"); noren.KindOf(err) != noren.Conflict {
			t.Errorf("beginning anew while one is on: %v", err)
		}
		if _, err := g.Access.TurnOnSecondFactor(g.Ctx, v, g.code()); noren.KindOf(err) != noren.Conflict {
			t.Errorf("turning on what is on: %v", err)
		}
		if err := g.Access.TurnOffSecondFactor(g.Ctx, v, g.code()); noren.KindOf(err) != noren.Invalid {
			t.Errorf("the code that was used to sign in: %v", err)
		}
		admin := apptest.Person(g.Bundle, "admin", 0)
		if err := g.Access.ResetSecondFactor(g.Ctx, apptest.Person(g.Bundle, "admin", 2), "clerk"); noren.KindOf(err) != noren.Forbidden {
			t.Errorf("by somebody of one store: %v", err)
		}
		if _, err := g.Access.Users(g.Ctx, apptest.Person(g.Bundle, "admin", 2)); noren.KindOf(err) != noren.Forbidden {
			t.Errorf("the users for somebody of one store: %v", err)
		}
		users, err := g.Access.Users(g.Ctx, admin)
		if err != nil || len(users) != 2 || users[0].SecondFactorAt != nil || users[1].SecondFactorAt == nil {
			t.Errorf("%+v, %v", users, err)
		}
		if err := g.Access.ResetSecondFactor(g.Ctx, admin, "clerk"); err != nil {
			t.Fatal(err)
		}
		if err := g.Access.ResetSecondFactor(g.Ctx, admin, "clerk"); noren.KindOf(err) != noren.NotFound {
			t.Errorf("turned off twice: %v", err)
		}
		if _, err := g.Access.Visit(g.Ctx, secret); noren.KindOf(err) != noren.Unauthenticated {
			t.Errorf("the user is still signed in: %v", err)
		}
		signIn(t, g.Bundle, "clerk")
		log := strings.Join(g.auditLines(), "\n")
		for _, want := range []string{`clerk {"second factor":`, `admin {"second factor":`} {
			if !strings.Contains(log, want) {
				t.Errorf("the log lacks %s:\n%s", want, log)
			}
		}
		if strings.Contains(log, g.secret) || strings.Contains(log, g.recovery[0]) {
			t.Errorf("the log has a secret:\n%s", log)
		}
	})
}

// auditLines are the entries about users, as "who changes".
func (g *guarded) auditLines() (lines []string) {
	for _, e := range apptest.AuditOf(g.T, g.Engine) {
		if e.Subject == "console users" {
			lines = append(lines, e.Login+" "+string(e.Changes))
		}
	}
	return lines
}
