package web

import (
	"net/url"
	"testing"
)

// A slash that is part of a segment separates nothing, and everything else is decoded.
func TestSegmentPath(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]struct{ path, last string }{
		"/x/a%2Fb%40example.com": {"/x/a%2Fb@example.com", "a/b@example.com"},
		"/x/a%2fb":               {"/x/a%2Fb", "a/b"},
		"/x/100%25":              {"/x/100%25", "100%"},
		"/x/%252F":               {"/x/%252F", "%2F"},
		"/%78/%E5%B1%B1":         {"/x/山", "山"},
		"/x/plain":               {"/x/plain", "plain"},
		"/x/":                    {"/x/", ""},
	} {
		u, err := url.Parse(written)
		if err != nil {
			t.Fatal(err)
		}
		got := segmentPath(u)
		if got != want.path || segmentText(got[len("/x/"):]) != want.last {
			t.Errorf("%s: %s, %s", written, got, segmentText(got[len("/x/"):]))
		}
	}
}
