package console

import (
	"compress/gzip"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// TestAssets requests every file that pages and style sheets refer to.
func TestAssets(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.browser()
	page := w.shows("/console/sign-in")
	found := regexp.MustCompile(`(?:href|src)="(/console/static/[^"]+)"`).FindAllStringSubmatch(page, -1)
	if len(found) < 5 {
		t.Fatalf("the page refers to %d files", len(found))
	}
	for i := 0; i < len(found); i++ {
		target := found[i][1]
		a := w.get(target)
		if a.Code != http.StatusOK || a.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" {
			t.Errorf("%s: %d %s", target, a.Code, a.Header().Get("Cache-Control"))
		}
		if !strings.HasSuffix(target, ".css") {
			continue
		}
		for _, url := range regexp.MustCompile(`url\(([^)]+)\)`).FindAllStringSubmatch(a.Body.String(), -1) {
			if strings.Contains(url[1], ":") || strings.Contains(url[1], "//") {
				t.Errorf("%s refers to %s", target, url[1])
				continue
			}
			found = append(found, []string{"", target[:strings.LastIndex(target, "/")+1] + strings.Trim(url[1], `"'`)})
		}
	}
}

func TestAssetsOfAnotherVersion(t *testing.T) {
	t.Parallel()
	w := setup(t).browser()
	if a := w.get("/console/static/older/console.css"); a.Code != http.StatusOK || a.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v", a.Code, a.Header())
	}
}

func TestCompression(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, target := range []string{"/console/sign-in", "/console/static/x/tabler.css"} {
		plain := b.browser().get(target)
		packed := b.browser().get(target, "Accept-Encoding: br;q=1, gzip")
		r, err := gzip.NewReader(packed.Body)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil || string(text) != plain.Body.String() || packed.Header().Get("Content-Encoding") != "gzip" {
			t.Errorf("%s differs when it is compressed, error %v", target, err)
		}
		if refused := b.browser().get(target, "Accept-Encoding: gzip;q=0"); refused.Header().Get("Content-Encoding") != "" {
			t.Errorf("%s is compressed for who cannot read it", target)
		}
	}
}
