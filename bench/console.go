package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"

	"noren"
	"noren/app"
	"noren/app/shop"
	"noren/bench/figures"
	"noren/bench/load"
	"noren/bench/seed"
	"noren/password"
	"noren/sqlstore"
)

const (
	consoleSmall    = 1000 // members of the small shop that the big one is compared with
	consoleLogin    = "bench"
	consolePassword = "a password of a throwaway database"
)

// ofConsole measures the console's search box over HTTP while somebody types, beside that of a shop of 1,000 members on a
// server of its own.
func (m measurement) ofConsole(ctx context.Context, seeded string) (err error) {
	small, err := seed.Seed(ctx, m.place, consoleSmall, m.Progress)
	defer func() { err = errors.Join(err, m.place.Drop(context.WithoutCancel(ctx), small)) }()
	if err != nil {
		return err
	}
	var shops [2]*load.Load // the big one and the small one
	// A server for each, so that the big shop's index does not push the small one's out of memory.
	for i, database := range []string{seeded, small} {
		if err := addClerk(ctx, database); err != nil {
			return err
		}
		server, err := load.StartServer(ctx, m.noren, database, m.dir)
		if err != nil {
			return err
		}
		defer server.Stop()
		if shops[i], err = signIn(ctx, server.Base); err != nil {
			return err
		}
		defer shops[i].Close()
	}
	// Members of the smaller shop, whom both have.
	for _, s := range consoleSearches(min(m.to.Members, consoleSmall)) {
		m.doing("console: " + s.what)
		path := "/console/members?" + s.query.Encode()
		took, err := figures.Turns(ctx, max(m.rounds/3, 3),
			figures.Timed(page(shops[0], path, s.finds)), figures.Timed(page(shops[1], path, s.finds)))
		if err != nil {
			return err
		}
		m.to.Times("console: "+s.what, fmt.Sprintf("in a shop of %d", consoleSmall), took[0].Median(), took[1].Median(), s.atMost)
	}
	return nil
}

// consoleSearch is what somebody types and clicks.
type consoleSearch struct {
	what   string
	query  url.Values
	finds  string // what the response must contain
	atMost float64
}

// consoleSearches are searches that find something in a shop of that many members, and in any larger one.
func consoleSearches(members int) []consoleSearch {
	someone := seed.Member(int64(members)/2, seed.Epoch())
	name := *someone.LastName + *someone.FirstName
	list := []consoleSearch{{"the first page", url.Values{}, "MB0000000001", 3}}
	for _, q := range []struct{ what, text, finds string }{
		{"two letters of a name", "佐藤", "佐藤"},
		{"one letter", "藤", "藤"},
		{"two letters of kana, in hiragana", "やま", "ヤマダ"},
		{"a full name", name, *someone.FirstName},
		{"the beginning of a telephone number", (*someone.Phone)[:6], (*someone.Phone)[:6]},
		{"a telephone number", *someone.Phone, someone.Code},
		{"a mail address", *someone.Email, someone.Code},
		{"a code", someone.Code, someone.Code},
		{"the end of a code", strings.TrimLeft(someone.Code, "MB0"), someone.Code},
	} {
		list = append(list, consoleSearch{q.what, url.Values{"q": {q.text}}, q.finds, 3})
	}
	return append(list,
		consoleSearch{"two letters of a name, of one rank", url.Values{"q": {"佐藤"}, "rank": {"2"}, "status": {string(noren.Active)}}, "佐藤", 3},
		consoleSearch{"two letters of a name, by code", url.Values{"q": {"佐藤"}, "sort": {"code"}}, "佐藤", 0},
		consoleSearch{"two letters of a name, by kana", url.Values{"q": {"佐藤"}, "sort": {"kana"}}, "佐藤", 0},
		consoleSearch{"two letters of a name, last changed first", url.Values{"q": {"佐藤"}, "sort": {"-updated"}}, "佐藤", 0},
	)
}

// addClerk adds a console user to sign in as.
func addClerk(ctx context.Context, database string) (err error) {
	engine, err := sqlstore.Open(ctx, sqlstore.Config{URL: database})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	_, err = app.New(app.Config{Engine: engine, Passwords: password.Argon2id{}}).Shop.Apply(ctx, shop.Shop{
		Contract: seed.Contract, ConsoleUsers: []shop.ConsoleUser{{Login: consoleLogin, Password: consolePassword, Role: noren.Clerk}},
	})
	return err
}

// signIn signs in, and returns a load that types into the search box.
func signIn(ctx context.Context, base string) (*load.Load, error) {
	l := load.New(base, "", 1)
	l.Client.Jar, _ = cookiejar.New(nil) // never fails
	form := url.Values{"contract": {seed.Contract}, "login": {consoleLogin}, "password": {consolePassword}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/console/sign-in", strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := l.Client.Do(request)
	if err != nil {
		return nil, err
	}
	if err := answer.Body.Close(); err != nil {
		return nil, err
	}
	// A refusal is a page too: only the path tells it from the first page of the console.
	if answer.StatusCode != http.StatusOK || strings.HasSuffix(answer.Request.URL.Path, "/sign-in") {
		return nil, fmt.Errorf("signing in: %s at %s", answer.Status, answer.Request.URL.Path)
	}
	// As the search box sends it, which then gets the table alone.
	l.Header.Set("HX-Request", "true")
	return l, nil
}

// page requests one page, which must contain finds.
func page(l *load.Load, path, finds string) func(context.Context) error {
	return func(ctx context.Context) error {
		text, err := l.Send(ctx, http.MethodGet, path, nil, http.StatusOK)
		// A quick response that finds nothing must not count as a good one.
		if err == nil && !strings.Contains(string(text), finds) {
			err = fmt.Errorf("%s does not show %q", path, finds)
		}
		return err
	}
}
