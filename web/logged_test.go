package web

import "testing"

// TestLoggedPathHasNoAddress: the log has no e-mail address, however a client writes it.
func TestLoggedPathHasNoAddress(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/api/balances/556677/tier":               "/api/balances/556677/tier",
		"/api/balances/taro@example.com/tier":     "/api/balances/***/tier",
		"/api/balances/taro＠example.com":          "/api/balances/***",
		"/api/balances/taro%2540example.com":      "/api/balances/***",
		"/api/balances/taro%252540example.com":    "/api/balances/***",
		"/api/balances/taro%2540example.com%25zz": "/api/balances/***",
		"/api/balances/taro%25EF%25BC%25A0x":      "/api/balances/***",
		"/a%2Fb/100%25":                           "/a%2Fb/100%25",
	} {
		if got := loggedPath(path); got != want {
			t.Errorf("%s is logged as %s", path, got)
		}
	}
}
