package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"noren"
	"noren/console"
	"noren/web"
)

// consoleDialects is what the console has to know of the dialects to make clients for them. What scopes there are is
// taken from the routes.
func (h *house) consoleDialects(dialects []web.Dialect) console.Dialects {
	d := console.Dialects{
		Scopes: make(map[noren.Dialect][]string),
		Identify: func(ctx context.Context, key string) (string, error) {
			return identification(ctx, h.service, key, time.Now())
		},
		Commands: clientCommands,
	}
	for _, dialect := range dialects {
		d.Scopes[dialect.Name()] = web.Scopes(dialect)
	}
	return d
}

// clientCommands are command lines that a client could begin with. What is not known is named in angle brackets, for
// people to put in.
func clientCommands(base string, t noren.Tenant, c noren.Client, k console.Keys) []string {
	curl := func(format string, args ...any) string {
		for i, arg := range args {
			args[i] = quoted(fmt.Sprint(arg))
		}
		return "curl -s -w '\\n' " + fmt.Sprintf(format, args...)
	}
	switch c.Dialect {
	case noren.Smaregi:
		list := base + "/" + t.Contract + "/pos/customers?limit=3"
		if slices.ContainsFunc(c.Scopes, func(s string) bool { return strings.HasPrefix(s, "pos.stock:") }) &&
			!slices.ContainsFunc(c.Scopes, func(s string) bool { return strings.HasPrefix(s, "pos.customers:") }) {
			list = base + "/" + t.Contract + "/pos/stock?limit=3"
		}
		if c.Kind == noren.UserClient {
			return []string{curl("-H %s %s", "Authorization: Bearer "+cmp.Or(k.AccessToken, "<access_token>"), list)}
		}
		return []string{
			curl("-u %s -d grant_type=client_credentials %s",
				c.Key+":"+cmp.Or(k.Secret, "<client_secret>"), base+"/app/"+t.Contract+"/token"),
			curl("-H %s %s", "Authorization: Bearer <access_token>", list),
		}
	case noren.ReCORE:
		return []string{curl("-H %s %s", "X-Identification: "+cmp.Or(k.Identification, "<key>"), base+"/members?limit=3")}
	case noren.EasyPoints:
		return []string{curl("-u %s %s", c.Key+":"+cmp.Or(k.Secret, "<secret_key>"), base+"/api/shopify/point_balances/<shopify_customer_id>/tier")}
	default:
		return nil
	}
}

// quoted is a word as a shell takes it whatever is in it.
func quoted(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }
