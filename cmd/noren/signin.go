package main

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"strings"

	"noren"
	"noren/app"
	"noren/app/shop"
)

// signIn prints how people sign in to the console of one tenant: the address, and everything that the page asks for.
type signIn struct {
	streams
	console        string // address of the console
	contract, name string // of the tenant
}

// print prints the address, and a line for each user. A user without a password has the one of the shop file, which cannot be shown.
func (s signIn) print(users []shop.ConsoleUser) {
	say(s.out, "\n%s  %s\n", s.words("管理画面", "Console"), s.console)
	s.users(users)
}

// users prints a line for each user.
func (s signIn) users(users []shop.ConsoleUser) {
	w := newTable(s.out)
	for _, u := range users {
		password := cmp.Or(u.Password, s.words("(ショップファイルの値)", "(as in the shop file)"))
		say(w, "  %s %s\t%s %s\t%s %s\t%s\n", s.words("契約ID", "contract ID"), s.contract, s.words("ログインID", "login"), u.Login,
			s.words("パスワード", "password"), password, s.role(u))
	}
	_ = w.Flush() // as say: nobody is left to read
}

// role says what the user may do.
func (s signIn) role(u shop.ConsoleUser) string {
	role := map[noren.Role]string{
		noren.Admin: s.words("管理者", "admin"), noren.Clerk: s.words("スタッフ", "staff"), noren.Viewer: s.words("閲覧者", "viewer"),
	}[u.Role]
	if u.StoreID != nil {
		role += fmt.Sprintf(s.words("(店舗 %d)", ", store %d"), *u.StoreID)
	}
	return role
}

// mostGreeted is how many tenants a starting server names: with more, the operator knows them.
const mostGreeted = 5

// greet prints how to sign in to each tenant of a server that listens at address, or what to do while there is none.
func (c *serveCmd) greet(ctx context.Context, std streams, rooms *app.App, address net.Addr) error {
	tenants, err := rooms.Access.Tenants(ctx)
	if err != nil {
		return err
	}
	console := c.consoleURL(address)
	if len(tenants) == 0 {
		say(std.out, "%s\n  noren apply -f examples/shop.yaml\n", std.words(
			"まだ契約がありません。ショップファイルを適用すると、"+console+" にサインインできます。",
			"There is no tenant yet. Apply a shop file, and sign in at "+console+":"))
		return nil
	}
	say(std.out, "%s  %s\n", std.words("管理画面", "Console"), console)
	for i, t := range tenants {
		if i == mostGreeted {
			say(std.out, std.words("  ほか%d契約\n", "  and %d more tenants\n"), len(tenants)-i)
			break
		}
		stored, err := rooms.Access.ConsoleUsers(ctx, t.ID)
		// A server starts beside a node of the database that is down, for the tenants on others.
		if noren.KindOf(err) == noren.Unavailable {
			say(std.out, std.words("  契約ID %s: データベースが応答していません\n", "  contract ID %s: its database does not respond\n"), t.Contract)
			continue
		} else if err != nil {
			return err
		}
		var users []shop.ConsoleUser
		for _, u := range stored {
			if u.DisabledAt == nil && len(users) < mostGreeted {
				users = append(users, shop.ConsoleUser{Login: u.Login, Role: u.Role, StoreID: u.StoreID})
			}
		}
		signIn{streams: std, contract: t.Contract, name: t.Name}.users(users)
		if len(users) == 0 {
			say(std.out, std.words("  契約ID %s: ショップファイルの console_users にユーザーを登録してください\n",
				"  contract ID %s: add users under console_users in the shop file\n"), t.Contract)
		}
	}
	return nil
}

// consoleURL is the address at which a browser on this machine, or one that knows the public name, finds the console.
func (c *serveCmd) consoleURL(address net.Addr) string {
	if c.BaseURL != "" {
		return strings.TrimSuffix(c.BaseURL, "/") + "/console/"
	}
	scheme := "http"
	if c.TLSCert != "" {
		scheme = "https"
	}
	host, port, err := net.SplitHostPort(address.String())
	if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
		return scheme + "://" + net.JoinHostPort("localhost", port) + "/console/"
	}
	return scheme + "://" + address.String() + "/console/"
}
