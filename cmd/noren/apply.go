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
	"slices"
	"strings"

	"noren"
	"noren/app"
	"noren/app/access"
	"noren/app/shop"
	"noren/shopfile"
)

// applyCmd is `noren apply`. It is safe to run beside a server: each tenant is one transaction.
type applyCmd struct {
	databaseFlag
	File string `short:"f" required:"" placeholder:"FILE" help:"Shop file in YAML; - reads standard input."`
	JSON bool   `name:"json" help:"Print only the clients and their credentials, as JSON."`
}

// Help is the text of `noren apply --help` above the flags.
func (applyCmd) Help() string {
	return "All tenants of the file are judged before anything is written, and one problem stops all of them. Each is then written in " +
		"a transaction of its own: should the database fail in between, the command says which were applied, and applying the file " +
		"again does the rest. Applying the same file again changes nothing. Generated secrets and API keys are printed only once, " +
		"because they are not stored: noren keys issue makes another API key."
}

// Run applies the file and reports what was done. If a tenant fails although nothing was wrong when it was judged, the tenants before
// it stay applied and are reported, with the secrets generated for them: they cannot be printed later.
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
	// The database is opened only now, so that a file with problems does not even create one.
	h, err := openHouse(ctx, c.Database, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer h.close()
	if err := judgeShops(ctx, h.rooms, name, shops); err != nil {
		return notApplied(std.err, name, "nothing was applied", err)
	}
	reports, err := applyShops(ctx, h.rooms, name, shops)
	if err != nil {
		err = notApplied(std.err, name, applied(shops, len(reports)), err)
	}
	// Also after an error: the tenants before it are applied, and their secrets can be printed only now.
	keys, keysErr := identify(ctx, h.rooms, reports)
	err = errors.Join(err, keysErr)
	if c.JSON {
		return errors.Join(err, printClientsJSON(std.out, reports, keys))
	}
	return errors.Join(err, printReports(std.out, shops, reports, keys))
}

// notApplied prints what is wrong with the file, if it is that, and returns the error to report, which says what was done.
func notApplied(errs io.Writer, file, done string, err error) error {
	problems, ok := errors.AsType[shopfile.Problems](err)
	if !ok {
		return fmt.Errorf("%w; %s", err, done)
	}
	say(errs, "%v\n", problems)
	return fmt.Errorf("%s in %s; %s", counted(len(problems), "problem", "problems"), file, done)
}

// applied says which of the tenants were applied, and which were not.
func applied(shops []shop.Shop, n int) string {
	if n == 0 {
		return "nothing was applied"
	}
	contracts := make([]string, len(shops))
	for i, s := range shops {
		contracts[i] = s.Contract
	}
	return fmt.Sprintf("applied: %s; not applied: %s; apply the file again for the rest",
		strings.Join(contracts[:n], ", "), strings.Join(contracts[n:], ", "))
}

// read returns the file and the name used for it in messages.
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

// judgeShops returns what is wrong with any tenant of the file, so that one that fails does not leave the others applied. A single one
// is judged as it is applied.
func judgeShops(ctx context.Context, rooms *app.App, file string, shops []shop.Shop) error {
	if len(shops) < 2 {
		return nil
	}
	var problems shopfile.Problems
	for _, shop := range shops {
		err := rooms.Shop.Judge(ctx, shop)
		if err == nil {
			continue
		}
		err = explainShopError(file, shop, err)
		found, ok := errors.AsType[shopfile.Problems](err)
		if !ok {
			return err
		}
		problems = append(problems, found...)
	}
	if len(problems) == 0 {
		return nil
	}
	return problems
}

// applyShops applies one tenant of the file after another, up to the first that fails.
func applyShops(ctx context.Context, rooms *app.App, file string, shops []shop.Shop) ([]shop.Report, error) {
	var reports []shop.Report
	for _, shop := range shops {
		report, err := rooms.Shop.Apply(ctx, shop)
		if err != nil {
			return reports, explainShopError(file, shop, err)
		}
		reports = append(reports, report)
	}
	return reports, nil
}

