package noren_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"noren"
)

// visitors is a bundle whose tenant has a clerk of store 2 and whose service checks passwords.
func visitors(t *testing.T) *bundle {
	t.Helper()
	b := setup(t)
	b.Service = noren.NewService(noren.Config{Engine: b.engine, Clock: b.clock.read, Passwords: spelled{}})
	shop := noren.Shop{Contract: "sb_test", ConsoleUsers: []noren.ShopConsoleUser{
		{Login: "clerk", Password: "old password", Role: noren.Clerk, StoreID: new(int64(2))},
		{Login: "admin", Password: "old password", Role: noren.Admin},
	}}
	if _, err := b.ApplyShop(b.ctx, shop); err != nil {
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

func (b *bundle) signIn(t *testing.T, login string) (secret string, v noren.Visit) {
	t.Helper()
	secret, v, err := b.SignIn(b.ctx, noren.Credentials{Contract: "sb_test", Login: login, Password: "old password"}, "r1")
	if err != nil {
		t.Fatal(err)
	}
	return secret, v
}

// TestVisitorIsACaller has the rights and the bounds of the user, and what they do is in the log under their login.
func TestVisitorIsACaller(t *testing.T) {
	t.Parallel()
	b := visitors(t)
	secret, v := b.signIn(t, "clerk")
	again, err := b.Visit(b.ctx, secret)
	if err != nil || again.Caller.Login != v.Caller.Login {
		t.Fatal(again, err)
	}
	c := again.Caller
	if !c.HasScope("viewer") || !c.HasScope("staff") || c.HasScope("admin") || *c.Client.StoreID != 2 || c.Client.Dialect != noren.Console {
		t.Errorf("the caller is %+v", c)
	}
	list, err := b.Members(b.ctx, c, noren.MemberFilter{})
	if err != nil || len(list.Items) != 3 {
		t.Errorf("%d members, error %v", len(list.Items), err)
	}
	if _, _, err := b.UpdateMembers(b.ctx, c, []noren.MemberPatch{{ID: 1, Note: noren.Set("常連")}}, nil); err != nil {
		t.Fatal(err)
	}
	give := noren.PointAdjustment{Query: noren.MemberQuery{IDs: []int64{1}}, Mode: noren.AddPoints, Amount: 5, Type: noren.DefaultPoint}
	if _, err := b.AdjustPoints(b.ctx, c, give, nil); err != nil {
		t.Fatal(err)
	}
	b.view(t, func(tx noren.Tx) error {
		log, err := tx.Audit(b.ctx, noren.AuditFilter{Subject: "member", SubjectID: "1", Page: noren.Page{Limit: 1}})
		if err == nil && (len(log) != 1 || log[0].Login != "clerk" || log[0].ClientID != nil || log[0].Dialect != "console") {
			t.Errorf("the log says %+v", log)
		}
		entries, err2 := tx.PointEntries(b.ctx, noren.PointEntryFilter{MemberID: 1})
		if len(entries) != 1 || entries[0].Login != "clerk" || entries[0].ClientID != nil {
			t.Errorf("the ledger says %+v", entries)
		}
		if err == nil {
			err = err2
		}
		return err
	})
	b.sound(t)
}

// TestSignInRefusals are the same for all that is wrong.
func TestSignInRefusals(t *testing.T) {
	t.Parallel()
	b := visitors(t)
	var words []string
	for _, c := range []noren.Credentials{
		{Contract: "sb_test", Login: "clerk", Password: "wrong"},
		{Contract: "sb_test", Login: "nobody", Password: "old password"},
		{Contract: "sb_none", Login: "clerk", Password: "old password"},
		{},
		{Contract: strings.Repeat("x", 1000), Login: "clerk"},
		{Contract: "sb_test", Login: "clerk", Password: strings.Repeat("x", 1000)},
	} {
		_, _, err := b.SignIn(b.ctx, c, "r1")
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
		if _, err := b.Visit(b.ctx, secret); noren.KindOf(err) != noren.Unauthenticated {
			t.Errorf("the secret %q: %v", secret, err)
		}
	}
}

// TestGuessesAtOnce are no more than guesses one after another.
func TestGuessesAtOnce(t *testing.T) {
	t.Parallel()
	b := visitors(t)
	const n = 20
	kinds := make([]noren.Kind, n)
	var wait sync.WaitGroup
	for i := range kinds {
		wait.Go(func() {
			_, _, err := b.SignIn(b.ctx, noren.Credentials{Contract: "sb_test", Login: "clerk", Password: "wrong"}, "r1")
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

// TestLongestWait is a quarter of an hour however often somebody fails, and then the right password works.
func TestLongestWait(t *testing.T) {
	t.Parallel()
	b := visitors(t)
	at := b.clock.read()
	for range 40 {
		_, _, err := b.SignIn(b.ctx, noren.Credentials{Contract: "sb_test", Login: "clerk", Password: "wrong"}, "r1")
		if noren.KindOf(err) != noren.Unauthenticated {
			t.Fatal(err)
		}
		at = at.Add(15 * time.Minute)
		b.clock.set(t, at.In(time.FixedZone("JST", 9*60*60)).Format(time.DateTime))
	}
	b.signIn(t, "clerk")
}

// TestSessionsAreAudited records who came and went, and no secret.
func TestSessionsAreAudited(t *testing.T) {
	t.Parallel()
	b := visitors(t)
	secret, v := b.signIn(t, "admin")
	b.signIn(t, "admin")
	if err := b.SignOut(b.ctx, v); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Visit(b.ctx, secret); noren.KindOf(err) != noren.Unauthenticated {
		t.Errorf("after signing out: %v", err)
	}
	_, v = b.signIn(t, "admin")
	if err := b.SignOutEverywhere(b.ctx, v); err != nil {
		t.Fatal(err)
	}
	var lines []string
	b.view(t, func(tx noren.Tx) error {
		log, err := tx.Audit(b.ctx, noren.AuditFilter{Subject: "console session"})
		for _, e := range log {
			lines = append(lines, e.Login+" "+e.SubjectID+" "+string(e.Changes))
			if strings.Contains(string(e.Changes), secret) {
				t.Error("the log has the secret")
			}
		}
		return err
	})
	same(t, "the log", []string{
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
	if contract, err := b.SoleContract(b.ctx); contract != "sb_test" || err != nil {
		t.Error(contract, err)
	}
	if _, _, err := b.engine.EnsureTenant(b.ctx, "sb_two"); err != nil {
		t.Fatal(err)
	}
	if contract, err := b.SoleContract(b.ctx); contract != "" || err != nil {
		t.Error(contract, err)
	}
}
