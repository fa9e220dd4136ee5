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
		w.run(chromedp.KeyEvent("/"))
		w.until(`document.activeElement.id === "search"`)
		// The driver sends the character by itself, whatever became of the key; a keyboard does not.
		w.run(chromedp.Evaluate(`document.getElementById("search").value = ""`, nil), chromedp.KeyEvent("山田"))
		w.until(`[...document.querySelectorAll("tbody tr")].every(row => row.innerText.includes("山田")) && document.querySelectorAll("tbody tr").length > 0`)
		w.open("/account")
		w.accessible()
		w.fits("account")
		w.run(chromedp.Click(`button[lang="en"]`, chromedp.ByQuery))
		w.shows("Change the password")
		w.run(chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Enter))
		w.until(`document.activeElement.id === "main"`)
	})
}
