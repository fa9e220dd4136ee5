package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"noren"
	"noren/shopfile"
)

// applyCmd is `noren apply`. It is safe beside a running server: each tenant is one transaction.
type applyCmd struct {
	databaseFlag
	File string `short:"f" required:"" placeholder:"FILE" help:"The shop file, YAML; - is the standard input."`
	JSON bool   `name:"json" help:"Print the clients with their credentials as JSON, and nothing else."`
}

// Help is what `noren apply --help` says besides the flags.
func (applyCmd) Help() string {
	return "Each tenant is applied whole or not at all. Applying the same file again changes nothing. Secrets that are made " +
		"up are printed this once: only their hashes are stored. API keys of ReCORE clients are printed each time."
}

// Run applies the file and reports what was done. Where a tenant fails, those before it stay applied and reported,
// with the secrets that were made for them.
func (c *applyCmd) Run(ctx context.Context, std streams) error {
	if err := c.check(); err != nil {
		return err
	}
	name, data, err := c.read(std.in)
	if err != nil {
		return err
	}
	shops, err := shopfile.Read(name, data)
	if problems, ok := errors.AsType[shopfile.Problems](err); ok {
		say(std.err, "%v\nnoren: %s in %s; nothing was applied\n", problems, counted(len(problems), "problem", "problems"), name)
		return errReported
	}
	// The database is opened only now: a file with problems touches nothing.
	h, err := openHouse(ctx, c.Database, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer h.close()
	reports, err := applyShops(ctx, h.service, shops)
	keys, keysErr := identify(ctx, h.service, reports, time.Now())
	err = errors.Join(err, keysErr)
	if c.JSON {
		return errors.Join(err, printClientsJSON(std.out, reports, keys))
	}
	return errors.Join(err, printReports(std.out, shops, reports, keys))
}

// read answers the file with the name that messages give it.
func (c *applyCmd) read(in io.Reader) (name string, data []byte, err error) {
	if c.File == "-" {
		data, err = io.ReadAll(in)
		return "standard input", data, err
	}
	data, err = os.ReadFile(c.File)
	if err != nil {
		return "", nil, usageError{fmt.Errorf("--file: %w", err)}
	}
	return c.File, data, nil
}

// applyShops applies one tenant after another, up to the first that fails.
func applyShops(ctx context.Context, service *noren.Service, shops []noren.Shop) ([]noren.ShopReport, error) {
	var reports []noren.ShopReport
	for _, shop := range shops {
		report, err := service.ApplyShop(ctx, shop)
		if err != nil {
			return reports, explainShopError(shop.Contract, err)
		}
		reports = append(reports, report)
	}
	return reports, nil
}

// explainShopError says in words what in the file contradicts what is stored.
func explainShopError(contract string, err error) error {
	e, ok := errors.AsType[*noren.Error](err)
	if !ok || e.Kind == noren.Internal || e.Kind == noren.Unavailable {
		return fmt.Errorf("applying tenant %s: %w", contract, err)
	}
	words := map[noren.Reason]string{
		noren.ReasonRankUnknown:         "there is no such rank",
		noren.ReasonStaffRankUnknown:    "there is no such staff rank",
		noren.ReasonStoreUnknown:        "there is no such store",
		noren.ReasonStoreNotForMembers:  "the store is a warehouse or takes orders; a member belongs to a shop",
		noren.ReasonActiveWithLeaveDate: "an ACTIVE member has no leave_date",
		noren.ReasonLeftWithoutDate:     "a member who LEFT has a leave_date",
		noren.ReasonLeaveDateSet:        "the member has a leave_date; clear it (leave_date: null) to make them ACTIVE",
	}[e.Reason]
	where := e.Field
	if e.Row > 0 {
		where += fmt.Sprintf(", entry %d", e.Row)
	}
	if e.Value != "" {
		where += fmt.Sprintf(" (%s)", e.Value)
	}
	return fmt.Errorf("tenant %s: %s: %s; nothing of this tenant was applied", contract, where,
		cmp.Or(e.Message, words, string(e.Reason), e.Kind.String()))
}

// printReports says for each tenant what was done, then prints the secrets that were made up, and the API keys.
func printReports(out io.Writer, shops []noren.Shop, reports []noren.ShopReport, keys identifications) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, r := range reports {
		if !r.Changed() {
			say(w, "%s: nothing to change\n", r.Contract)
			continue
		}
		say(w, "%s\n", r.Contract)
		for _, l := range r.Lines {
			say(w, "  %s\t%s\n", l.What, counts(l))
		}
	}
	given := givenSecrets(shops)
	// Secrets that the file gives are not repeated: terminals are looked at over shoulders, and kept in histories.
	printCredentials(w, "Secrets made up now; they cannot be shown again", reports, keys, func(field credential) bool {
		return field.kept == onlyHash && !given[field.value]
	})
	printCredentials(w, "API keys; apply shows them whenever it is run", reports, keys, func(field credential) bool {
		return field.kept == remade
	})
	return w.Flush()
}

