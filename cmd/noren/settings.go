package main

import (
	"cmp"
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
	"strconv"
	"strings"
	"syscall"

	"noren/web"
)

// databaseFlag says where the data is stored. Most commands have it.
type databaseFlag struct {
	Database string `default:"sqlite:noren.db" placeholder:"URL" variable:"NOREN_DATABASE" help:"Database: sqlite:PATH or postgres://…."`
}

// check checks the form of the URL only. Whether the database exists shows when it is opened.
func (f databaseFlag) check() error {
	for _, scheme := range []string{"sqlite:", "postgres://", "postgresql://"} {
		if rest, ok := strings.CutPrefix(f.Database, scheme); ok && rest != "" && (scheme != "sqlite:" || isPath(rest)) {
			return nil
		}
	}
	// The value is not repeated in the message: it may contain a password.
	return wrong("database", "NOREN_DATABASE", "must be sqlite:PATH or postgres://user:password@host/database")
}

// isPath reports whether a file or directory is meant. What looks like an address is one with a typing mistake, or of a kind that is
// not served, and //host/x would be a file of the root directory. Colons alone are no address: people write the time into names.
func isPath(place string) bool {
	return !strings.Contains(place, "://") && !strings.HasPrefix(strings.ToLower(place), "s3:") &&
		(!strings.HasPrefix(place, "//") || strings.HasPrefix(place, "///"))
}

// mustExist returns an error if the database is a file that does not exist. Otherwise a command that only reads would
// create an empty file for a mistyped name, and find nothing wrong with it.
func (f databaseFlag) mustExist() error {
	if err := f.check(); err != nil {
		return err
	}
	path, isFile := strings.CutPrefix(f.Database, "sqlite:")
	if path, _, _ = strings.Cut(path, "?"); !isFile {
		return nil
	}
	if _, err := os.Stat(path); err != nil {
		return wrong("database", "NOREN_DATABASE", "no database file %s", path)
	}
	return nil
}

// wrong is the error about the value of a flag. It also names the variable, where the value may come from.
func wrong(flag, variable, format string, args ...any) error {
	return usageError{fmt.Errorf("--%s (%s): %s", flag, variable, fmt.Sprintf(format, args...))}
}

// logFlags are the settings of the log.
type logFlags struct {
	LogFormat string `default:"text" placeholder:"FORMAT" variable:"NOREN_LOG_FORMAT" help:"Log format: text or json."`
	LogLevel  string `default:"info" placeholder:"LEVEL" variable:"NOREN_LOG_LEVEL" help:"Lowest level to log: debug, info, warn or error."`
}

// logger makes the log that the flags describe.
func (f logFlags) logger(w io.Writer) (*slog.Logger, error) {
	levels := []string{"debug", "info", "warn", "error"}
	i := slices.Index(levels, f.LogLevel) // slog's levels are four apart
	if i < 0 {
		return nil, wrong("log-level", "NOREN_LOG_LEVEL", "must be debug, info, warn or error, not %q", f.LogLevel)
	}
	options := &slog.HandlerOptions{Level: slog.LevelDebug + slog.Level(4*i)}
	switch f.LogFormat {
	case "text":
		return slog.New(slog.NewTextHandler(w, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, options)), nil
	}
	return nil, wrong("log-format", "NOREN_LOG_FORMAT", "must be text or json, not %q", f.LogFormat)
}

// serverFlags are the settings of a server other than its database, files and log.
type serverFlags struct {
	Listen         string `default:"127.0.0.1:8080" placeholder:"HOST:PORT" variable:"NOREN_LISTEN" help:"Address to listen on."`
	TLSCert        string `name:"tls-cert" placeholder:"FILE" variable:"NOREN_TLS_CERT" help:"Certificate chain in PEM; enables HTTPS."`
	TLSKey         string `name:"tls-key" placeholder:"FILE" variable:"NOREN_TLS_KEY" help:"Private key of the certificate in PEM."`
	BaseURL        string `name:"base-url" placeholder:"URL" variable:"NOREN_BASE_URL" help:"Public URL of the server; default taken from each request."`
	Hosts          string `placeholder:"HOST,…" variable:"NOREN_HOSTS" help:"Host names by which clients reach the server, such as noren.example.com; links contain no others."`
	CallbackAllow  string `placeholder:"CIDR,…" variable:"NOREN_CALLBACK_ALLOW" help:"Private networks that callbacks may reach, such as 10.1.0.0/16."`
	TrustedProxies string `placeholder:"CIDR,…" variable:"NOREN_TRUSTED_PROXIES" help:"Reverse proxies whose X-Forwarded-For is trusted, such as 127.0.0.1."`
	RateLimits     string `default:"documented" placeholder:"LIMITS" variable:"NOREN_RATE_LIMITS" help:"Rate limits: documented (as in the vendors' documents) or off."`
	Redis          string `placeholder:"URL" variable:"NOREN_REDIS" help:"redis://…: share rate limits between servers through Redis."`
	BodyMemory     string `default:"256MB" placeholder:"SIZE" variable:"NOREN_BODY_MEMORY" help:"Memory for the bodies of all running requests, of which a tenant may take a quarter; 0 for no limit."`
}

