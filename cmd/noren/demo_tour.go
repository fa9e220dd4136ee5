package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"noren"
	"noren/app/access"
	"noren/app/shop"
	"noren/cmd/noren/demoshop"
)

// tour prints an introduction to a running demo: addresses, credentials, one bulk update from request to callback, and
// commands to try next.
type tour struct {
	streams
	base     string // address of the API, without a slash at the end
	receiver *receiver
	report   shop.Report
	keys     identifications
	people   []shop.ConsoleUser
	token    string // of the app
	first    int64  // the number of the first bulk update
}

// alwaysShown is how many members the tour needs: it names those with the ids 1 and 2.
const alwaysShown = 2

// newTour makes a tour of the server at base. report is the result of loading the shop, with its credentials.
func newTour(
	std streams, base string, r *receiver, report shop.Report, keys identifications, people []shop.ConsoleUser,
) *tour {
	return &tour{streams: std, base: base, receiver: r, report: report, keys: keys, people: people}
}

// walk prints everything once.
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

// client returns the credentials of a client by name.
func (t *tour) client(name string) access.ClientCredentials {
	for _, c := range t.report.Clients {
		if c.Name == name {
			return c
		}
	}
	return access.ClientCredentials{}
}

// getToken exchanges the app's ID and secret for an access token, the first step of every app of this dialect.
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
		return fmt.Errorf("reading the response: %w", err)
	}
	t.token = answer.AccessToken
	return nil
}

// tokenURL is the token endpoint, the only path of the dialect outside /{contract_id}/pos.
func (t *tour) tokenURL() string { return t.base + "/app/" + demoshop.Contract + "/token" }

// path is a path of the POS API in the demo shop.
func path(p string) string { return "/" + demoshop.Contract + "/pos" + p }

// do sends a request and returns the body of the response, which must have the wanted status.
func (t *tour) do(request *http.Request, want int) ([]byte, error) {
	client := http.Client{Timeout: tourPatience}
	answer, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != want {
		err = fmt.Errorf("%s %s: %s: %s", request.Method, request.URL.Path, answer.Status, body)
	}
	return body, err
}

// tourPatience is how long the tour waits for a response or a callback. Both take milliseconds.
const tourPatience = 15 * time.Second

