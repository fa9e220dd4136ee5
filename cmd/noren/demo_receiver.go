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
	"noren/cmd/noren/demoshop"
	"noren/webhook"
)

// receiver is what a client's own system would be: it takes callbacks, checks their signatures and shows them.
type receiver struct {
	URL string

	service *noren.Service
	tenant  noren.Tenant
	secrets []string // of every client
	server  *http.Server
	arrived chan int64 // the numbers of bulk requests

	mu  sync.Mutex // one callback is printed at a time
	out io.Writer
}

// newReceiver starts a receiver on a free port of the loopback network.
func newReceiver(ctx context.Context, out io.Writer, service *noren.Service, clients []noren.ClientCredentials) (*receiver, error) {
	tenant, err := service.TenantByContract(ctx, demoshop.Contract)
	if err != nil {
		return nil, err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("starting the receiver of callbacks: %w", err)
	}
	r := &receiver{
		URL: "http://" + l.Addr().String() + "/callback", service: service, tenant: tenant, out: out,
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

// close stops the receiver; callbacks that come later are refused, and tried again until the demo ends.
func (r *receiver) close() { _ = r.server.Close() }

// maxCallback bounds what is read of a callback, in bytes. A hundred rows take a tenth of it.
const maxCallback = 1 << 20

// ServeHTTP takes one callback.
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
		http.Error(w, "this is no callback of a bulk request", http.StatusBadRequest)
		return
	}
	r.show(request.Context(), callback.RequestID, at, body, r.verified(request.Header, body, at))
	select {
	case r.arrived <- callback.RequestID:
	default: // nobody waits any more
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

// show prints a callback with the time since its request was accepted, which the database knows.
func (r *receiver) show(ctx context.Context, id int64, at time.Time, body []byte, verified bool) {
	signature := "signature verified ✓"
	if !verified {
		signature = "signature NOT verified ✗"
	}
	// The number may be made up by whoever posts here by hand; then there is no time to tell.
	after := ""
	if status, err := r.service.BulkStatus(ctx, noren.Caller{Tenant: r.tenant}, id); err == nil {
		after = fmt.Sprintf(", %s after it was accepted", inMilliseconds(at.Sub(status.Request.AcceptedAt)))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	say(r.out, "← callback of request %d%s, %s\n    %s\n\n", id, after, signature, body)
}

// inMilliseconds writes a short time: 5.3 ms.
func inMilliseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
}