// queueFlag bounds the queue of each tenant.
type queueFlag struct {
	QueueLimit string `default:"10000" placeholder:"NUMBER" variable:"NOREN_QUEUE_LIMIT" help:"Number of bulk requests that a tenant may have waiting; 0 for no limit."`
}

// requests is the limit; 0 for none.
func (f queueFlag) requests() (int, error) {
	n, err := strconv.Atoi(f.QueueLimit)
	if err != nil || n < 0 {
		return 0, wrong("queue-limit", "NOREN_QUEUE_LIMIT", "must be a whole number, 0 or more, not %q", f.QueueLimit)
	}
	return n, nil
}

// check checks the settings as far as that is possible before anything is opened.
func (f serverFlags) check() error {
	if _, port, err := net.SplitHostPort(f.Listen); err != nil || port == "" {
		return wrong("listen", "NOREN_LISTEN", "%q is not an address; write it as 127.0.0.1:8080 or :8080", f.Listen)
	}
	switch {
	case f.TLSCert == "" && f.TLSKey != "":
		return wrong("tls-cert", "NOREN_TLS_CERT", "required with --tls-key")
	case f.TLSCert != "" && f.TLSKey == "":
		return wrong("tls-key", "NOREN_TLS_KEY", "required with --tls-cert")
	case f.TLSCert != "": // read now: otherwise a mistake would show only at the first connection
		if _, err := tls.LoadX509KeyPair(f.TLSCert, f.TLSKey); err != nil {
			return wrong("tls-cert", "NOREN_TLS_CERT", "the certificate cannot be used: %v", err)
		}
	}
	if f.BaseURL != "" {
		u, err := url.Parse(f.BaseURL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			return wrong("base-url", "NOREN_BASE_URL", "%q is not a URL; write it as https://noren.example.com", f.BaseURL)
		}
	}
	for _, host := range f.hosts() {
		if u, err := url.Parse("http://" + host); err != nil || u.Host != host || strings.Contains(host, "*") {
			return wrong("hosts", "NOREN_HOSTS", "%q is not a host; write it as noren.example.com or noren.example.com:8443", host)
		}
	}
	if f.RateLimits != "documented" && f.RateLimits != "off" {
		return wrong("rate-limits", "NOREN_RATE_LIMITS", "must be documented or off, not %q", f.RateLimits)
	}
	if f.Redis != "" {
		if err := web.CheckRedis(f.Redis); err != nil {
			return wrong("redis", "NOREN_REDIS", "%v", err)
		}
	}
	_, err := f.allowed() // newServer parses all of them again
	if err == nil {
		_, err = f.proxies()
	}
	if err == nil {
		_, err = f.bodies()
	}
	return err
}

// baseURL is the setting with its scheme in small letters, as those compare it who ask whether it is https.
func (f serverFlags) baseURL() string {
	u, err := url.Parse(f.BaseURL)
	if err != nil {
		return f.BaseURL // which check has refused
	}
	return u.String()
}

// hosts are the names that links may repeat from the Host header.
func (f serverFlags) hosts() []string {
	return strings.FieldsFunc(f.Hosts, func(r rune) bool { return r == ',' || r == ' ' })
}

// allowed are the private networks that callbacks may reach.
func (f serverFlags) allowed() ([]netip.Prefix, error) {
	return networks("callback-allow", "NOREN_CALLBACK_ALLOW", f.CallbackAllow)
}

// bodies is the memory for the bodies of requests.
func (f serverFlags) bodies() (*web.Bodies, error) {
	n, ok := parseSize(cmp.Or(f.BodyMemory, "0"))
	if !ok || n > 0 && n < web.LeastBodies {
		return nil, wrong("body-memory", "NOREN_BODY_MEMORY", "must be 0 or a size of at least %dMB, such as 256MB or 1GB, not %q",
			web.LeastBodies>>20, f.BodyMemory)
	}
	return web.NewBodies(n), nil
}

// proxies are the networks of the trusted reverse proxies.
func (f serverFlags) proxies() ([]netip.Prefix, error) {
	return networks("trusted-proxies", "NOREN_TRUSTED_PROXIES", f.TrustedProxies)
}

// networks parses a comma-separated list of networks.
func networks(flag, variable, list string) ([]netip.Prefix, error) {
	var prefixes []netip.Prefix
	for text := range strings.SplitSeq(list, ",") {
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		prefix, err := netip.ParsePrefix(text)
		// A single address means that one machine.
		if addr, addrErr := netip.ParseAddr(text); err != nil && addrErr == nil {
			prefix, err = addr.Prefix(addr.BitLen())
		}
		if err != nil {
			return nil, wrong(flag, variable, "%q is not a network; write it as 10.1.0.0/16", text)
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
		// The bare errno says so once; the error of the network says the address again.
		return nil, listenAdvice(ctx, address, fmt.Errorf("--listen (NOREN_LISTEN): %s: %w", address, syscall.EADDRINUSE))
	case err != nil:
		return nil, listenAdvice(ctx, address, fmt.Errorf("--listen (NOREN_LISTEN): %w", err))
	}
	return l, nil
}
