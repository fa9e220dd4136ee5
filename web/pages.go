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

// readyWithin is how long the database may take to answer before the server is called not ready.
const readyWithin = 2 * time.Second

// newPages makes what is on no dialect's path: health, metrics, documents, and a page that points to them.
func (h *Handler) newPages(version string) http.Handler {
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

// index points to what a person with a browser can look at.
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

// ready answers 503 while the database cannot be read, so that a load balancer sends nothing here.
func (h *Handler) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyWithin)
	defer cancel()
	if err := h.service.Ping(ctx); err != nil {
		h.log.WarnContext(ctx, "not ready", "error", err)
		writeJSON(w, http.StatusServiceUnavailable, health{"unavailable", "the database does not answer"})
		return
	}
	writeJSON(w, http.StatusOK, health{Status: "ok"})
}

// notFound answers paths that no dialect claims, in the form that tools understand without knowing a dialect.
func notFound(w http.ResponseWriter, r *http.Request) {
	write(w, Problem(http.StatusNotFound, "about:blank", "Not Found", "no API has the path "+r.URL.Path))
}

// health is the body of /healthz and /readyz.
type health struct {
	Status string `json:"status"`
	Detail string `json:"detail,omitempty"`
}

// Problem is an answer as RFC 9457 describes it, with the members in the order type, title, detail, status.
func Problem(status int, kind, title, detail string) Answer {
	return Answer{Status: status, ContentType: "application/problem+json", Body: encode(struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		Detail string `json:"detail"`
		Status int    `json:"status"`
	}{kind, title, detail, status})}
}

// writeJSON answers a health check.
func writeJSON(w http.ResponseWriter, status int, body health) {
	write(w, Answer{Status: status, ContentType: "application/json", Body: encode(body)})
}

// encode writes JSON without escaping what HTML would need: no browser reads it as HTML.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("web: " + err.Error()) // strings and integers always can be written
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
