package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"syscall"
)

// databaseFlag says where the data is; most commands have it.
type databaseFlag struct {
	Database string `default:"sqlite:noren.db" placeholder:"URL" variable:"NOREN_DATABASE" help:"Where the data is: sqlite:PATH or postgres://…."`
}

// check answers what is wrong with the form of the URL. Whether there is a database, opening it will tell.
func (f databaseFlag) check() error {
	for _, scheme := range []string{"sqlite:", "postgres://", "postgresql://"} {
		if strings.HasPrefix(f.Database, scheme) && len(f.Database) > len(scheme) {
			return nil
		}
	}
	// The value is not repeated: it may hold a password.
	return wrong("database", "NOREN_DATABASE", "this is sqlite:PATH or postgres://user:password@host/database")
}

// mustExist answers an error where the database is a file that is not there. Commands that only look at data would
// otherwise make an empty file of a mistyped name, and find nothing wrong with it.
func (f databaseFlag) mustExist() error {
	if err := f.check(); err != nil {
		return err
	}
	path, isFile := strings.CutPrefix(f.Database, "sqlite:")
	if path, _, _ = strings.Cut(path, "?"); !isFile {
		return nil
	}
	if _, err := os.Stat(path); err != nil {
		return wrong("database", "NOREN_DATABASE", "there is no database file %s", path)
	}
	return nil
}

// wrong is the error about the value of a flag, which names its variable too, for the value may come from there.
func wrong(flag, variable, format string, args ...any) error {
	return usageError{fmt.Errorf("--%s (%s): %s", flag, variable, fmt.Sprintf(format, args...))}
}

// logFlags say how the server logs.
type logFlags struct {
	LogFormat string `default:"text" placeholder:"FORMAT" variable:"NOREN_LOG_FORMAT" help:"text or json."`
	LogLevel  string `default:"info" placeholder:"LEVEL" variable:"NOREN_LOG_LEVEL" help:"debug, info, warn or error."`
}

// logger makes the log that the flags describe.
func (f logFlags) logger(w io.Writer) (*slog.Logger, error) {
	levels := []string{"debug", "info", "warn", "error"}
	i := slices.Index(levels, f.LogLevel) // slog's levels are four apart
	if i < 0 {
		return nil, wrong("log-level", "NOREN_LOG_LEVEL", "%q is none of %s", f.LogLevel, strings.Join(levels, ", "))
	}
	options := &slog.HandlerOptions{Level: slog.LevelDebug + slog.Level(4*i)}
	switch f.LogFormat {
	case "text":
		return slog.New(slog.NewTextHandler(w, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, options)), nil
	}
	return nil, wrong("log-format", "NOREN_LOG_FORMAT", "%q is neither text nor json", f.LogFormat)
}

// serverFlags are the settings of a server besides its database and its log.
type serverFlags struct {
	Listen         string `default:"127.0.0.1:8080" placeholder:"HOST:PORT" variable:"NOREN_LISTEN" help:"Address to listen on."`
	TLSCert        string `name:"tls-cert" placeholder:"FILE" variable:"NOREN_TLS_CERT" help:"Certificate chain in PEM; with it the server speaks HTTPS."`
	TLSKey         string `name:"tls-key" placeholder:"FILE" variable:"NOREN_TLS_KEY" help:"Private key of the certificate in PEM."`
	BaseURL        string `name:"base-url" placeholder:"URL" variable:"NOREN_BASE_URL" help:"Public URL of the server, where it is not the one that requests name."`
	CallbackAllow  string `placeholder:"CIDR,…" variable:"NOREN_CALLBACK_ALLOW" help:"Private networks that callbacks may reach, such as 10.1.0.0/16."`
	TrustedProxies string `placeholder:"CIDR,…" variable:"NOREN_TRUSTED_PROXIES" help:"Proxies before the server, whose X-Forwarded-For is believed, such as 127.0.0.1."`
	RateLimits     string `default:"documented" placeholder:"LIMITS" variable:"NOREN_RATE_LIMITS" help:"documented or off."`
	Redis          string `placeholder:"URL" variable:"NOREN_REDIS" help:"redis://…: keep rate limits there, for several servers in common."`
}

// check answers what is wrong with the settings, as far as it can be known before anything is opened.
func (f serverFlags) check() error {
	if _, port, err := net.SplitHostPort(f.Listen); err != nil || port == "" {
		return wrong("listen", "NOREN_LISTEN", "%q is no address such as 127.0.0.1:8080 or :8080", f.Listen)
	}
	switch {
	case f.TLSCert == "" && f.TLSKey != "":
		return wrong("tls-cert", "NOREN_TLS_CERT", "this is needed with --tls-key")
	case f.TLSCert != "" && f.TLSKey == "":
		return wrong("tls-key", "NOREN_TLS_KEY", "this is needed with --tls-cert")
	case f.TLSCert != "": // read now, for the server would say so only at the first connection
		if _, err := tls.LoadX509KeyPair(f.TLSCert, f.TLSKey); err != nil {
			return wrong("tls-cert", "NOREN_TLS_CERT", "the certificate cannot be used: %v", err)
		}
	}
	if f.BaseURL != "" {
		u, err := url.Parse(f.BaseURL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
			return wrong("base-url", "NOREN_BASE_URL", "%q is no address such as https://noren.example.com", f.BaseURL)
		}
	}
	if f.RateLimits != "documented" && f.RateLimits != "off" {
		return wrong("rate-limits", "NOREN_RATE_LIMITS", "%q is neither documented nor off", f.RateLimits)
	}
	_, err := f.allowed() // both are read again where they are needed
	if err == nil {
		_, err = f.proxies()
	}
	return err
}

// allowed are the networks that callbacks may reach although private.
func (f serverFlags) allowed() ([]netip.Prefix, error) {
	return networks("callback-allow", "NOREN_CALLBACK_ALLOW", f.CallbackAllow)
}

// proxies are the networks of the proxies that requests come through.
func (f serverFlags) proxies() ([]netip.Prefix, error) {
	return networks("trusted-proxies", "NOREN_TRUSTED_PROXIES", f.TrustedProxies)
}

// networks reads the networks that a setting lists.
func networks(flag, variable, list string) ([]netip.Prefix, error) {
	var prefixes []netip.Prefix
	for text := range strings.SplitSeq(list, ",") {
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		prefix, err := netip.ParsePrefix(text)
		// A single address is what somebody means who names one machine.
		if addr, addrErr := netip.ParseAddr(text); err != nil && addrErr == nil {
			prefix, err = addr.Prefix(addr.BitLen())
		}
		if err != nil {
			return nil, wrong(flag, variable, "%q is no network such as 10.1.0.0/16", text)
		}
		prefixes = append(prefixes, prefix.Masked())
	}
	return prefixes, nil
}

// listen opens the server's port, with a plain word where another program has it.
func listen(ctx context.Context, address string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("--listen (NOREN_LISTEN): another program listens on %s already: %w", address, syscall.EADDRINUSE)
	case err != nil:
		return nil, fmt.Errorf("--listen (NOREN_LISTEN): %w", err)
	}
	return l, nil
}
