package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"noren"
	"noren/console"
	"noren/shopfile"
	"noren/web"
)

// consoleDialects is what the console needs to know about the dialects to create clients for them. The scopes come from
// the routes, so a new route needs no second list, and from the shop file, which has those that open nothing here.
func (h *house) consoleDialects(dialects []web.Dialect) console.Dialects {
	d := console.Dialects{
		Scopes: make(map[noren.Dialect][]string),
		Identify: func(ctx context.Context, key string) (string, error) {
			issued, _, err := identification(ctx, h.rooms, key, nil)
			return issued, err
		},
		Commands: clientCommands,
	}
	for _, dialect := range dialects {
		scopes := slices.Concat(web.Scopes(dialect), shopfile.Scopes(dialect.Name()))
		slices.Sort(scopes)
		d.Scopes[dialect.Name()] = slices.Compact(scopes)
	}
	return d
}

// clientCommands are command lines to try a client with. Values that are not known are placeholders in angle brackets.
func clientCommands(base string, t noren.Tenant, c noren.Client, k console.Keys) []string {
	curl := func(format string, args ...any) string {
		for i, arg := range args {
			args[i] = quoted(fmt.Sprint(arg))
		}
		return "curl -s -w '\\n' " + fmt.Sprintf(format, args...)
	}
	switch c.Dialect {
	case noren.Smaregi:
		// An app needs a token first, so it gets two commands; a user's token never expires.
		// A client that may only touch stock would get a 403 from the members.
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
		keys := c.Key + ":" + cmp.Or(k.Secret, "<secret_key>")
		return []string{curl("-u %s %s", keys, base+"/api/shopify/point_balances/<shopify_customer_id>/tier")}
	case noren.Privacy:
		return []string{curl("-u %s %s", c.Key+":"+cmp.Or(k.Secret, "<client_secret>"), base+"/api/privacy/people/<member_id>")}
	default:
		return nil
	}
}

// quoted quotes a word for a shell, whatever it contains.
func quoted(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }
