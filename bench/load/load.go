// Package load measures over HTTP: the server in a process of its own, clients that send to it, a receiver of its
// callbacks, and a bare server to compare it with.
package load

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"noren"
	"noren/bench/floor"
	"noren/bench/seed"
)

// Load sends requests over a number of connections.
type Load struct {
	Client *http.Client
	base   string
	Header http.Header // of each request
}

// New makes a client that keeps a connection for each caller.
func New(base, token string, connections int) *Load {
	return &Load{
		base: base, Header: http.Header{"Authorization": {"Bearer " + token}},
		Client: &http.Client{
			Timeout: time.Minute,
			Transport: &http.Transport{
				MaxIdleConns: connections, MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections,
				// Otherwise the client asks for gzip, and compressing would be measured.
				DisableCompression: true,
			},
		},
	}
}

// Close closes the connections.
func (l *Load) Close() { l.Client.CloseIdleConnections() }

// Send sends one request and reads the whole response, which must have the status wanted.
func (l *Load) Send(ctx context.Context, method, path string, body []byte, want int) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, l.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header = l.Header.Clone()
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	answer, err := l.Client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	// Read to the end, or the connection could not be used again.
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != want {
		err = fmt.Errorf("%s %s: %s: %s", method, path, answer.Status, text[:min(len(text), 500)])
	}
	return text, err
}

// Get returns a function that sends a GET to a path that path makes.
func (l *Load) Get(path func() string) func(context.Context, int) error {
	return func(ctx context.Context, _ int) error {
		_, err := l.Send(ctx, http.MethodGet, path(), nil, http.StatusOK)
		return err
	}
}

// PosPath begins the paths of the Smaregi dialect.
const PosPath = "/" + seed.Contract + "/pos"

// AnyMember returns a function that makes the path of a random member.
func AnyMember(members int) func() string {
	return func() string { return fmt.Sprintf("%s/customers/%d", PosPath, rand.IntN(members)+1) }
}

func Fixed(path string) func() string { return func() string { return path } }

// BulkBody returns the work as the body of PATCH /customers/bulk.
func BulkBody(w *floor.Work, callback string) []byte {
	rows := make([]map[string]string, len(w.Members))
	for i, id := range w.Members {
		rows[i] = map[string]string{"customerId": strconv.FormatInt(id, 10)}
		for column, values := range w.Values {
			rows[i][wireName(column)] = values[i]
		}
	}
	body, err := json.Marshal(map[string]any{"customers": rows, "callbackUrl": callback})
	if err != nil {
		panic("bench: a body that JSON cannot hold: " + err.Error()) // it is made of strings
	}
	return body
}

// wireName returns the Smaregi dialect's name of a column: lastName for last_name.
func wireName(column string) string {
	first, rest, found := strings.Cut(column, "_")
	if !found {
		return first
	}
	return first + strings.ToUpper(rest[:1]) + rest[1:]
}

// Patch sends one bulk update.
func (l *Load) Patch(ctx context.Context, w *floor.Work, callback string) error {
	_, err := l.Send(ctx, http.MethodPatch, PosPath+"/customers/bulk", BulkBody(w, callback), http.StatusAccepted)
	return err
}

// Accept is Patch for the bare server, whose response has the length of Noren's.
func (l *Load) Accept(ctx context.Context, body []byte) error {
	_, err := l.Send(ctx, http.MethodPatch, "/?bytes=80", body, http.StatusAccepted)
	return err
}

// Works returns a maker of bulk updates for each caller. No two of them write the same note.
func Works(tenant noren.TenantID, members, callers int) []*floor.Maker {
	list := make([]*floor.Maker, callers)
	for i := range list {
		list[i] = floor.NewMaker(tenant, members)
		// Far apart, so that the rounds of one never reach those of the next; another number of callers has others
		// again.
		list[i].Round = (callers*1000 + i) * 100_000
		list[i].Random = rand.New(rand.NewPCG(uint64(i), 12))
	}
	return list
}
