package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"noren"
	"noren/app"
	"noren/app/access"
	"noren/cmd/noren/demoshop"
	"noren/webhook"
)

// receiver stands in for the client's own system: it receives callbacks, verifies their signatures and prints them.
type receiver struct {
	URL string

	rooms   *app.App
	tenant  noren.Tenant
	secrets []string // of every client
	server  *http.Server
	arrived chan int64 // IDs of bulk requests

	mu sync.Mutex // one callback is printed at a time
	streams
}

// newReceiver starts a receiver on a free port of the loopback network.
func newReceiver(ctx context.Context, std streams, rooms *app.App, clients []access.ClientCredentials) (*receiver, error) {
	tenant, err := rooms.Access.TenantByContract(ctx, demoshop.Contract)
	if err != nil {
		return nil, err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("starting the receiver of callbacks: %w", err)
	}
	r := &receiver{
		URL: "http://" + l.Addr().String() + "/callback", rooms: rooms, tenant: tenant, streams: std,
		arrived: make(chan int64, 1),
	}
	for _, c := range clients {
		r.secrets = append(r.secrets, c.WebhookSecret)
	}
	mux := http.NewServeMux()
	mux.Handle("POST /callback", r)
	r.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}
	go func() { _ = r.server.Serve(l) }() // until close
	return r, nil
}

// close stops the receiver. Later callbacks are refused and retried until the demo ends.
func (r *receiver) close() { _ = r.server.Close() }

// maxCallback is the largest callback that is read, in bytes. A hundred rows take a tenth of it.
const maxCallback = 1 << 20

// ServeHTTP receives one callback.
func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	at := time.Now()
	body, err := io.ReadAll(http.MaxBytesReader(w, request.Body, maxCallback))
	var callback struct {
		RequestID int64 `json:"requestId"`
	}
	if err == nil {
		err = json.Unmarshal(body, &callback)
	}
	if err != nil {
		http.Error(w, "not the callback of a bulk request", http.StatusBadRequest)
		return
	}
	r.show(request.Context(), callback.RequestID, at, body, r.verified(request.Header, body, at))
	select {
	case r.arrived <- callback.RequestID:
	default: // only the tour's first request is waited for
	}
}

// verified reports whether one of the clients' secrets signed the body.
func (r *receiver) verified(header http.Header, body []byte, now time.Time) bool {
	for _, secret := range r.secrets {
		if webhook.Verify(secret, header, body, now) == nil {
			return true
		}
	}
	return false
}

// show prints a callback with the time since its request was accepted, which comes from the database.
func (r *receiver) show(ctx context.Context, id int64, at time.Time, body []byte, verified bool) {
	signature := r.words("署名は正しい値です ✓", "signature verified ✓")
	if !verified {
		signature = r.words("署名が正しくありません ✗", "signature NOT verified ✗")
	}
	// Somebody may post here by hand with an ID that does not exist; then the time is left out.
	after := ""
	if status, err := r.rooms.Bulk.Status(ctx, noren.Caller{Tenant: r.tenant}, id); err == nil {
		after = fmt.Sprintf(r.words("(受付から%s)", ", %s after it was accepted"), inMilliseconds(at.Sub(status.Request.AcceptedAt)))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	say(r.out, r.words("← リクエスト%dのコールバック%s、%s\n    %s\n\n", "← callback of request %d%s, %s\n    %s\n\n"), id, after, signature, body)
}

// inMilliseconds formats a short duration: 5.3 ms.
func inMilliseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
}
