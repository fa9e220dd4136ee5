package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"noren"
	"noren/app"
	"noren/cmd/noren/demoshop"
	"noren/pgtest"
)

// envBrowserRequired, set to anything, makes the browser tests fail instead of skip without Chromium. So does CI.
const envBrowserRequired = "NOREN_TEST_CHROMIUM_REQUIRED"

// envScreenshots names a directory in which pictures of the pages are saved, for people to look at.
const envScreenshots = "NOREN_TEST_SCREENSHOTS"

// clerkPassword is the password of all console users.
const clerkPassword = "correct horse battery"

// browserWait limits one browser test. It takes a few seconds on an idle machine, and minutes on a busy one.
const browserWait = 8 * time.Minute

// chromium returns the path of the browser. Without a browser the test is skipped.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") == "true" || os.Getenv(envBrowserRequired) != "" {
		t.Fatal("Chromium is not installed (apt-get install chromium fonts-ipafont-gothic)")
	}
	t.Skip("Chromium is not installed (apt-get install chromium fonts-ipafont-gothic)")
	return ""
}

// site is the demo shop, served as by `noren serve`.
type site struct {
	base   string
	rooms  *app.App
	tenant noren.Tenant
}

// newSite serves a small demo shop from the database.
func newSite(t *testing.T, database string) *site {
	t.Helper()
	log := slog.New(slog.NewTextHandler(testLog{t}, &slog.HandlerOptions{Level: slog.LevelWarn}))
	h, err := openHouse(t.Context(), database, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.close)
	shop := demoshop.New(1, time.Now(), 200)
	for i := range shop.ConsoleUsers {
		shop.ConsoleUsers[i].Password = clerkPassword
	}
	if _, err := h.rooms.Shop.Apply(t.Context(), shop); err != nil {
		t.Fatal(err)
	}
	store, err := filesFlag{filepath.Join(t.TempDir(), "files")}.open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	flags := serverFlags{RateLimits: "documented", CallbackAllow: "127.0.0.0/8"}
	s, err := h.newServer(flags, store)
	if err != nil {
		t.Fatal(err)
	}
	l, err := listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- s.run(ctx, l, flags) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	tenant, err := h.rooms.Access.TenantByContract(t.Context(), demoshop.Contract)
	if err != nil {
		t.Fatal(err)
	}
	return &site{"http://" + l.Addr().String(), h.rooms, tenant}
}

// testLog shows a server's warnings if its test fails.
type testLog struct{ t *testing.T }

func (l testLog) Write(p []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

// window is a separate browser at a site.
type window struct {
	*testing.T
	*site
	ctx context.Context

	// looked: pages are looked at as well, by axe and for their width. They are the same on every engine, and looking at them takes
	// most of the time.
	looked bool

	mu         sync.Mutex
	questions  []string // the dialogs that the browser has shown, by their type; each is accepted
	complaints []string // of the browser: script errors, and what the content security policy blocked
}

// sharedBrowser is the one browser of this process. Starting one takes longer than most tests.
var sharedBrowser struct {
	sync.Once

	ctx  context.Context
	stop func()
	err  error
}

// startBrowser starts the browser if no test has.
func startBrowser(t *testing.T) context.Context {
	t.Helper()
	path := chromium(t)
	b := &sharedBrowser
	b.Do(func() {
		var profile string
		if profile, b.err = os.MkdirTemp("", "noren-browser-"); b.err != nil {
			return
		}
		options := append(chromedp.DefaultExecAllocatorOptions[:],
			chromedp.ExecPath(path), chromedp.UserDataDir(profile), chromedp.NoSandbox, chromedp.DisableGPU,
			chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("accept-lang", "ja"),
			chromedp.Flag("force-prefers-reduced-motion", true), // nothing waits for colours in transition
			chromedp.WSURLReadTimeout(browserWait),
		)
		ctx, end := chromedp.NewExecAllocator(context.Background(), options...)
		ctx, quit := chromedp.NewContext(ctx)
		b.ctx, b.err = ctx, chromedp.Run(ctx)
		b.stop = func() {
			quit()
			end()
			_ = os.RemoveAll(profile)
		}
	})
	if b.err != nil {
		t.Fatal(b.err)
	}
	return b.ctx
}

// stopBrowser stops the browser if a test has started it.
func stopBrowser() {
	if sharedBrowser.stop != nil {
		sharedBrowser.stop()
	}
}

// newProfile opens a window that shares nothing with the others, and returns its target. chromedp's own way asks for a tab, and a
// new profile has no window yet in which a tab could be.
func newProfile(t *testing.T, ctx context.Context) target.ID {
	t.Helper()
	browser := cdp.WithExecutor(ctx, chromedp.FromContext(ctx).Browser)
	profile, err := target.CreateBrowserContext().Do(browser)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = target.DisposeBrowserContext(profile).Do(browser) })
	id, err := target.CreateTarget("about:blank").WithBrowserContextID(profile).WithNewWindow(true).Do(browser)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// newWindow opens a window that shares no cookies with others. The browser's complaints fail the test at the end.
