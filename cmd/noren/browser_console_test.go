package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"noren/cmd/noren/demoshop"
	"noren/onetime"
)

// TestBrowserSignIn signs in, looks around, finds people by two letters and switches the language.
func TestBrowserSignIn(t *testing.T) {
	t.Parallel()
	inBrowser(t, func(w *window) {
		w.open("/sign-in")
		w.shows("契約ID")
		w.accessible()
		w.fits("sign-in")
		w.signIn("staff")
		w.shows("暖簾商店")
		w.accessible()
		w.fits("members")
		// The slash goes to the search box from anywhere.
		w.run(chromedp.KeyEvent("/"))
		w.until(`document.activeElement.id === "search"`)
		// The driver sends the character even if a handler has prevented the key; a keyboard would not.
		w.run(chromedp.Evaluate(`document.getElementById("search").value = ""`, nil), chromedp.KeyEvent("山田"))
		w.until(`[...document.querySelectorAll("tbody tr")].every(row => row.innerText.includes("山田")) && document.querySelectorAll("tbody tr").length > 0`)
		w.theme("dark")
		w.fits("members-dark")
		w.theme("light")
		w.open("/")
		w.shows("新しい会員")
		w.accessible()
		w.fits("home")
		w.open("/points/expiring")
		w.accessible()
		w.open("/account")
		w.accessible()
		w.fits("account")
		w.run(chromedp.Click(`button[lang="en"]`, chromedp.ByQuery))
		w.shows("Change password")
		w.run(chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Enter))
		w.until(`document.activeElement.id === "main"`)
		w.run(chromedp.Click(`button[lang="ja"]`, chromedp.ByQuery))
		w.shows("パスワードの変更")
		w.twoSteps()
	})
}

// twoSteps turns two-step verification on, signs in with it and turns it off again, with a wrong code at each step.
func (w *window) twoSteps() {
	w.Helper()
	const code = "#field-code"
	wrong := func(route string) {
		w.size(360)
		w.run(chromedp.SetValue(code, "wrong", chromedp.ByQuery), chromedp.Submit(code, chromedp.ByQuery))
		w.pointsAtProblems(route, 360)
		w.accessible()
	}
	w.open("/account/second-factor")
	w.accessible()
	w.run(chromedp.SetValue("#field-password", clerkPassword, chromedp.ByQuery), chromedp.Submit("#field-password", chromedp.ByQuery))
	w.shows("QRコード")
	w.accessible()
	w.fits("second-factor-setup")
	var secret, recovery string
	w.run(chromedp.Text("#factor-secret", &secret, chromedp.ByQuery))
	wrong("/account/second-factor/on")
	right, err := onetime.Code(strings.ReplaceAll(secret, " ", ""), time.Now())
	if err != nil {
		w.Fatal(err)
	}
	w.run(chromedp.SetValue(code, right, chromedp.ByQuery), chromedp.Submit(code, chromedp.ByQuery))
	w.shows("2段階認証を有効にしました")
	w.accessible()
	w.fits("second-factor-recovery")
	w.run(chromedp.Text("#factor-recovery", &recovery, chromedp.ByQuery))
	codes := strings.Fields(recovery)

	w.run(network.ClearBrowserCookies())
	w.open("/sign-in")
	w.run(
		chromedp.SetValue("#field-contract", demoshop.Contract, chromedp.ByQuery), chromedp.SetValue("#field-login", "staff", chromedp.ByQuery),
		chromedp.SetValue("#field-password", clerkPassword, chromedp.ByQuery), chromedp.Submit("#field-password", chromedp.ByQuery),
		chromedp.WaitVisible(code, chromedp.ByQuery),
	)
	w.fits("sign-in-code")
	wrong("/sign-in/code")
	w.run(
		chromedp.SetValue(code, codes[0], chromedp.ByQuery), chromedp.Submit(code, chromedp.ByQuery),
		chromedp.WaitVisible(".bar-nav", chromedp.ByQuery),
	)
	w.open("/account/second-factor")
	w.shows("残りの予備コード")
	w.fits("second-factor-on")
	wrong("/account/second-factor/off")
	w.run(chromedp.SetValue(code, codes[1], chromedp.ByQuery), chromedp.Submit(code, chromedp.ByQuery))
	w.shows("2段階認証を無効にしました")
}

