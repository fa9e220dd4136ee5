package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"noren"
	"noren/cmd/noren/demoshop"
)

// tour shows a newcomer around a running demo: addresses, credentials, one bulk update from request to callback, and
// the commands to go on with.
type tour struct {
	out      io.Writer
	base     string // address of the API, without a slash at the end
	receiver *receiver
	report   noren.ShopReport
	keys     identifications
	people   []noren.ShopConsoleUser
	token    string // of the app
}

// alwaysShown is how many members the tour needs: it names those with the ids 1 and 2.
const alwaysShown = 2

// newTour makes a tour of the server at base. report is what loading the shop answered, with its credentials.
func newTour(
	out io.Writer, base string, r *receiver, report noren.ShopReport, keys identifications, people []noren.ShopConsoleUser,
) *tour {
	return &tour{out: out, base: base, receiver: r, report: report, keys: keys, people: people}
}

// walk shows everything once.
func (t *tour) walk(ctx context.Context) error {
	if err := t.getToken(ctx); err != nil {
		return fmt.Errorf("getting an access token: %w", err)
	}
	if err := t.introduce(); err != nil {
		return err
	}
	if err := t.roundTrip(ctx); err != nil {
		return fmt.Errorf("the first bulk update: %w", err)
	}
	t.suggest()
	return nil
}

// client answers the credentials of a client by name.
func (t *tour) client(name string) noren.ClientCredentials {
	for _, c := range t.report.Clients {
		if c.Name == name {
			return c
		}
	}
	return noren.ClientCredentials{}
}

// getToken exchanges the app's id and secret for an access token, as every app of this dialect begins.
func (t *tour) getToken(ctx context.Context) error {
	app := t.client(demoshop.App)
	form := url.Values{"grant_type": {"client_credentials"}}.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.tokenURL(), strings.NewReader(form))
	if err != nil {
		return err
	}
	request.SetBasicAuth(app.Key, app.Secret)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	body, err := t.do(request, http.StatusOK)
	if err != nil {
		return err
	}
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	t.token = answer.AccessToken
	return nil
}

// tokenURL is where tokens are asked for. It is the one path of the dialect outside of /{contract_id}/pos.
func (t *tour) tokenURL() string { return t.base + "/app/" + demoshop.Contract + "/token" }

// path is a path of the POS API in the demo shop.
func path(p string) string { return "/" + demoshop.Contract + "/pos" + p }

// do sends a request and answers the body of an answer with the wanted status.
func (t *tour) do(request *http.Request, want int) ([]byte, error) {
	client := http.Client{Timeout: tourPatience}
	answer, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != want {
		err = fmt.Errorf("%s %s answered %s: %s", request.Method, request.URL.Path, answer.Status, body)
	}
	return body, err
}

// tourPatience is how long the tour waits for an answer or a callback, which take milliseconds.
const tourPatience = 15 * time.Second

// introduce prints what there is.
func (t *tour) introduce() error {
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	say(w, "\n暖簾商店, contract %s\n", demoshop.Contract)
	for _, l := range t.report.Lines {
		if l.Created > 1 { // the tenant itself and single settings say nothing here
			say(w, "  %s\t%s\n", l.What, number(l.Created))
		}
	}
	say(w, "\nAddresses\n  API\t%s\n  console\t%s/console/\n  callbacks\t%s\n", t.base, t.base, t.receiver.URL)
	say(w, "\nCredentials, made for this run\n")
	for _, c := range t.report.Clients {
		who := "app"
		if c.Kind == noren.UserClient {
			who = "user of store 1"
		}
		label := fmt.Sprintf("%s (%s, %s)", c.Name, c.Dialect, who)
		for _, field := range credentials(c, t.keys) {
			say(w, "  %s\t%s\t%s\n", label, field.name, field.value)
			label = ""
		}
	}
	for _, u := range t.people {
		where := ""
		if u.StoreID != nil {
			where = fmt.Sprintf(", store %d", *u.StoreID)
		}
		say(w, "  %s (console, %s%s)\tpassword\t%s\n", u.Login, u.Role, where, u.Password)
	}
	say(w, "\n")
	return w.Flush()
}

// roundTrip makes a bulk update over HTTP, as a client would, and waits for its callback.
func (t *tour) roundTrip(ctx context.Context) error {
	body := t.customers(`{"customerId":"1","rank":"ゴールド"}`, `{"customerId":"2","rank":"シルバー"}`)
	request, err := http.NewRequestWithContext(ctx, http.MethodPatch, t.base+path("/customers/bulk"), strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+t.token)
	request.Header.Set("Content-Type", "application/json")
	say(t.out, "A first bulk update, made just now\n\n→ PATCH %s\n    %s\n\n", path("/customers/bulk"), body)
	t.receiver.mu.Lock() // the callback may come before the answer has been printed
	begin := time.Now()
	answer, err := t.do(request, http.StatusAccepted)
	if err == nil {
		say(t.out, "← 202 Accepted, after %s\n    %s\n\n", inMilliseconds(time.Since(begin)), bytes.TrimSpace(answer))
	}
	t.receiver.mu.Unlock()
	if err != nil {
		return err
	}
	select {
	case <-t.receiver.arrived:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(tourPatience):
		return errors.New("no callback has come")
	}
}