func newWindow(t *testing.T, s *site) *window {
	t.Helper()
	ctx, stop := context.WithTimeout(startBrowser(t), browserWait)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx, chromedp.WithTargetID(newProfile(t, ctx)))
	t.Cleanup(stop)
	w := &window{T: t, site: s, ctx: ctx}
	chromedp.ListenTarget(ctx, w.listen)
	w.run(emulation.SetFocusEmulationEnabled(true)) // other tests have windows too, and only one is in front
	w.size(1440)
	t.Cleanup(func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, complaint := range w.complaints {
			t.Errorf("the browser complains: %s", complaint)
		}
	})
	return w
}

func (w *window) listen(event any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := event.(type) {
	case *page.EventJavascriptDialogOpening:
		// Events are delivered one by one, so that the answer cannot be waited for here.
		w.questions = append(w.questions, string(e.Type))
		go func() { _ = chromedp.Run(w.ctx, page.HandleJavaScriptDialog(true)) }()
	case *runtime.EventExceptionThrown:
		w.complaints = append(w.complaints, e.ExceptionDetails.Error())
	case *cdplog.EventEntryAdded:
		// A field that a test changes by script is not a gesture of a person, and without one the browser does not ask before leaving.
		unasked := strings.HasPrefix(e.Entry.Text, "Blocked attempt to show a 'beforeunload'")
		if e.Entry.Level == cdplog.LevelError && e.Entry.Source != cdplog.SourceNetwork && !unasked {
			w.complaints = append(w.complaints, e.Entry.Text)
		}
	}
}

// run performs actions in the browser, all of which must succeed.
func (w *window) run(actions ...chromedp.Action) {
	w.Helper()
	for _, action := range actions {
		err := chromedp.Run(w.ctx, action)
		// Between finding an element and using it the page may have come anew.
		for tries := 0; err != nil && strings.Contains(err.Error(), "Could not find node") && tries < 10; tries++ {
			err = chromedp.Run(w.ctx, action)
		}
		if err != nil {
			w.Fatal(err)
		}
	}
}

// size sets the width of the window, in pixels.
func (w *window) size(width int64) {
	w.Helper()
	w.run(emulation.SetDeviceMetricsOverride(width, 900, 1, width < 600))
}

// open goes to a page of the console.
func (w *window) open(path string) {
	w.Helper()
	w.run(chromedp.Navigate(w.base + "/console" + path))
}

// signIn signs in as a user of the demo shop, and goes to the list of members.
func (w *window) signIn(login string) {
	w.Helper()
	w.open("/sign-in")
	w.run(
		chromedp.SetValue("#field-login", login, chromedp.ByQuery), chromedp.SetValue("#field-password", clerkPassword, chromedp.ByQuery),
		chromedp.Submit("#field-password", chromedp.ByQuery), chromedp.WaitVisible(".bar-nav", chromedp.ByQuery),
	)
	w.open("/members")
}

// until waits until a JavaScript expression is true. It may fail while a page is loading.
func (w *window) until(condition string) {
	w.Helper()
	var met bool
	var err error
	for end := time.Now().Add(browserWait / 4); time.Now().Before(end); {
		err = chromedp.Run(w.ctx, chromedp.Evaluate("!!("+condition+")", &met))
		if met && err == nil || w.ctx.Err() != nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if !met {
		var shown string
		_ = chromedp.Run(w.ctx, chromedp.Evaluate("document.body.innerText", &shown))
		w.Fatalf("it is not so that %s: %v\n%s", condition, err, shown)
	}
}

// shows waits until the page has the text.
func (w *window) shows(text string) {
	w.Helper()
	quoted, _ := json.Marshal(text)
	w.until(fmt.Sprintf("document.body && document.body.innerText.includes(%s)", quoted))
}

// click clicks the button, link or tab with the text.
func (w *window) click(words string) {
	w.Helper()
	quoted, _ := json.Marshal(words)
	w.until(fmt.Sprintf(`[...document.querySelectorAll("main button, main a")].find(e => e.innerText.trim() === %s)`, quoted))
	w.run(chromedp.Evaluate(fmt.Sprintf(
		`[...document.querySelectorAll("main button, main a")].find(e => e.innerText.trim() === %s).click()`, quoted), nil))
}

// accessible fails the test if axe finds something on the page, wide or narrow, light or dark. Themes differ in nothing but
// colours, so that only their contrast is looked at twice.
func (w *window) accessible() {
	w.Helper()
	if !w.looked {
		return
	}
	axe, err := os.ReadFile(filepath.Join("..", "..", "console", "testdata", "axe", "axe.min.js"))
	if err != nil {
		w.Fatal(err)
	}
	w.until(`document.readyState === "complete"`) // a page that is still loading lacks some of its texts
	w.run(chromedp.Evaluate(string(axe)+";0", nil))
	for _, look := range []struct {
		width        int64
		theme, rules string
	}{
		{1440, "light", ""},
		{360, "light", ""},
		{360, "dark", `runOnly: ["color-contrast"]`},
		{1440, "dark", `runOnly: ["color-contrast"]`},
	} {
		w.size(look.width)
		w.theme(look.theme)
		var found []string
		var where string
		w.run(
			// What is in order is neither listed nor described, and there are no frames and no sheets of others to load.
			chromedp.Evaluate(fmt.Sprintf(`axe.run({resultTypes: ["violations"], preload: false, iframes: false, %s}).then(r => r.violations.map(
				v => v.id + ": " + v.help + ": " + v.nodes.map(n => n.html + " " + (n.any[0]?.message ?? "")).slice(0, 3).join(" | ")))`, look.rules),
				&found, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }),
			chromedp.Location(&where),
		)
		for _, violation := range found {
			w.Errorf("%s, %s at %d: %s", where, look.theme, look.width, violation)
		}
	}
	w.theme("light")
}

