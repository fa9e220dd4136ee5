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
	"noren/password"
	"noren/sqlstore"
)

const (
	consoleSmall    = 1000 // members of the small shop that the big one is compared with
	consoleLogin    = "bench"
	consolePassword = "a password of a throwaway database"
)

// ofConsole measures the console's search box over HTTP: what it answers while somebody types, beside the same of a
// shop of 1,000 members on a server of its own.
func (m measurement) ofConsole(ctx context.Context, seeded string) (err error) {
	small, err := seed(ctx, m.place, consoleSmall, m.progress)
	defer func() { err = errors.Join(err, m.place.drop(context.WithoutCancel(ctx), small)) }()
	if err != nil {
		return err
	}
	var shops [2]*load // the big one and the small one
	for i, database := range []string{seeded, small} {
		if err := addClerk(ctx, database); err != nil {
			return err
		}
		server, err := startServer(ctx, m.noren, database, m.dir)
		if err != nil {
			return err
		}
		defer server.stop()
		if shops[i], err = signIn(ctx, server.base); err != nil {
			return err
		}
		defer shops[i].close()
	}
	for _, s := range consoleSearches(min(m.to.members, consoleSmall)) {
		m.doing("console: " + s.what)
		path := "/console/members?" + s.query.Encode()
		took, err := turns(ctx, max(m.rounds/3, 3), timed(shops[0].page(path, s.finds)), timed(shops[1].page(path, s.finds)))
		if err != nil {
			return err
		}
		m.to.times("console: "+s.what, fmt.Sprintf("in a shop of %d", consoleSmall), took[0].median(), took[1].median(), s.atMost)
	}
	return nil
}

// consoleSearch is what somebody types and clicks.
type consoleSearch struct {
	what   string
	query  url.Values
	finds  string // what has to stand in the answer
	atMost float64
}

// consoleSearches find something in a shop of so many members and in one of more.
func consoleSearches(members int) []consoleSearch {
	someone := memberOf(int64(members)/2, epoch)
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

// addClerk lets somebody sign in.
func addClerk(ctx context.Context, database string) (err error) {
	engine, err := sqlstore.Open(ctx, sqlstore.Config{URL: database})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	_, err = noren.NewService(noren.Config{Engine: engine, Passwords: password.Argon2id{}}).ApplyShop(ctx, noren.Shop{
		Contract: contract, ConsoleUsers: []noren.ShopConsoleUser{{Login: consoleLogin, Password: consolePassword, Role: noren.Clerk}},
	})
	return err
}

// signIn is the load of somebody who has signed in and types into the search box.
func signIn(ctx context.Context, base string) (*load, error) {
	l := newLoad(base, "", 1)
	l.client.Jar, _ = cookiejar.New(nil) // never fails
	form := url.Values{"contract": {contract}, "login": {consoleLogin}, "password": {consolePassword}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/console/sign-in", strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := l.client.Do(request)
	if err != nil {
		return nil, err
	}
	if err := answer.Body.Close(); err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK || strings.HasSuffix(answer.Request.URL.Path, "/sign-in") {
		return nil, fmt.Errorf("signing in: %s at %s", answer.Status, answer.Request.URL.Path)
	}
	l.header.Set("HX-Request", "true")
	return l, nil
}

// page asks for one page, on which something has to stand.
func (l *load) page(path, finds string) func(context.Context) error {
	return func(ctx context.Context) error {
		text, err := l.send(ctx, http.MethodGet, path, nil, http.StatusOK)
		if err == nil && !strings.Contains(string(text), finds) {
			err = fmt.Errorf("%s does not show %q", path, finds)
		}
		return err
	}
}
