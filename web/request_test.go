package web

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

// TestClientAddress checks the address of requests that come through proxies, or claim to.
func TestClientAddress(t *testing.T) {
	t.Parallel()
	ours := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	for name, c := range map[string]struct {
		peer      string
		forwarded []string
		want      string
	}{
		"no proxy":                         {"203.0.113.7:4711", nil, "203.0.113.7"},
		"a stranger's word":                {"203.0.113.7:4711", []string{"198.51.100.1"}, "203.0.113.7"},
		"one proxy":                        {"10.0.0.1:80", []string{"198.51.100.1"}, "198.51.100.1"},
		"two proxies":                      {"10.0.0.1:80", []string{"198.51.100.1, 10.2.3.4"}, "198.51.100.1"},
		"two proxies, a header each":       {"10.0.0.1:80", []string{"198.51.100.1", "10.2.3.4"}, "198.51.100.1"},
		"a client that lies to a proxy":    {"10.0.0.1:80", []string{"192.0.2.1, 198.51.100.1"}, "198.51.100.1"},
		"nonsense before the proxy's word": {"10.0.0.1:80", []string{"unknown, 198.51.100.1"}, "198.51.100.1"},
		"nonsense from a proxy":            {"10.0.0.1:80", []string{"198.51.100.1, unknown"}, "10.0.0.1"},
		"a proxy that says nothing":        {"10.0.0.1:80", nil, "10.0.0.1"},
		"somebody inside":                  {"10.0.0.1:80", []string{"10.9.9.9"}, "10.9.9.9"},
		"IPv6":                             {"[::1]:80", []string{"2001:db8::1"}, "2001:db8::1"},
		"IPv4 in IPv6":                     {"[::ffff:10.0.0.1]:80", []string{"::ffff:198.51.100.1"}, "198.51.100.1"},
		"no TCP":                           {"@", nil, "@"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.peer
		for _, line := range c.forwarded {
			r.Header.Add("X-Forwarded-For", line)
		}
		if got := clientAddress(r, ours); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
