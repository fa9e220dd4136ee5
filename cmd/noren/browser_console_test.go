package main

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
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
		w.run(chromedp.KeyEvent("/"), chromedp.SendKeys(":focus", "山田", chromedp.ByQuery))
		w.run(chromedp.WaitVisible(`//tbody/tr[1]/td[contains(., "山田")]`), chromedp.WaitNotPresent(`//tbody/tr/td[2][not(contains(., "山田"))]`))
		w.open("/account")
		w.accessible()
		w.fits("account")
		w.run(chromedp.Click(`button[lang="en"]`, chromedp.ByQuery))
		w.shows("Change the password")
		w.run(chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Enter))
		w.run(chromedp.WaitVisible("main:focus", chromedp.ByQuery))
	})
}
