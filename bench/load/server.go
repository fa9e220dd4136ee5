package load

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"noren/bench/seed"
)

// Server is Noren as an operator runs it, in a process of its own.
type Server struct {
	Base  string
	Token string
	cmd   *exec.Cmd
	log   *os.File
}

// BuildServer builds the server's program from this module.
func BuildServer(ctx context.Context, dir string) (path string, err error) {
	path = filepath.Join(dir, "noren")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", path, "noren/cmd/noren")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the server (give another with -noren): %w\n%s", err, out)
	}
	return path, nil
}

// StartServer starts the program on the database and gets an access token.
func StartServer(ctx context.Context, program, database, dir string) (s *Server, err error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	s = &Server{Base: "http://" + address}
	if s.log, err = os.CreateTemp(dir, "server-*.log"); err != nil {
		return nil, err
	}
	s.cmd = exec.CommandContext(ctx, program, "serve")
	s.cmd.Env = append(os.Environ(),
		"NOREN_DATABASE="+database, "NOREN_LISTEN="+address, "NOREN_CALLBACK_ALLOW=127.0.0.0/8",
		// A load from one client is what limits are there to refuse.
		"NOREN_RATE_LIMITS=off", "NOREN_FILES="+filepath.Join(dir, "files"),
	)
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	// The server ends what it has begun, as it does when an operator stops it.
	s.cmd.Cancel = func() error { return s.cmd.Process.Signal(syscall.SIGTERM) }
	s.cmd.WaitDelay = stopPatience
	if err := s.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("starting the server: %w", err), s.log.Close())
	}
	if err = s.ready(ctx); err == nil {
		s.Token, err = s.issueToken(ctx)
	}
	if err != nil {
		s.Stop()
		return nil, fmt.Errorf("%w\n%s", err, s.LastWords())
	}
	return s, nil
}

const (
	startPatience = 30 * time.Second
	stopPatience  = 30 * time.Second
)

// freeAddress returns an address that nothing listened on a moment ago.
func freeAddress(ctx context.Context) (string, error) {
	listener, err := listen(ctx)
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// ready waits until the server accepts requests.
func (s *Server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Base+"/readyz", nil)
		if err != nil {
			return err
		}
		answer, err := http.DefaultClient.Do(request)
		// An error means that nothing listens yet.
		if err == nil && answer.Body.Close() == nil && answer.StatusCode == http.StatusOK {
			return nil
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return fmt.Errorf("the server was not ready within %s", startPatience)
		}
	}
}

// issueToken gets an app access token, as any client does.
func (s *Server) issueToken(ctx context.Context) (string, error) {
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {strings.Join(seed.ClientScopes(), " ")}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Base+"/app/"+seed.Contract+"/token", strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	request.SetBasicAuth(seed.ClientKey, seed.ClientSecret)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return "", err
	}
	var issued struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(body, &issued); err != nil || issued.AccessToken == "" {
		return "", fmt.Errorf("getting an access token: %s: %s", answer.Status, body)
	}
	return issued.AccessToken, nil
}

// Stop ends the server as an operator does, and waits until it is gone.
func (s *Server) Stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may be gone already
	killed := time.AfterFunc(stopPatience, func() { _ = s.cmd.Process.Kill() })
	_ = s.cmd.Wait()
	killed.Stop()
	_ = s.log.Close() // it was written by the server
}

// LastWords returns the end of what the server has logged.
func (s *Server) LastWords() []byte {
	text, err := os.ReadFile(s.log.Name())
	if err != nil {
		return nil
	}
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	return bytes.Join(lines[max(0, len(lines)-20):], []byte("\n"))
}
