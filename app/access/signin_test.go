package access_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"noren"
	"noren/app"
	"noren/app/access"
	"noren/app/apptest"
	"noren/app/points"
	"noren/app/shop"
)

// visitors is a bundle whose tenant has a clerk of store 2 and whose service checks passwords.
func visitors(t *testing.T) *apptest.Bundle {
	t.Helper()
	b := apptest.Setup(t)
	b.App = app.New(app.Config{Engine: b.Engine, Clock: b.Clock.Read, Passwords: spelled{}})
	shop := shop.Shop{Contract: "sb_test", ConsoleUsers: []shop.ConsoleUser{
		{Login: "clerk", Password: "old password", Role: noren.Clerk, StoreID: new(int64(2))},
		{Login: "admin", Password: "old password", Role: noren.Admin},
	}}
	if _, err := b.Shop.Apply(b.Ctx, shop); err != nil {
		t.Fatal(err)
	}
	return b
}

// spelled hashes a password by spelling it backwards.
type spelled struct{}

func (spelled) Hash(password string) string {
	var b strings.Builder
	for i := len(password) - 1; i >= 0; i-- {
		b.WriteByte(password[i])
	}
	return "<" + b.String()
}

func (s spelled) Matches(hash, password string) bool { return hash == s.Hash(password) }

func signIn(t *testing.T, b *apptest.Bundle, login string) (secret string, v access.Visit) {
	t.Helper()
	secret, v, err := b.Access.SignIn(b.Ctx, access.Credentials{Contract: "sb_test", Login: login, Password: "old password"}, "r1")
	if err != nil {
		t.Fatal(err)
	}
	return secret, v
}

// TestVisitorIsACaller checks that a visit has the user's permissions and restrictions, and is logged under their
// login.
func TestVisitorIsACaller(t *testing.T) {
	t.Parallel()
	b := visitors(t)
	secret, v := signIn(t, b, "clerk")
	again, err := b.Access.Visit(b.Ctx, secret)
	if err != nil || again.Caller.Login != v.Caller.Login {
		t.Fatal(again, err)
	}
	c := again.Caller
	if !c.HasScope("viewer") || !c.HasScope("staff") || c.HasScope("admin") || *c.Client.StoreID != 2 || c.Client.Dialect != noren.Console {
		t.Errorf("the caller is %+v", c)
	}
	list, err := b.Members.List(b.Ctx, c, noren.MemberFilter{})
	if err != nil || len(list.Items) != 3 {
		t.Errorf("%d members, error %v", len(list.Items), err)
	}
	if _, _, err := b.Members.Update(b.Ctx, c, []noren.MemberPatch{{ID: 1, Note: noren.Set("常連")}}, nil); err != nil {
		t.Fatal(err)
	}
	give := points.Adjustment{Query: noren.MemberQuery{IDs: []int64{1}}, Mode: points.Add, Amount: 5, Type: noren.DefaultPoint}
	if _, err := b.Points.Adjust(b.Ctx, c, give, nil); err != nil {
		t.Fatal(err)
	}
	b.View(t, func(tx noren.Tx) error {
		log, err := tx.Audit(b.Ctx, noren.AuditFilter{Subject: "member", SubjectID: "1", Page: noren.Page{Limit: 1}})
		if err == nil && (len(log) != 1 || log[0].Login != "clerk" || log[0].ClientID != nil || log[0].Dialect != "console") {
			t.Errorf("the log says %+v", log)
		}
		entries, err2 := tx.PointEntries(b.Ctx, noren.PointEntryFilter{MemberID: 1})
		if len(entries) != 1 || entries[0].Login != "clerk" || entries[0].ClientID != nil {
			t.Errorf("the ledger says %+v", entries)
		}
		if err == nil {
			err = err2
		}
		return err
	})
	b.Sound(t)
}

// TestSignInRefusals checks that everything wrong is refused in the same way.
func TestSignInRefusals(t *testing.T) {
	t.Parallel()
	b := visitors(t)
	var words []string
	for _, c := range []access.Credentials{
		{Contract: "sb_test", Login: "clerk", Password: "wrong"},
		{Contract: "sb_test", Login: "nobody", Password: "old password"},
		{Contract: "sb_none", Login: "clerk", Password: "old password"},
		{},
		{Contract: strings.Repeat("x", 1000), Login: "clerk"},
		{Contract: "sb_test", Login: "clerk", Password: strings.Repeat("x", 1000)},
	} {
		_, _, err := b.Access.SignIn(b.Ctx, c, "r1")
		if noren.KindOf(err) != noren.Unauthenticated {
			t.Errorf("%+v: %v", c, err)
		}
		words = append(words, fmt.Sprint(err))
	}
	for _, w := range words[1:] {
		if w != words[0] {
			t.Errorf("%q tells more than %q", w, words[0])
		}
	}
	for _, secret := range []string{"", "x", noren.NewSecret("")} {
		if _, err := b.Access.Visit(b.Ctx, secret); noren.KindOf(err) != noren.Unauthenticated {
			t.Errorf("the secret %q: %v", secret, err)
		}
	}
}

