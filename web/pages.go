package web

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// readyWithin is how long the database may take to respond before the server counts as not ready.
const readyWithin = 2 * time.Second

// newPages returns the handler of paths outside the dialects: health, metrics, documents, and an index page.
func (h *Handler) newPages(version string) *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, health{Status: "ok"})
	})
	mux.HandleFunc("GET /readyz", h.ready)
	mux.Handle("GET /metrics", h.metrics.page())
	for _, m := range h.dialects {
		document := m.OpenAPI()
		if document == nil {
			continue
		}
		mux.HandleFunc("GET /openapi/"+string(m.Name())+".json", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(document)
		})
	}
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = fmt.Fprint(w, h.index(version))
	})
	mux.HandleFunc("/", notFound)
	return mux
}

// isPage reports whether the path is one of these pages.
func (h *Handler) isPage(r *http.Request) bool {
	_, pattern := h.pages.Handler(r)
	return pattern != "/"
}

// index lists what a person can open in a browser.
func (h *Handler) index(version string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "noren %s\n\n/healthz\n/readyz\n/metrics\n", version)
	for _, m := range h.dialects {
		if m.OpenAPI() == nil {
			fmt.Fprintf(&b, "/%s/\n", m.Name())
		} else {
			fmt.Fprintf(&b, "/openapi/%s.json\n", m.Name())
		}
	}
	return b.String()
}

// ready responds with 503 while the database cannot be read, so that a load balancer sends no requests here. A server that
// cannot store files, or cannot reach a worker of the database, does everything else, and so would its neighbours, which have the same
// ones: that is told with 200.
func (h *Handler) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyWithin)
	defer cancel()
	down, err := h.rooms.Database.Ping(ctx)
	if err != nil {
		h.log.WarnContext(ctx, "not ready", "error", err)
		writeJSON(w, http.StatusServiceUnavailable, health{"unavailable", "the database does not respond"})
		return
	}
	var details []string
	if len(down) > 0 {
		h.log.WarnContext(ctx, "nodes of the database do not respond", "nodes", down)
		details = append(details, "nodes of the database do not respond: "+strings.Join(down, ", "))
	}
	if h.files != nil {
		// After the database, which is what a server cannot do without.
		if err := h.files.Check(ctx); err != nil {
			h.log.WarnContext(ctx, "files cannot be stored", "error", err)
			details = append(details, "files cannot be stored")
		}
	}
	if len(details) > 0 {
		writeJSON(w, http.StatusOK, health{"degraded", strings.Join(details, "; ")})
		return
	}
	writeJSON(w, http.StatusOK, health{Status: "ok"})
}

// notFound handles paths that no dialect claims, in a format that tools understand without knowing a dialect.
func notFound(w http.ResponseWriter, r *http.Request) {
	write(w, Problem(http.StatusNotFound, "about:blank", "Not Found", "no API has the path "+r.URL.Path))
}

// health is the body of /healthz and /readyz.
type health struct {
	Status string `json:"status"`
	Detail string `json:"detail,omitempty"`
}

// Problem returns a response in the format of RFC 9457, with the members in the order type, title, detail, status.
func Problem(status int, kind, title, detail string) Answer {
	return Answer{Status: status, ContentType: "application/problem+json", Body: encode(struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		Detail string `json:"detail"`
		Status int    `json:"status"`
	}{kind, title, detail, status})}
}

// writeJSON sends the response to a health check.
func writeJSON(w http.ResponseWriter, status int, body health) {
	write(w, Answer{Status: status, ContentType: "application/json", Body: encode(body)})
}

// encode encodes JSON without the escapes for HTML, because no browser reads it as HTML.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("web: " + err.Error()) // strings and integers can always be encoded
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