// customers is the body of a bulk update of members.
func (t *tour) customers(rows ...string) string {
	return fmt.Sprintf(`{"customers":[%s],"callbackUrl":"%s"}`, strings.Join(rows, ","), t.receiver.URL)
}

// suggestion is a command to paste, and what it is for.
type suggestion struct{ what, command string }

// suggest prints commands to paste, as they are.
func (t *tour) suggest() {
	say(t.out, "Try it; these can be pasted as they are, those with a Bearer token for an hour from now\n")
	for _, s := range slices.Concat(t.smaregi(), t.recore(), t.easyPoints()) {
		say(t.out, "\n  # %s\n  %s\n", s.what, s.command)
	}
	say(t.out, "\n")
}

// smaregi suggests what to do with the Smaregi Platform API.
func (t *tour) smaregi() []suggestion {
	app := t.client(demoshop.App)
	bearer := fmt.Sprintf("-H 'Authorization: Bearer %s'", t.token)
	get := func(p string) string { return fmt.Sprintf("curl -s -w '\\n' %s '%s%s'", bearer, t.base, path(p)) }
	patch := func(p, body string) string { return sending("PATCH", bearer, t.base+path(p), body) }
	stock := fmt.Sprintf(`{"stock":[{"productId":"1","storeId":"1","stockAmount":"120"},`+
		`{"productId":"2","storeId":"8","stockAmount":"2400"}],"callbackUrl":"%s"}`, t.receiver.URL)
	return []suggestion{
		{"get an access token", fmt.Sprintf("curl -s -w '\\n' -u '%s:%s' -d grant_type=client_credentials '%s'", app.Key, app.Secret, t.tokenURL())},
		{"look at a member, and list some", get("/customers/1") + "\n  " + get("/customers?limit=3&fields=customerId,lastName,firstName,rank")},
		{"update members in bulk", patch("/customers/bulk", t.customers(
			`{"customerId":"1","note":"常連のお客様"}`, `{"customerId":"2","note":null}`))},
		{"fail on the second row: nothing of it is applied", patch("/customers/bulk", t.customers(
			`{"customerId":"1","rank":"プラチナ"}`, `{"customerId":"2","rank":"ダイヤモンド"}`))},
		{"ask what became of a request", get("/bulk_requests/1")},
		{"set stock in bulk, and look at it", patch("/stock/bulk", stock) + "\n  " + get("/stock?store_id=1")},
	}
}

// recore suggests what to do with ReCORE's members API. It is the same members.
func (t *tour) recore() []suggestion {
	const key = `-H "X-Identification: $KEY"` // which is too long to be repeated
	get := func(p string) string { return fmt.Sprintf("curl -s -w '\\n' %s '%s%s'", key, t.base, p) }
	return []suggestion{
		{"ReCORE: keep the API key in the shell, for what follows", fmt.Sprintf("KEY='%s'", t.keys[t.client(demoshop.Reuse).Key])},
		{"ReCORE: find members by what is known of them", fmt.Sprintf(
			"curl -s -w '\\n' -G --data-urlencode 'keyword=山田' -d limit=2 %s '%s/members'", key, t.base)},
		{"ReCORE: grant points, and look at them", sending("PUT", key, t.base+"/members/point",
			`{"query":{"ids":[1,2]},"mode":"ADD","amount":100,"note":"ご来店ありがとうございます"}`) + "\n  " + get("/members/1")},
		{"ReCORE: write a note about a member, and read it", sending("POST", key, t.base+"/members/1/notes",
			`{"staff_id":1,"note":"緑茶をお好みです"}`) + "\n  " + get("/members/1/notes")},
	}
}

// easyPoints suggests what to do with the API of easyPoints. Its customer is the first member.
func (t *tour) easyPoints() []suggestion {
	web := t.client(demoshop.Web)
	keys := fmt.Sprintf("-u '%s:%s'", web.Key, web.Secret)
	customer := t.base + "/api/shopify/point_balances/" + demoshop.Customer
	tier := fmt.Sprintf("curl -s -w '\\n' %s '%s/tier'", keys, customer)
	return []suggestion{
		{"easyPoints: look at a customer's tier, and what is missing to the next", tier},
		{"easyPoints: set the tier, and look at it", sending("POST", keys, customer+"/tiers",
			`{"tier":"ゴールド","minimum_tier":"シルバー","skip_next_check":true}`) + "\n  " + tier},
		{"easyPoints: set the balance of points", sending("POST", keys, customer+"/set_balance", `{"balance":800}`)},
	}
}

// sending is the command that sends JSON. Single quotes keep a shell from touching anything inside; nothing inside has one.
func sending(method, credential, target, body string) string {
	return fmt.Sprintf("curl -s -w '\\n' -X %s %s -H 'Content-Type: application/json' \\\n    '%s' \\\n    -d '%s'",
		method, credential, target, body)
}
