package web

import (
	"net/http"
	"net/url"
	"testing"
	"unicode/utf8"

	"noren"
)

// FuzzForm checks that what Form returns can be stored, and that everything else is refused as the client's mistake.
func FuzzForm(f *testing.F) {
	for _, seed := range []string{"once=%ff", "a=%00", "%ff=1", "a=b&a=%E5%B1%B1", "a=%", "a;b", "\xff=\x00", "", "a=%ed%a0%80"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		body := &Request{Body: []byte(text), HTTP: &http.Request{URL: &url.URL{RawQuery: text}}}
		for _, read := range []func() (url.Values, error){body.Form, body.Query} {
			values, err := read()
			if err != nil {
				if noren.KindOf(err) != noren.Invalid {
					t.Fatalf("%q: %v", text, err)
				}
				continue
			}
			for name, list := range values {
				for _, value := range append(list, name) {
					if !utf8.ValidString(value) || noren.Storable(value) != value {
						t.Fatalf("%q gives %q", text, value)
					}
				}
			}
		}
	})
}
