package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestWrongUsage pins the one line that each mistake in the command line or a setting is answered with.
func TestWrongUsage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args string
		env  map[string]string
		want string
	}{
		{"frob", nil, "unexpected argument frob; see noren --help"},
		{"serve --frob", nil, "unknown flag --frob; see noren --help"},
		{"serve --database mysql://x", nil, "--database (NOREN_DATABASE): this is sqlite:PATH or postgres://user:password@host/database"},
		{"serve", map[string]string{"NOREN_DATABASE": "sqlite:"}, "--database (NOREN_DATABASE): this is sqlite:PATH or postgres://user:password@host/database"},
		{"serve --listen 8080", nil, `--listen (NOREN_LISTEN): "8080" is no address such as 127.0.0.1:8080 or :8080`},
		{"serve", map[string]string{"NOREN_LISTEN": "localhost"}, `--listen (NOREN_LISTEN): "localhost" is no address such as 127.0.0.1:8080 or :8080`},
		{"serve", map[string]string{"NOREN_CALLBACK_ALLOW": "127.0.0.0/8, 10.0.0.0/33"}, `--callback-allow (NOREN_CALLBACK_ALLOW): "10.0.0.0/33" is no network such as 10.1.0.0/16`},
		{"serve --trusted-proxies lb.example.com", nil, `--trusted-proxies (NOREN_TRUSTED_PROXIES): "lb.example.com" is no network such as 10.1.0.0/16`},
		{"serve", map[string]string{"NOREN_RATE_LIMITS": "none"}, `--rate-limits (NOREN_RATE_LIMITS): "none" is neither documented nor off`},
		{"serve --base-url example.com", nil, `--base-url (NOREN_BASE_URL): "example.com" is no address such as https://noren.example.com`},
		{"serve --tls-cert a.pem", nil, "--tls-key (NOREN_TLS_KEY): this is needed with --tls-cert"},
		{"serve --tls-key a.pem", nil, "--tls-cert (NOREN_TLS_CERT): this is needed with --tls-key"},
		{"serve --tls-key no.pem --tls-cert no.pem", nil, "--tls-cert (NOREN_TLS_CERT): the certificate cannot be used: open no.pem: no such file or directory"},
		{"serve --log-level loud", nil, `--log-level (NOREN_LOG_LEVEL): "loud" is none of debug, info, warn, error`},
		{"serve --log-format xml", nil, `--log-format (NOREN_LOG_FORMAT): "xml" is neither text nor json`},
		{"apply", nil, "missing flags: --file=FILE; see noren --help"},
		{"apply -f no.yaml", nil, "--file: open no.yaml: no such file or directory"},
		{"verify --database sqlite:no.db", nil, "--database (NOREN_DATABASE): there is no database file no.db"},
		{"callbacks list --database sqlite:no.db", nil, "--database (NOREN_DATABASE): there is no database file no.db"},
		{"callbacks list --state lost", nil, `--state: "lost" is none of pending, delivered, given_up`},
		{"callbacks list --limit=-1", nil, "--limit: -1 is less than nothing"},
		{"callbacks resend --tenant a", nil, "missing flags: --request=N or --state=STATE; see noren --help"},
		{"callbacks resend --request 1", nil, "missing flags: --tenant=CONTRACT; see noren --help"},
		{"callbacks resend --tenant a --request 0", nil, "--request: 0 is no number of a bulk request"},
		{"callbacks resend --tenant a --request 1 --state pending", nil, "--request and --state can't be used together; see noren --help"},
		{"demo --members 1", nil, "--members: it can be 2 to 1000000"},
	} {
		t.Run(c.args, func(t *testing.T) {
			t.Parallel()
			var out, errs bytes.Buffer
			env := func(name string) string { return c.env[name] }
			code := run(t.Context(), strings.Fields(c.args), env, strings.NewReader(""), &out, &errs)
			if want := "noren: " + c.want + "\n"; code != exitUsage || errs.String() != want || out.Len() > 0 {
				t.Errorf("run = %d, %q\n got %s want %s", code, out.String(), errs.String(), want)
			}
		})
	}
}

// TestFlagWins gives a setting both ways.
func TestFlagWins(t *testing.T) {
	t.Parallel()
	var out, errs bytes.Buffer
	env := func(string) string { return "from the environment" }
	run(t.Context(), []string{"serve", "--log-format=text", "--log-level=info", "--listen=from-the-flag", "--database=sqlite:x"},
		env, strings.NewReader(""), &out, &errs)
	if want := `"from-the-flag" is no address`; !strings.Contains(errs.String(), want) {
		t.Errorf("the message is %q, want one with %q", errs.String(), want)
	}
}

func TestAllowed(t *testing.T) {
	t.Parallel()
	prefixes, err := serverFlags{CallbackAllow: " 10.1.2.3/8,, ::1 ,192.168.0.7"}.allowed()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range prefixes {
		got = append(got, p.String())
	}
	if want := "10.0.0.0/8 ::1/128 192.168.0.7/32"; strings.Join(got, " ") != want {
		t.Errorf("allowed = %v, want %s", got, want)
	}
}

func TestCounted(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "0 rows", 1: "1 row", 2: "2 rows", 3000: "3,000 rows"} {
		if got := counted(n, "row", "rows"); got != want {
			t.Errorf("counted(%d) = %q, want %q", n, got, want)
		}
	}
}
