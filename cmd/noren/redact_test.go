package main

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// TestSecretsOfSettings gives every setting that may hold a password in many wrong ways, and looks for the password in
// everything that is printed.
func TestSecretsOfSettings(t *testing.T) {
	t.Parallel()
	db := "sqlite:" + filepath.Join(t.TempDir(), "noren.db")
	for _, c := range []struct{ database, files, redis string }{
		{database: "postgres://noren:hunter2hunter2@127.0.0.1:1/noren?connect_timeout=1"},
		{database: "postgres://noren:hunter2hunter2@127.0.0.1:port/noren"},
		{database: "postgres://noren:hunter2hunter2@[::1/noren"},
		{database: "postgres://noren:hunter2hunter2%@127.0.0.1:1/noren"},
		{database: "postgres://noren:a/b@c?hunter2hunter2@127.0.0.1:1/noren"},
		{database: "postgres://noren@127.0.0.1:1/noren?password=hunter2hunter2&sslmode=bogus"},
		{database: "postgres://noren@127.0.0.1:1/noren?connect_timeout=1&PassWord=hunter2hunter2"},
		{database: "PostGres://noren:hunter2hunter2@127.0.0.1:1/noren"},
		{database: "postgresql://noren:hunter2hunter2@127.0.0.1:1/noren?connect_timeout=1&sslmode=verify-full&sslrootcert=/none"},
		{database: db, files: "s3://key:hunter2hunter2@host:port/bucket"},
		{database: db, files: "S3://key:hunter2hunter2@host"},
		{database: db, files: "s4://key:hunter2hunter2@host/bucket"},
		{database: db, files: "s3://key:hunter2hunter2%zz@ho st/bucket"},
		{database: db, redis: "redis://:hunter2hunter2@127.0.0.1:port"},
		{database: db, redis: "Redis://user:hunter2hunter2@127.0.0.1:1/x"},
		{database: db, redis: "REDISS://user:hunter2hunter2%@127.0.0.1:1"},
		{database: db, redis: "redis-sentinel://user:hunter2hunter2@127.0.0.1:1"},
	} {
		for _, flags := range []bool{true, false} {
			settings := map[string]string{
				"NOREN_DATABASE": c.database, "NOREN_FILES": c.files, "NOREN_REDIS": c.redis, "NOREN_LISTEN": "127.0.0.1:0",
			}
			args := []string{"serve"}
			if flags {
				args = append(args, "--listen=127.0.0.1:0", "--database="+c.database, "--redis="+c.redis)
				if c.files != "" {
					args = append(args, "--files="+c.files)
				}
				settings = nil
			}
			var out, errs bytes.Buffer
			code := run(t.Context(), args, func(name string) string { return settings[name] }, strings.NewReader(""), &out, &errs)
			if code == exitOK || errs.Len() == 0 || strings.Contains(out.String()+errs.String(), "hunter2") {
				t.Errorf("%+v: exit %d\n%s%s", c, code, out.String(), errs.String())
			}
		}
	}
}

// TestSecretsInAnySetting writes user information into every setting that has a variable, whatever it takes, alone and in a list.
func TestSecretsInAnySetting(t *testing.T) {
	t.Parallel()
	db := "sqlite:" + filepath.Join(t.TempDir(), "noren.db")
	settings := settingsOf(reflect.TypeFor[cli]())
	if len(settings) < 20 || settings["base-url"] != "NOREN_BASE_URL" || settings["tls-cert"] != "NOREN_TLS_CERT" {
		t.Fatalf("the settings are %v", settings)
	}
	for name, variable := range settings {
		for _, value := range []string{
			"user:hunter2hunter2@shop.example", "user:hunter2@shop.example:port", "hunter2@shop.example", "https://hunter2@shop.example/?x",
			"ok.example, user:hunter2@shop.example:x", "ok.example,hunter2@shop.example/", "user:hunter2@10.0.0.0/8",
		} {
			for _, args := range [][]string{{"serve"}, {"serve", "--" + name + "=" + value}, {"serve", "--" + name, value}} {
				env := map[string]string{"NOREN_DATABASE": db, "NOREN_LISTEN": "127.0.0.1:none"} // so that it never starts
				if len(args) == 1 {
					env[variable] = value
				}
				var out, errs bytes.Buffer
				code := run(t.Context(), args, func(name string) string { return env[name] }, strings.NewReader(""), &out, &errs)
				if code == exitOK || strings.Contains(out.String()+errs.String(), "hunter2") {
					t.Errorf("%v %s=%s: exit %d\n%s%s", args, variable, value, code, out.String(), errs.String())
				}
			}
		}
	}
}

// TestRedactor has secrets in the forms in which messages repeat them.
func TestRedactor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ args, text, want string }{
		{"serve", "plain text", "plain text"},
		{"person export taro@example.com", "no member taro@example.com", "no member taro@example.com"},
		{"--hosts a,u:abc@h", `"u:abc@h" is not a host`, `"u:xxxxx@h" is not a host`},
		{"--redis=redis://u:abc@h", "dial redis://u:abc@h: abc is not refused", "dial redis://u:xxxxx@h: abc is not refused"},
		{"--redis=redis://u:p%40ssword@h", `user "u" with p@ssword or p%40ssword`, `user "u" with xxxxx or xxxxx`},
		{"POSTGRES://u:longer-secret@h/d?sslpassword=other-secret", "longer-secret other-secret", "xxxxx xxxxx"},
	} {
		var b bytes.Buffer
		w := newRedactor(&b, strings.Fields(c.args), func(string) string { return "" })
		if n, err := w.Write([]byte(c.text)); n != len(c.text) || err != nil || b.String() != c.want {
			t.Errorf("%s: %d, %v, %s; want %s", c.args, n, err, b.String(), c.want)
		}
	}
	var b bytes.Buffer
	w := newRedactor(&b, nil, func(name string) string { return map[string]string{"NOREN_REDIS": `redis://:sec"ret\\s@h`}[name] })
	slog.New(slog.NewJSONHandler(w, nil)).Error("failed", "error", `sec"ret\\s`)
	if strings.Contains(b.String(), "ret") {
		t.Errorf("the log has %s", b.String())
	}
}