// TestBrowserMember finds a member by two letters, changes it, gives points, writes a note and attaches a photo.
func TestBrowserMember(t *testing.T) {
	t.Parallel()
	inBrowser(t, func(w *window) {
		w.signIn("staff")
		w.until(`document.querySelector("#search")`)
		w.run(chromedp.Focus("#search", chromedp.ByQuery), chromedp.KeyEvent("山田"))
		w.until(`[...document.querySelectorAll("tbody tr")].every(row => row.innerText.includes("山田")) && document.querySelectorAll("tbody tr").length > 0`)
		w.run(chromedp.Click("tbody tr a", chromedp.ByQuery))
		w.shows("会員情報")
		w.accessible()
		w.fits("member")

		w.click("会員情報を編集")
		w.until(`document.querySelector("#field-occupation")`)
		w.accessible()
		w.fits("member-edit")
		w.run(chromedp.SetValue("#field-last_kana", "山田", chromedp.ByQuery))
		w.click("保存")
		w.shows("全角カタカナで入力してください")
		w.accessible()
		w.run(chromedp.SetValue("#field-last_kana", "ヤマダ", chromedp.ByQuery), chromedp.SetValue("#field-occupation", "染物師", chromedp.ByQuery))
		w.click("保存")
		w.shows("保存しました")
		w.shows("染物師")

		w.run(chromedp.SetValue("#field-amount", "20000", chromedp.ByQuery))
		w.click("付与する")
		w.until(`document.querySelector("#field-sure")`) // more than is given without a question
		w.accessible()
		w.run(chromedp.Click("#field-sure", chromedp.ByQuery), chromedp.SetValue("#field-amount", "1500", chromedp.ByQuery), chromedp.SetValue("#field-reason", "ご来店ありがとうございます", chromedp.ByQuery))
		w.click("付与する")
		w.shows("1,500ポイントを付与しました")
		w.run(chromedp.SetValue("#field-note", "緑茶をお好みです", chromedp.ByQuery))
		w.click("メモを追加")
		w.until(`document.querySelector(".entries")?.innerText.includes("緑茶をお好みです")`)
		w.run(chromedp.SetUploadFiles("#field-file", []string{picture(w.T)}, chromedp.ByQuery), chromedp.Click("#field-photo", chromedp.ByQuery))
		w.click("アップロード")
		w.shows("ファイルを登録しました")
		w.until(`document.querySelector(".portrait img")?.naturalWidth === 1`) // it was loaded from its signed address
		w.accessible()
		w.fits("member-full")

		for tab, text := range map[string]string{"ポイント": "ご来店", "購入・会員ランク": "購入履歴", "変更履歴": "染物師"} {
			w.click(tab)
			// The previous page may contain the text too, so the address must be that of the tab.
			w.until(fmt.Sprintf(`[...document.querySelectorAll("main [aria-current]")].some(e => e.innerText.trim() === %q)`, tab))
			w.shows(text)
			w.accessible()
			w.fits("member-" + tab)
		}
		w.open("/points")
		w.shows("ご来店")
		w.accessible()
		w.fits("points")
		w.open("/points/expiring?month=" + time.Now().In(w.tenant.Location()).AddDate(1, 0, 0).Format("2006-01"))
		w.shows("1,500")
		w.accessible()
		w.fits("points-expiring")
	})
}

// picture is a file with a one-pixel picture.
func picture(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "顔写真.png")
	if err := os.WriteFile(name, []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\b\x06\x00\x00\x00\x1f\x15\xc4\x89"+
		"\x00\x00\x00\rIDATx\x9cc\xf8\xff\xff\xff\x7f\x00\t\xfb\x03\xfd\x05CE\xca\x00\x00\x00\x00IEND\xaeB`\x82"), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