// explainShopError words what the file contradicts in itself or in what is stored, with the lines as shopfile.Read does. Errors that are
// not the file's fault pass through, wrapped.
func explainShopError(file string, s shop.Shop, err error) error {
	list, several := errors.AsType[noren.Refusals](err)
	if e, ok := errors.AsType[*noren.Error](err); ok && !several {
		list = noren.Refusals{e}
	}
	if len(list) == 0 || list[0].Kind == noren.Internal || list[0].Kind == noren.Unavailable {
		return fmt.Errorf("applying tenant %s: %w", s.Contract, err)
	}
	var problems shopfile.Problems
	for _, e := range list {
		problems = append(problems, shopfile.Problem{File: file, Line: s.Line(e), Message: shopProblem(e)})
	}
	slices.SortStableFunc(problems, func(a, b shopfile.Problem) int { return cmp.Compare(a.Line, b.Line) })
	return problems
}

// shopProblem words one of them.
func shopProblem(e *noren.Error) string {
	list, key := shop.Part(e)
	what := map[string]string{
		"": "a tenant", "members": "a member", "purchases": "a purchase", "clients": "a client", "ranks": "a rank",
		"staff_ranks": "a staff rank", "staff": "a staff member", "console_users": "a console user",
	}[list]
	words := cmp.Or(e.Message, string(e.Reason), e.Kind.String())
	if e.Value != "" && !strings.Contains(words, e.Value) {
		words += fmt.Sprintf(" (%s)", e.Value)
	}
	return fmt.Sprintf("%s of %s: %s", key, what, words)
}

// printReports prints what was done for each tenant, then the generated secrets and the API keys.
func printReports(out io.Writer, shops []shop.Shop, reports []shop.Report, keys identifications) error {
	w := newTable(out)
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
	printCredentials(w, reports, keys, givenSecrets(shops))
	return w.Flush()
}

// printCredentials prints the generated secrets and API keys, each with the ID or public key that it belongs to, and the IDs of all
// new clients. Secrets given in the file are not repeated: people look over shoulders, and terminals keep histories.
func printCredentials(w io.Writer, reports []shop.Report, keys identifications, given map[string]bool) {
	heading := "\nCredentials; generated secrets cannot be shown again\n"
	for _, r := range reports {
		for _, c := range r.Clients {
			fields := credentials(c, keys)
			secret := func(field credential) bool { return field.kept == onlyHash && !given[field.value] }
			if !c.Made && !slices.ContainsFunc(fields, secret) {
				continue
			}
			for _, field := range fields {
				if field.kept == inClear || secret(field) {
					say(w, "%s  %s, %s\t%s\t%s\n", heading, r.Contract, c.Name, field.name, field.value)
					heading = ""
				}
			}
		}
	}
}

// counts formats what was done to one kind of record, leaving out zero counts.
func counts(l shop.ReportLine) string {
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

// givenSecrets are the secrets that the file itself contains.
func givenSecrets(shops []shop.Shop) map[string]bool {
	given := make(map[string]bool)
	for _, shop := range shops {
		for _, c := range shop.Clients {
			given[c.Secret], given[c.WebhookSecret], given[c.AccessToken] = true, true, true
		}
	}
	return given
}

// credential is one of the values that a client presents, under the name used by its dialect.
type credential struct {
	name, value string
	kept        keeping
}

// keeping says how a credential is stored, and so whether it can be shown later.
type keeping uint8

const (
	inClear  keeping = iota
	onlyHash         // a secret that cannot be shown again
)

// credentials lists the credentials of a client that are known at this moment.
func credentials(c access.ClientCredentials, keys identifications) []credential {
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
		all = []credential{{"identification", keys[c.Key], onlyHash}}
	case noren.Privacy:
		all = []credential{{"client_id", c.Key, inClear}, {"client_secret", c.Secret, onlyHash}}
	case noren.Shopify, noren.Console: // nobody of them is a client
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

// printClientsJSON prints {"clients":[…]}: the name, dialect, tenant and credentials of each client.
func printClientsJSON(out io.Writer, reports []shop.Report, keys identifications) error {
	// Not nil: without clients the document has [], which scripts can iterate over.
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
	e.SetEscapeHTML(false) // secrets may contain & and <, and this is not for a browser
	if err := e.Encode(map[string]any{"clients": clients}); err != nil {
		return fmt.Errorf("writing the clients: %w", err)
	}
	_, err := out.Write(b.Bytes())
	return err
}
