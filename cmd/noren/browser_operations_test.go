package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"noren/cmd/noren/demoshop"
)

// sure accepts the question that a page asks before an action that cannot be undone.
func (w *window) sure() {
	w.Helper()
	w.run(chromedp.Evaluate("window.confirm = () => true; 0", nil))
}

// patch sends a request to the API like a client, and returns the status and the body.
func (w *window) patch(token, path, body string) (int, string) {
	w.Helper()
	request, err := http.NewRequestWithContext(w.Context(), http.MethodPatch, w.base+"/"+demoshop.Contract+"/pos"+path, strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		w.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		w.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// accepted sends a bulk update that must be accepted, and returns its ID.
func (w *window) accepted(token, path, body string) (id int64) {
	w.Helper()
	status, text := w.patch(token, path, body)
	var answer struct {
		RequestID int64 `json:"requestId,string"`
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		var plain struct{ RequestID int64 }
		if err := json.Unmarshal([]byte(text), &plain); err != nil {
			w.Fatalf("%d %s: %v", status, text, err)
		}
		answer.RequestID = plain.RequestID
	}
	if status != http.StatusAccepted || answer.RequestID == 0 {
		w.Fatalf("%d %s", status, text)
	}
	return answer.RequestID
}

// makeClient creates a user client of the Smaregi dialect in the browser, and returns the token shown.
func (w *window) makeClient() (token string) {
	w.Helper()
	w.open("/clients/new")
	w.shows("スコープ")
	w.run(
		chromedp.SetValue("#field-name", "在庫連携", chromedp.ByQuery), chromedp.SetValue("#field-kind", "user", chromedp.ByQuery),
		chromedp.Click(`input[value="pos.customers:write"]`, chromedp.ByQuery), chromedp.Click(`input[value="pos.stock:write"]`, chromedp.ByQuery),
		chromedp.Submit("#field-name", chromedp.ByQuery), chromedp.WaitVisible("#credential-access_token", chromedp.ByQuery),
	)
	var address string
	w.run(chromedp.Text("#credential-access_token", &token, chromedp.ByQuery), chromedp.Location(&address))
	if token = strings.TrimSpace(token); token == "" || strings.Contains(address, token) {
		w.Errorf("the token is %q, the address %s", token, address)
	}
	return token
}

// TestBrowserClients creates a client, calls the API with it, and revokes it.
func TestBrowserClients(t *testing.T) {
	t.Parallel()
	inBrowser(t, func(w *window) {
		w.signIn("admin")
		w.open("/clients/new")
		w.accessible()
		w.fits("client-new")
		token := w.makeClient()
		w.accessible()
		w.fits("client-secrets")
		w.accepted(token, "/customers/bulk", `{"customers":[{"customerId":"1","note":"常連"}],"callbackUrl":"http://127.0.0.1:1"}`)

		w.open("/clients")
		w.shows("在庫連携")
		w.accessible()
		w.fits("clients")
		w.run(chromedp.Evaluate(`[...document.querySelectorAll("tbody a")].find(a => a.innerText === "在庫連携").click()`, nil))
		w.shows("APIの呼び出し例")
		w.accessible()
		w.fits("client")
		w.run(chromedp.Click("[data-copy]", chromedp.ByQuery))
		w.shows("コピーしました")
		w.sure()
		w.run(chromedp.Click(`form[action$="/revoke"] button`, chromedp.ByQuery))
		w.shows("この連携クライアントは無効です")
		if status, text := w.patch(token, "/customers/bulk", `{}`); status != http.StatusUnauthorized {
			t.Errorf("with a revoked token: %d %s", status, text)
		}
		w.open("/users")
		w.shows("管理画面のユーザー")
		w.accessible()
		w.fits("users")
		w.open("/members/new")
		w.accessible()
		w.fits("member-new")
		w.open("/audit?subject=client")
		w.shows("在庫連携")
		w.accessible()
		w.fits("audit")
		w.run(chromedp.Click(`button[lang="en"]`, chromedp.ByQuery))
		w.shows("Audit log")
		w.fits("audit-en")
		w.open("/clients/new")
		w.fits("client-new-en")
	})
}

// TestBrowserBulk watches one bulk update succeed and another fail, and resends a callback.
func TestBrowserBulk(t *testing.T) {
	t.Parallel()
	inBrowser(t, func(w *window) {
		receiver := httptest.NewServer(http.HandlerFunc(func(a http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(a, "受け取りました")
		}))
		defer receiver.Close()
		w.signIn("admin")
		token := w.makeClient()
		w.open("/bulk")
		w.shows("該当する一括更新はありません")
		good := w.accepted(token, "/customers/bulk", fmt.Sprintf(
			`{"customers":[{"customerId":"1","note":"常連"},{"customerId":"2","note":null}],"callbackUrl":"%s"}`, receiver.URL))
		bad := w.accepted(token, "/customers/bulk", fmt.Sprintf(
			`{"customers":[{"customerId":"1","rank":"ない"},{"customerId":"999999","rank":null}],"callbackUrl":"%s"}`, receiver.URL))
		w.open("/bulk")
		w.until(`document.body.innerText.includes("成功") && document.querySelectorAll(".status-good").length >= 3 && !document.querySelector("[hx-trigger^=every]")`)
		w.accessible()
		w.fits("bulk")
		w.open(fmt.Sprintf("/bulk/%d", bad))
		w.shows("会員ランクが存在しません。")
		w.shows("会員が存在しません。")
		w.until(`document.querySelectorAll("tr.wrong").length === 2`)
		w.accessible()
		w.fits("bulk-failed")
		w.open(fmt.Sprintf("/bulk/%d", good))
		w.until(`document.querySelectorAll("#attempts tbody tr").length === 1`) // a response from the own network is not kept
		w.sure()
		w.run(chromedp.Click(`form[action$="send-again"] button`, chromedp.ByQuery))
		w.until(`document.querySelectorAll("#attempts tbody tr").length === 2`)
		w.accessible()
		w.fits("bulk-succeeded")
		w.open("/bulk/health")
		w.until(`document.querySelectorAll(".chart canvas").length === 4`)
		w.accessible()
		w.fits("bulk-health")
		w.run(chromedp.Click(`button[lang="en"]`, chromedp.ByQuery))
		w.shows("Queue and deliveries")
		w.open(fmt.Sprintf("/bulk/%d", bad))
		w.shows("No such member.")
		w.fits("bulk-failed-en")
		w.open("/bulk")
		w.fits("bulk-en")
	})
}

// TestBrowserStock finds a product, sets its quantity, and checks its movements.
func TestBrowserStock(t *testing.T) {
	t.Parallel()
	inBrowser(t, func(w *window) {
		w.signIn("staff")
		w.open("/stock")
		w.shows("在庫")
		w.accessible()
		w.fits("stock")
		w.run(chromedp.KeyEvent("/"))
		w.until(`document.activeElement.id === "search"`)
		w.run(chromedp.Evaluate(`document.getElementById("search").value = ""`, nil), chromedp.KeyEvent("茶"))
		w.until(`document.querySelectorAll("tbody tr").length > 0 && [...document.querySelectorAll("tbody th")].every(cell => cell.innerText.includes("茶"))`)
		for _, amount := range []string{"120", "80"} {
			w.open("/stock/1/1")
			w.run(
				chromedp.SetValue("#field-amount", amount, chromedp.ByQuery), chromedp.SetValue("#field-memo", "棚卸 "+amount, chromedp.ByQuery),
				chromedp.Submit("#field-amount", chromedp.ByQuery),
			)
			w.shows("棚卸 " + amount)
		}
		w.until(`document.querySelectorAll(".chart canvas").length === 1`)
		w.accessible()
		w.fits("stock-level")
		w.run(chromedp.Click(`button[lang="en"]`, chromedp.ByQuery))
		w.shows("Correction")
		w.fits("stock-level-en")
		w.open("/stock")
		w.fits("stock-en")
	})
}
