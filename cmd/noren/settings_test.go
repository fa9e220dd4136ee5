package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestWrongUsage pins the one-line message for each mistake in the command line or a setting.
func TestWrongUsage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args string
		env  map[string]string
		want string
	}{
		{"frob", nil, "unexpected argument frob; see noren --help"},
		{"serve --frob", nil, "unknown flag --frob; see noren --help"},
		{"serve --database mysql://x", nil, "--database (NOREN_DATABASE): must be sqlite:PATH or postgres://user:password@host/database"},
		{"serve", map[string]string{"NOREN_DATABASE": "sqlite:"}, "--database (NOREN_DATABASE): must be sqlite:PATH or postgres://user:password@host/database"},
		{"serve --database sqlite://x.db", nil, "--database (NOREN_DATABASE): must be sqlite:PATH or postgres://user:password@host/database"},
		{"serve --database sqlite:s3://k:s@h/b", nil, "--database (NOREN_DATABASE): must be sqlite:PATH or postgres://user:password@host/database"},
		{"serve --files s3:k:secret@h/b", nil, "--files (NOREN_FILES): must be a directory or s3://KEY:SECRET@HOST/BUCKET/PREFIX; a directory with a colon in its name needs ./ before it"},
		{"serve --files https://k:secret@h/b", nil, "--files (NOREN_FILES): must be a directory or s3://KEY:SECRET@HOST/BUCKET/PREFIX; a directory with a colon in its name needs ./ before it"},
		{"serve", map[string]string{"NOREN_BACKUPS": "s3://k:secret@h/b"}, "--backups (NOREN_BACKUPS): must be a directory"},
		{"serve --redis redis:u:secret@h", nil, "--redis (NOREN_REDIS): must be redis://HOST:PORT; rediss:// for TLS, unix:// for a socket"},
		{"serve --redis http://u:secret@h", nil, "--redis (NOREN_REDIS): must be redis://HOST:PORT; rediss:// for TLS, unix:// for a socket"},
		{"serve --base-url https://u:secret@h", nil, `--base-url (NOREN_BASE_URL): "https://u:xxxxx@h" is not a URL; write it as https://noren.example.com`},
		{"serve --hosts *.example.com", nil, `--hosts (NOREN_HOSTS): "*.example.com" is not a host; write it as noren.example.com or noren.example.com:8443`},
		{"backup s3://k:secret@h/b", nil, "FILE must be a file on this machine"},
		{"serve --listen 8080", nil, `--listen (NOREN_LISTEN): "8080" is not an address; write it as 127.0.0.1:8080 or :8080`},
		{"serve", map[string]string{"NOREN_LISTEN": "localhost"}, `--listen (NOREN_LISTEN): "localhost" is not an address; write it as 127.0.0.1:8080 or :8080`},
		{"serve", map[string]string{"NOREN_CALLBACK_ALLOW": "127.0.0.0/8, 10.0.0.0/33"}, `--callback-allow (NOREN_CALLBACK_ALLOW): "10.0.0.0/33" is not a network; write it as 10.1.0.0/16`},
		{"serve --trusted-proxies lb.example.com", nil, `--trusted-proxies (NOREN_TRUSTED_PROXIES): "lb.example.com" is not a network; write it as 10.1.0.0/16`},
		{"serve", map[string]string{"NOREN_RATE_LIMITS": "none"}, `--rate-limits (NOREN_RATE_LIMITS): must be documented or off, not "none"`},
		{"serve --base-url example.com", nil, `--base-url (NOREN_BASE_URL): "example.com" is not a URL; write it as https://noren.example.com`},
		{"serve --search-memory much", nil, `--search-memory (NOREN_SEARCH_MEMORY): "much" is not a size; write it as 512MB or 2GB`},
		{"serve --keep-bulk 90", nil, `--keep-bulk (NOREN_KEEP_BULK): "90" is not a time of an hour to 36500d; write it as 90d or 36h`},
		{"serve", map[string]string{"NOREN_KEEP_ANSWERS": "forever"}, `--keep-answers (NOREN_KEEP_ANSWERS): "forever" is not a time of an hour to 36500d; write it as 90d or 36h`},
		{"serve --tls-cert a.pem", nil, "--tls-key (NOREN_TLS_KEY): required with --tls-cert"},
		{"serve --tls-key a.pem", nil, "--tls-cert (NOREN_TLS_CERT): required with --tls-key"},
		{"serve --tls-key no.pem --tls-cert no.pem", nil, "--tls-cert (NOREN_TLS_CERT): the certificate cannot be used: open no.pem: no such file or directory"},
		{"serve --log-level loud", nil, `--log-level (NOREN_LOG_LEVEL): must be debug, info, warn or error, not "loud"`},
		{"serve --log-format xml", nil, `--log-format (NOREN_LOG_FORMAT): must be text or json, not "xml"`},
		{"apply", nil, "missing flags: --file=FILE; see noren --help"},
		{"apply -f no.yaml", nil, "--file: open no.yaml: no such file or directory"},
		{"verify --database sqlite:no.db", nil, "--database (NOREN_DATABASE): no database file no.db"},
		{"callbacks list --database sqlite:no.db", nil, "--database (NOREN_DATABASE): no database file no.db"},
		{"callbacks list --state lost", nil, `--state: must be pending, delivered or given_up, not "lost"`},
		{"callbacks list --limit=-1", nil, "--limit: must not be negative"},
		{"callbacks resend --tenant a", nil, "missing flags: --request=N or --state=STATE; see noren --help"},
		{"callbacks resend --request 1", nil, "missing flags: --tenant=CONTRACT; see noren --help"},
		{"callbacks resend --tenant a --request 0", nil, "--request: 0 is not the ID of a bulk update"},
		{"callbacks resend --tenant a --request 1 --state pending", nil, "--request and --state can't be used together; see noren --help"},
		{"demo --members 1", nil, "--members: must be 2 to 1000000"},
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

// TestFlagWins sets a value by flag and by variable.
func TestFlagWins(t *testing.T) {
	t.Parallel()
	var out, errs bytes.Buffer
	env := func(string) string { return "from the environment" }
	run(t.Context(), []string{"serve", "--log-format=text", "--log-level=info", "--listen=from-the-flag", "--database=sqlite:x"},
		env, strings.NewReader(""), &out, &errs)
	if want := `"from-the-flag" is not an address`; !strings.Contains(errs.String(), want) {
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