// theme makes the browser prefer the light or the dark theme, and waits until the page has it.
func (w *window) theme(name string) {
	w.Helper()
	w.run(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}}))
	w.until(fmt.Sprintf(`document.documentElement.getAttribute("data-bs-theme") === %q`, name))
	w.until(`document.getAnimations().length === 0`) // a colour in transition has the contrast of neither end
}

// misplaced is a script that lists what does not fit on the page: a page that is wider than the window, a choice that is cut off in its
// field, a table that can be scrolled up and down although nothing bounds its height, a cell of a table that breaks its text after
// every few letters, a page of the navigation that is out of the window while it is shown, and a button of a row of fields that is on
// the line of none of them.
const misplaced = `(() => {
	const found = [], shown = e => e.getClientRects().length > 0, root = document.documentElement;
	const middle = e => { const r = e.getBoundingClientRect(); return r.top + r.height / 2; };
	if (root.scrollWidth > root.clientWidth) found.push("the page is " + (root.scrollWidth - root.clientWidth) + " pixels wider than the window");
	const text = document.createElement("canvas").getContext("2d");
	for (const s of [...document.querySelectorAll("select")].filter(shown)) {
		const style = getComputedStyle(s), room = s.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
		text.font = style.font;
		for (const o of s.options) if (text.measureText(o.text).width > room + 1) found.push("the choice " + o.text + " is cut off");
	}
	for (const t of document.querySelectorAll(".table-responsive:not(.scrolled)"))
		if (t.scrollHeight > t.clientHeight && getComputedStyle(t).overflowY !== "hidden") found.push("a table has a vertical scrollbar");
	for (const c of [...document.querySelectorAll("td, tbody th")].filter(shown)) {
		const style = getComputedStyle(c), words = document.createTreeWalker(c, NodeFilter.SHOW_TEXT);
		if (c.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight) > 80) continue;
		while (words.nextNode()) {
			const lines = document.createRange();
			lines.selectNodeContents(words.currentNode);
			const tops = new Set([...lines.getClientRects()].map(r => Math.round(r.top)));
			if (tops.size > 3) found.push("a cell breaks its text into " + tops.size + " lines: " + words.currentNode.data);
		}
	}
	const here = document.querySelector(".bar-nav [aria-current]")?.getBoundingClientRect();
	if (here && (here.left < 0 || here.right > root.clientWidth)) found.push("the navigation hides where one is");
	for (const b of [...document.querySelectorAll(".filters .btn")].filter(shown)) {
		const fields = [...b.closest(".filters").querySelectorAll("input, select")].filter(shown);
		if (!fields.some(f => Math.abs(middle(f) - middle(b)) < 3)) found.push("the button " + b.innerText + " is on the line of no field");
	}
	return found;
})()`

// fits fails the test if something is misplaced on the page, and saves a picture of it if requested.
func (w *window) fits(name string) {
	w.Helper()
	if !w.looked {
		return
	}
	for _, width := range []int64{360, 768, 1280, 1440} {
		w.size(width)
		var found []string
		w.run(chromedp.Evaluate(misplaced, &found))
		for _, what := range found {
			w.Errorf("%s in a window of %d: %s", name, width, what)
		}
		if dir := os.Getenv(envScreenshots); dir != "" {
			var picture []byte
			w.run(chromedp.FullScreenshot(&picture, 100))
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%d.png", name, width)), picture, 0o600); err != nil {
				w.Error(err)
			}
		}
	}
}

// inBrowser runs a test against a server on each engine.
func inBrowser(t *testing.T, test func(w *window)) {
	t.Helper()
	chromium(t)
	for name, database := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "noren.db") },
		"postgres": func(t *testing.T) string { return pgtest.Database(t) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWindow(t, newSite(t, database(t)))
			w.looked = name == "sqlite"
			test(w)
		})
	}
}
