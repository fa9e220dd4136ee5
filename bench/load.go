package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"noren"
)

// load sends requests over a number of connections.
type load struct {
	client *http.Client
	base   string
	header http.Header // of each request
}

// newLoad makes a client that keeps a connection for each caller.
func newLoad(base, token string, connections int) *load {
	return &load{
		base: base, header: http.Header{"Authorization": {"Bearer " + token}},
		client: &http.Client{
			Timeout: time.Minute,
			Transport: &http.Transport{
				MaxIdleConns: connections, MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections,
				DisableCompression: true,
			},
		},
	}
}

// close closes the connections.
func (l *load) close() { l.client.CloseIdleConnections() }

// send sends one request and reads the whole answer, which has to have the status wanted.
func (l *load) send(ctx context.Context, method, path string, body []byte, want int) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, l.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header = l.header.Clone()
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	answer, err := l.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != want {
		err = fmt.Errorf("%s %s: %s: %s", method, path, answer.Status, text[:min(len(text), 500)])
	}
	return text, err
}

// get is a way to send one GET after another; path makes the path of each.
func (l *load) get(path func() string) func(context.Context, int) error {
	return func(ctx context.Context, _ int) error {
		_, err := l.send(ctx, http.MethodGet, path(), nil, http.StatusOK)
		return err
	}
}

// The paths of the Smaregi dialect that are measured.
const posPath = "/" + contract + "/pos"

func anyMember(members int) func() string {
	return func() string { return fmt.Sprintf("%s/customers/%d", posPath, rand.IntN(members)+1) }
}

func fixed(path string) func() string { return func() string { return path } }

// bulkBody is the work as the body of PATCH /customers/bulk.
func bulkBody(w *work, callback string) []byte {
	rows := make([]map[string]string, len(w.members))
	for i, id := range w.members {
		rows[i] = map[string]string{"customerId": fmt.Sprint(id)}
		for column, values := range w.values {
			rows[i][wireName(column)] = values[i]
		}
	}
	body, err := json.Marshal(map[string]any{"customers": rows, "callbackUrl": callback})
	if err != nil {
		panic("bench: a body that JSON cannot hold: " + err.Error()) // it is made of strings
	}
	return body
}

// wireName is the Smaregi dialect's name of a column: lastName for last_name.
func wireName(column string) string {
	first, rest, found := strings.Cut(column, "_")
	if !found {
		return first
	}
	return first + strings.ToUpper(rest[:1]) + rest[1:]
}

// patch sends one bulk update.
func (l *load) patch(ctx context.Context, w *work, callback string) error {
	_, err := l.send(ctx, http.MethodPatch, posPath+"/customers/bulk", bulkBody(w, callback), http.StatusAccepted)
	return err
}

// accept is patch for the bare server, whose answer has the length of Noren's.
func (l *load) accept(ctx context.Context, body []byte) error {
	_, err := l.send(ctx, http.MethodPatch, "/?bytes=80", body, http.StatusAccepted)
	return err
}

// works hands out bulk updates of 100 rows to several callers, of which no two write the same note.
func works(tenant noren.TenantID, members, callers int) []*maker {
	list := make([]*maker, callers)
	for i := range list {
		list[i] = newMaker(tenant, members)
		list[i].round = (callers*1000 + i) * 100_000
		list[i].random = rand.New(rand.NewPCG(uint64(i), 12))
	}
	return list
}