// introduce prints what the shop contains, the addresses and the credentials.
func (t *tour) introduce() error {
	w := newTable(t.out)
	say(w, t.words("\n暖簾商店、契約ID %s\n", "\n暖簾商店, contract %s\n"), demoshop.Contract)
	for _, l := range t.report.Lines {
		if l.Created > 1 { // the tenant and its settings, one each, are not worth a line
			say(w, "  %s\t%s\n", t.words(cmp.Or(loaded()[l.What], l.What), l.What), number(l.Created))
		}
	}
	say(w, t.words("\nアドレス\n  API\t%s\n  コールバック\t%s\n", "\nAddresses\n  API\t%s\n  callbacks\t%s\n"), t.base, t.receiver.URL)
	say(w, "\n%s\n", t.words("認証情報(今回の起動用に発行)", "Credentials, generated for this run"))
	for _, c := range t.report.Clients {
		who := t.words("アプリ", "app")
		if c.Kind == noren.UserClient {
			who = t.words("店舗1のユーザー", "user of store 1")
		}
		label := fmt.Sprintf("%s (%s, %s)", c.Name, c.Dialect, who)
		for _, field := range credentials(c, t.keys) {
			say(w, "  %s\t%s\t%s\n", label, field.name, field.value)
			label = ""
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	signIn{streams: t.streams, console: t.base + "/console/", contract: demoshop.Contract, name: "暖簾商店"}.print(t.people)
	say(t.out, "\n")
	return nil
}

// loaded are the kinds of things in the shop, in Japanese.
func loaded() map[string]string {
	return map[string]string{
		"ranks": "会員ランク", "staff ranks": "社員ランク", "stores": "店舗", "products": "商品", "staff": "スタッフ", "members": "会員", "purchases": "購入",
		"console users": "管理画面のユーザー", "clients": "連携クライアント",
	}
}

// roundTrip makes a bulk update over HTTP as a client would, and waits for its callback.
func (t *tour) roundTrip(ctx context.Context) error {
	body := t.customers(`{"customerId":"1","rank":"ゴールド"}`, `{"customerId":"2","rank":"シルバー"}`)
	request, err := http.NewRequestWithContext(ctx, http.MethodPatch, t.base+path("/customers/bulk"), strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+t.token)
	request.Header.Set("Content-Type", "application/json")
	say(t.out, t.words("最初の一括更新を送信しました", "A first bulk update, sent just now")+"\n\n→ PATCH %s\n    %s\n\n", path("/customers/bulk"), body)
	t.receiver.mu.Lock() // the callback may arrive before the response has been printed
	begin := time.Now()
	answer, err := t.do(request, http.StatusAccepted)
	if err == nil {
		t.first = requestID(answer)
		took := inMilliseconds(time.Since(begin))
		say(t.out, t.words("← 202 Accepted(%sで応答)", "← 202 Accepted, after %s")+"\n    %s\n\n", took, bytes.TrimSpace(answer))
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
		return fmt.Errorf("no callback arrived within %v", tourPatience)
	}
}

// requestID is the number of the bulk update that the response accepts; 0 if it has none.
func requestID(answer []byte) int64 {
	var accepted struct {
		RequestID int64 `json:"requestId"`
	}
	_ = json.Unmarshal(answer, &accepted) // the status has said that it was accepted
	return accepted.RequestID
}

// customers is the body of a bulk update of members.
func (t *tour) customers(rows ...string) string {
	return fmt.Sprintf(`{"customers":[%s],"callbackUrl":"%s"}`, strings.Join(rows, ","), t.receiver.URL)
}

// suggestion is a command to paste and its purpose.
type suggestion struct{ what, command string }

// suggest prints commands that work as they are.
func (t *tour) suggest() {
	say(t.out, "%s\n", t.words("次のコマンドは、そのまま貼り付けて実行できます。Bearerトークンの有効期限は1時間です。",
		"Try these; they can be pasted as they are. The Bearer token is valid for an hour."))
	for _, s := range slices.Concat(t.smaregi(), t.recore(), t.easyPoints()) {
		say(t.out, "\n  # %s\n  %s\n", s.what, s.command)
	}
	say(t.out, "\n")
}

// smaregi suggests calls of the Smaregi Platform API.
func (t *tour) smaregi() []suggestion {
	app := t.client(demoshop.App)
	bearer := fmt.Sprintf("-H 'Authorization: Bearer %s'", t.token)
	get := func(p string) string { return fmt.Sprintf("curl -s -w '\\n' %s '%s%s'", bearer, t.base, path(p)) }
	patch := func(p, body string) string { return sending("PATCH", bearer, t.base+path(p), body) }
	stock := fmt.Sprintf(`{"stock":[{"productId":"1","storeId":"1","stockAmount":"120"},`+
		`{"productId":"2","storeId":"8","stockAmount":"2400"}],"callbackUrl":"%s"}`, t.receiver.URL)
	return []suggestion{
		{t.words("アクセストークンを取得", "get an access token"), fmt.Sprintf(
			"curl -s -w '\\n' -u '%s:%s' -d grant_type=client_credentials '%s'", app.Key, app.Secret, t.tokenURL())},
		{
			t.words("会員を1人取得し、一覧を取得", "get a member, and list some"),
			get("/customers/1") + "\n  " + get("/customers?limit=3&fields=customerId,lastName,firstName,rank"),
		},
		{t.words("会員を一括更新", "update members in bulk"), patch("/customers/bulk", t.customers(
			`{"customerId":"1","note":"常連のお客様"}`, `{"customerId":"2","note":null}`))},
		{t.words("2行目が誤っている一括更新(何も反映されません)", "a bulk update whose second row is wrong: nothing is applied"), patch("/customers/bulk", t.customers(
			`{"customerId":"1","rank":"プラチナ"}`, `{"customerId":"2","rank":"ダイヤモンド"}`))},
		{t.words("一括更新の処理状態を取得", "get the status of a bulk update"), get(fmt.Sprintf("/bulk_requests/%d", t.first))},
		{t.words("在庫を一括更新し、一覧を取得", "set stock in bulk, and list it"), patch("/stock/bulk", stock) + "\n  " + get("/stock?store_id=1")},
	}
}

// recore suggests calls of ReCORE's members API, which sees the same members.
func (t *tour) recore() []suggestion {
	const key = `-H "X-Identification: $KEY"` // too long to repeat in every command
	get := func(p string) string { return fmt.Sprintf("curl -s -w '\\n' %s '%s%s'", key, t.base, p) }
	return []suggestion{
		{
			t.words("ReCORE: APIキーを変数に保存(以下のコマンドで使用)", "ReCORE: keep the API key in a variable for the commands below"),
			fmt.Sprintf("KEY='%s'", t.keys[t.client(demoshop.Reuse).Key]),
		},
		{t.words("ReCORE: 会員を検索", "ReCORE: search members"), fmt.Sprintf(
			"curl -s -w '\\n' -G --data-urlencode 'keyword=山田' -d limit=2 %s '%s/members'", key, t.base)},
		{t.words("ReCORE: ポイントを付与し、会員を取得", "ReCORE: give points, and get the member"), sending("PUT", key, t.base+"/members/point",
			`{"query":{"ids":[1,2]},"mode":"ADD","amount":100,"note":"ご来店ありがとうございます"}`) + "\n  " + get("/members/1")},
		{t.words("ReCORE: 会員にメモを追加し、一覧を取得", "ReCORE: add a note to a member, and list the notes"), sending("POST", key, t.base+"/members/1/notes",
			`{"staff_id":1,"note":"緑茶をお好みです"}`) + "\n  " + get("/members/1/notes")},
	}
}

// easyPoints suggests calls of the easyPoints API. The customer is the first member.
func (t *tour) easyPoints() []suggestion {
	web := t.client(demoshop.Web)
	keys := fmt.Sprintf("-u '%s:%s'", web.Key, web.Secret)
	customer := t.base + "/api/shopify/point_balances/" + demoshop.Customer
	tier := fmt.Sprintf("curl -s -w '\\n' %s '%s/tier'", keys, customer)
	return []suggestion{
		{t.words("easyPoints: 会員ランクと、次のランクまでに必要な金額を取得", "easyPoints: get a customer's tier and the spend needed for the next"), tier},
		{t.words("easyPoints: 会員ランクを設定し、取得", "easyPoints: set the tier, and get it"), sending("POST", keys, customer+"/tiers",
			`{"tier":"ゴールド","minimum_tier":"シルバー","skip_next_check":true}`) + "\n  " + tier},
		{
			t.words("easyPoints: ポイント残高を設定", "easyPoints: set the point balance"),
			sending("POST", keys, customer+"/set_balance", `{"balance":800}`),
		},
	}
}

// sending is the command that sends JSON. Nothing in it contains a single quote, so single quotes are enough for a shell.
func sending(method, credential, target, body string) string {
	return fmt.Sprintf("curl -s -w '\\n' -X %s %s -H 'Content-Type: application/json' \\\n    '%s' \\\n    -d '%s'",
		method, credential, target, body)
}