// printCredentials prints those credentials that are wanted, under a heading where there are any.
func printCredentials(
	w io.Writer, heading string, reports []noren.ShopReport, keys identifications, wanted func(credential) bool,
) {
	heading = "\n" + heading + "\n"
	for _, r := range reports {
		for _, c := range r.Clients {
			for _, field := range credentials(c, keys) {
				if wanted(field) {
					say(w, "%s  %s, %s\t%s\t%s\n", heading, r.Contract, c.Name, field.name, field.value)
					heading = ""
				}
			}
		}
	}
}

// counts writes what was done to one kind of thing, leaving out what was not.
func counts(l noren.ShopReportLine) string {
	var parts []string
	for _, part := range []struct {
		n    int
		word string
	}{{l.Created, "created"}, {l.Updated, "updated"}, {l.Unchanged, "unchanged"}} {
		if part.n > 0 {
			parts = append(parts, number(part.n)+" "+part.word)
		}
	}
	return strings.Join(parts, ", ")
}

// givenSecrets are the secrets that stand in the file anyway.
func givenSecrets(shops []noren.Shop) map[string]bool {
	given := make(map[string]bool)
	for _, shop := range shops {
		for _, c := range shop.Clients {
			given[c.Secret], given[c.WebhookSecret], given[c.AccessToken] = true, true, true
		}
	}
	return given
}

// credential is one of the things that a client presents, by the name that its dialect gives it.
type credential struct {
	name, value string
	kept        keeping
}

// keeping says in which form a credential is stored, and so whether it can be shown later.
type keeping uint8

const (
	inClear  keeping = iota
	onlyHash         // a secret that cannot be shown again
	remade           // a secret that is not stored and can be made again
)

// credentials lists what the client's user needs, as far as it can be known now.
func credentials(c noren.ClientCredentials, keys identifications) []credential {
	var all []credential
	switch c.Dialect {
	case noren.Smaregi:
		all = []credential{
			{"client_id", c.Key, inClear},
			{"client_secret", c.Secret, onlyHash},
			{"webhook_secret", c.WebhookSecret, onlyHash},
			{"access_token", c.AccessToken, onlyHash},
		}
	case noren.ReCORE:
		all = []credential{{"identification", keys[c.Key], remade}}
	case noren.EasyPoints:
		all = []credential{{"public_key", c.Key, inClear}, {"secret_key", c.Secret, onlyHash}}
	}
	var known []credential
	for _, field := range all {
		if field.value != "" {
			known = append(known, field)
		}
	}
	return known
}

// printClientsJSON prints {"clients":[…]}: for each client name, dialect, tenant and credentials.
func printClientsJSON(out io.Writer, reports []noren.ShopReport, keys identifications) error {
	clients := []map[string]string{}
	for _, r := range reports {
		for _, c := range r.Clients {
			client := map[string]string{"name": c.Name, "dialect": string(c.Dialect), "tenant": c.Tenant}
			for _, field := range credentials(c, keys) {
				client[field.name] = field.value
			}
			clients = append(clients, client)
		}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(map[string]any{"clients": clients}); err != nil {
		return fmt.Errorf("writing the clients: %w", err)
	}
	_, err := out.Write(b.Bytes())
	return err
}