// TestGuessesAtOnce checks that parallel guesses get no further than guesses one after another.
func TestGuessesAtOnce(t *testing.T) {
	t.Parallel()
	b := visitors(t)
	const n = 20
	kinds := make([]noren.Kind, n)
	var wait sync.WaitGroup
	for i := range kinds {
		wait.Go(func() {
			_, _, err := b.Access.SignIn(b.Ctx, access.Credentials{Contract: "sb_test", Login: "clerk", Password: "wrong"}, "r1")
			kinds[i] = noren.KindOf(err)
		})
	}
	wait.Wait()
	tried := 0
	for _, kind := range kinds {
		if kind == noren.Unauthenticated {
			tried++
		}
	}
	if tried != 5 {
		t.Errorf("%d guesses were tried, want 5", tried)
	}
}

// TestLongestWait checks that the wait is at most a quarter of an hour, and that the right password works after it.
func TestLongestWait(t *testing.T) {
	t.Parallel()
	b := visitors(t)
	at := b.Clock.Read()
	for range 40 {
		_, _, err := b.Access.SignIn(b.Ctx, access.Credentials{Contract: "sb_test", Login: "clerk", Password: "wrong"}, "r1")
		if noren.KindOf(err) != noren.Unauthenticated {
			t.Fatal(err)
		}
		at = at.Add(15 * time.Minute)
		b.Clock.Set(t, at.In(time.FixedZone("JST", 9*60*60)).Format(time.DateTime))
	}
	signIn(t, b, "clerk")
}

// TestClockSetBackAtTheConsole sets the clock back by six hours: a session goes on, and ends when nobody uses it any more or
// after half a day, and whoever has to wait before the next try at signing in waits a quarter of an hour at most.
func TestClockSetBackAtTheConsole(t *testing.T) {
	t.Parallel()
	b := visitors(t)
	used, _ := signIn(t, b, "admin")
	unused, _ := signIn(t, b, "admin")
	for range 8 {
		_, _, err := b.Access.SignIn(b.Ctx, access.Credentials{Contract: "sb_test", Login: "clerk", Password: "wrong"}, "r1")
		if noren.KindOf(err) != noren.Unauthenticated && noren.KindOf(err) != noren.TooMany {
			t.Fatal(err)
		}
	}
	b.Clock.Advance(-6 * time.Hour)
	signIn(t, b, "clerk")
	for hours := range 12 {
		if _, err := b.Access.Visit(b.Ctx, used); err != nil {
			t.Fatalf("%d hours later: %v", hours, err)
		}
		b.Clock.Advance(time.Hour)
	}
	for name, secret := range map[string]string{"used": used, "unused": unused} {
		if _, err := b.Access.Visit(b.Ctx, secret); noren.KindOf(err) != noren.Unauthenticated {
			t.Errorf("%s, twelve hours later: %v", name, err)
		}
	}
}

// TestSessionsAreAudited checks that signing in and out is recorded, without any secret.
func TestSessionsAreAudited(t *testing.T) {
	t.Parallel()
	b := visitors(t)
	secret, v := signIn(t, b, "admin")
	signIn(t, b, "admin")
	if err := b.Access.SignOut(b.Ctx, v); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Access.Visit(b.Ctx, secret); noren.KindOf(err) != noren.Unauthenticated {
		t.Errorf("after signing out: %v", err)
	}
	_, v = signIn(t, b, "admin")
	if err := b.Access.SignOutEverywhere(b.Ctx, v); err != nil {
		t.Fatal(err)
	}
	var lines []string
	b.View(t, func(tx noren.Tx) error {
		log, err := tx.Audit(b.Ctx, noren.AuditFilter{Subject: "console session"})
		for _, e := range log {
			lines = append(lines, e.Login+" "+e.SubjectID+" "+string(e.Changes))
			if strings.Contains(string(e.Changes), secret) {
				t.Error("the log has the secret")
			}
		}
		return err
	})
	apptest.Same(t, "the log", []string{
		`admin admin {"session":["signed in in 2 places",null]}`, `admin admin {"session":[null,"signed in"]}`,
		`admin admin {"session":["signed in",null]}`, `admin admin {"session":[null,"signed in"]}`, `admin admin {"session":[null,"signed in"]}`,
	}, lines)
}

func TestRoles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		role, least noren.Role
		want        bool
	}{
		{noren.Admin, noren.Clerk, true},
		{noren.Clerk, noren.Clerk, true},
		{noren.Viewer, noren.Clerk, false},
		{"", "", false},
		{"root", noren.Viewer, false},
		{noren.Admin, "", false},
	} {
		if got := c.role.Covers(c.least); got != c.want {
			t.Errorf("%q covers %q: %t", c.role, c.least, got)
		}
	}
}

func TestSoleContract(t *testing.T) {
	t.Parallel()
	b := visitors(t)
	if contract, err := b.Access.SoleContract(b.Ctx); contract != "sb_test" || err != nil {
		t.Error(contract, err)
	}
	if _, _, err := b.Engine.EnsureTenant(b.Ctx, "sb_two"); err != nil {
		t.Fatal(err)
	}
	if contract, err := b.Access.SoleContract(b.Ctx); contract != "" || err != nil {
		t.Error(contract, err)
	}
}
