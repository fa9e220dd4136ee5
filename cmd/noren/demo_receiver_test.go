package main

import (
	"bytes"
	"log/slog"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"noren"
	"noren/cmd/noren/demoshop"
	"noren/webhook"
)

// TestReceiver checks what the demo prints for callbacks that are signed, forged or malformed.
func TestReceiver(t *testing.T) {
	t.Parallel()
	h, err := openHouse(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "noren.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.close)
	report, err := h.rooms.Shop.Apply(t.Context(), demoshop.New(1, time.Now(), 2))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	r, err := newReceiver(t.Context(), streams{out: &out}, h.rooms, report.Clients)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.close)
	for _, c := range []struct {
		name, secret, body string
		status             int
		shown              string
	}{
		{"signed", report.Clients[1].WebhookSecret, `{"requestId":7,"result":[]}`, 200, "← callback of request 7, signature verified ✓\n    {\"requestId\":7,\"result\":[]}\n\n"},
		{"forged", noren.NewWebhookSecret(), `{"requestId":7}`, 200, "← callback of request 7, signature NOT verified ✗\n    {\"requestId\":7}\n\n"},
		{"no callback", noren.NewWebhookSecret(), `hello`, 400, ""},
		{"too long", noren.NewWebhookSecret(), `"` + strings.Repeat("x", maxCallback), 400, ""},
	} {
		out.Reset()
		status := deliver(t, r.URL, c.secret, c.body)
		if status != c.status || out.String() != c.shown {
			t.Errorf("%s: got %d and printed %q, want %d and %q", c.name, status, out.String(), c.status, c.shown)
		}
	}
}

// deliver posts a signed body and returns the status.
func deliver(t *testing.T, url, secret, body string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	signature, err := webhook.Sign(secret, "bulk-1-7", now, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set(webhook.HeaderID, "bulk-1-7")
	request.Header.Set(webhook.HeaderTimestamp, strconv.FormatInt(now.Unix(), 10))
	request.Header.Set(webhook.HeaderSignature, signature)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	return answer.StatusCode
}
