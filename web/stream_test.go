package web

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// upload makes a streamed route that returns what it read, or the error of reading unchanged.
func upload(limit int64) Route {
	r := route("POST", "/upload", AnyScope("writer"), func(_ context.Context, x *Request) (Answer, error) {
		got, err := io.ReadAll(x.Stream)
		if err != nil {
			return Answer{}, err
		}
		return Answer{Status: http.StatusOK, Body: append(got, x.Body...)}, nil
	})
	r.Stream, r.BodyLimit = wholeBody, limit
	return r
}

// wholeBody takes all of a body for what is streamed.
func wholeBody(r *http.Request) (Stream, error) { return Stream{Reader: r.Body}, nil }

func TestStreamedBody(t *testing.T) {
	t.Parallel()
	b := setup(t, nil, upload(10))
	unsized := func(s string) io.Reader { return struct{ io.Reader }{strings.NewReader(s)} }
	tests := []struct {
		name   string
		body   io.Reader
		status int
		want   string
	}{
		{"as much as may be", strings.NewReader("0123456789"), 200, "0123456789"},
		{"nothing", http.NoBody, 200, ""},
		{"no length announced", unsized("0123456789"), 200, "0123456789"},
		{"too much, found while reading", unsized("0123456789a"), 413, "too large"},
		{"broken off", failing{}, 400, "invalid"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := b.do("POST", "/toy/upload", tt.body, "X-Token: writer")
			if w.Code != tt.status || w.Body.String() != tt.want {
				t.Errorf("%d %q", w.Code, w.Body)
			}
		})
	}
}

// A body announced as too large, or sent by a caller without permission, is not read at all.
func TestStreamedBodyUnread(t *testing.T) {
	t.Parallel()
	b := setup(t, nil, upload(10))
	for token, want := range map[string]int{"writer": 413, "reader": 403, "": 401} {
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/toy/upload", unread{t})
		r.ContentLength = 11
		r.Header.Set("X-Token", token)
		w := httptest.NewRecorder()
		b.handler.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%q: %d, want %d", token, w.Code, want)
		}
	}
}

// A limit of its own can also be smaller or larger than the usual one on a route that does not stream.
func TestBodyLimitOfARoute(t *testing.T) {
	t.Parallel()
	large := route("POST", "/large", Public(), echo)
	large.BodyLimit = MaxBody + 1
	b := setup(t, nil, large)
	for size, want := range map[int]int{MaxBody + 1: 200, MaxBody + 2: 413} {
		if w := b.do("POST", "/toy/large", bytes.NewReader(make([]byte, size))); w.Code != want {
			t.Errorf("%d bytes: %d, want %d", size, w.Code, want)
		}
	}
}

// file is a stream that knows what was done to it.
type file struct {
	io.Reader
	read, closed bool
}

func (f *file) Read(p []byte) (int, error) {
	f.read = true
	return f.Reader.Read(p)
}

func (f *file) Close() error {
	f.closed = true
	return nil
}

func TestStreamedAnswer(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, method string
		stream       io.Reader
		want, logged string
		read         bool
	}{
		{"whole", "GET", strings.NewReader("photo"), "photo", "", true},
		{"head", "HEAD", strings.NewReader("photo"), "", "", false},
		{"no more than announced", "GET", strings.NewReader("photos"), "photo", "", true},
		{"broken off", "GET", io.MultiReader(strings.NewReader("ph"), failing{}), "ph", `msg="a response broke off"`, true},
		{"shorter than announced", "GET", strings.NewReader("ph"), "ph", `msg="a response broke off"`, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := &file{Reader: tt.stream}
			b := setup(t, nil, route("GET", "/file", Public(), func(context.Context, *Request) (Answer, error) {
				return Answer{Status: 200, ContentType: "image/png", Stream: f, Length: 5}.With("X-A", "b"), nil
			}))
			w := b.do(tt.method, "/toy/file", nil)
			header := w.Header()
			if w.Code != 200 || w.Body.String() != tt.want || f.read != tt.read || !f.closed {
				t.Errorf("%d %q, read %v, closed %v", w.Code, w.Body, f.read, f.closed)
			}
			if header.Get("Content-Length") != "5" || header.Get("Content-Type") != "image/png" || header.Get("X-A") != "b" ||
				header.Get("Cache-Control") != "no-store" {
				t.Errorf("the header is %v", header)
			}
			if log := b.log.String(); tt.logged != "" != strings.Contains(log, "broke off") || !strings.Contains(log, tt.logged) {
				t.Errorf("the log is %s", log)
			}
		})
	}
}

// deadlines is a writer that records its deadlines.
type deadlines struct {
	*httptest.ResponseRecorder
	read, write time.Time
}

func (d *deadlines) SetReadDeadline(at time.Time) error {
	d.read = at
	return nil
}

func (d *deadlines) SetWriteDeadline(at time.Time) error {
	d.write = at
	return nil
}

// Files get more time than other requests, in both directions.
func TestStreamsGetMoreTime(t *testing.T) {
	t.Parallel()
	b := setup(t, nil, upload(10), route("POST", "/plain", Public(), echo),
		route("GET", "/file", Public(), func(context.Context, *Request) (Answer, error) {
			return Answer{Status: 200, Stream: io.NopCloser(strings.NewReader("x")), Length: 1}, nil
		}))
	for path, longer := range map[string]bool{"/toy/upload": true, "/toy/file": true, "/toy/plain": false} {
		method := "POST"
		if path == "/toy/file" {
			method = "GET"
		}
		r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader("x"))
		r.Header.Set("X-Token", "writer")
		w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
		b.handler.ServeHTTP(w, r)
		usual := time.Now().Add(2 * writeWithin)
		if got := w.read.After(usual) && w.write.After(w.read); w.Code != 200 || got != longer {
			t.Errorf("%s: %d, read until %v, write until %v", path, w.Code, w.read, w.write)
		}
	}
}

// Over a real connection a client notices that a download is incomplete.
func TestBrokenDownloadIsSeen(t *testing.T) {
	t.Parallel()
	b := setup(t, nil, route("GET", "/file", Public(), func(context.Context, *Request) (Answer, error) {
		return Answer{Status: 200, Stream: io.NopCloser(strings.NewReader("half")), Length: 8}, nil
	}))
	s := httptest.NewServer(b.handler)
	defer s.Close()
	answer, err := s.Client().Get(s.URL + "/toy/file")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if got, err := io.ReadAll(answer.Body); string(got) != "half" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%q, %v", got, err)
	}
}

// A download of unknown length is complete if the stream ends, and noticeably incomplete if it breaks off.
func TestDownloadOfUnknownLength(t *testing.T) {
	t.Parallel()
	answer := func(end error) func(context.Context, *Request) (Answer, error) {
		return func(context.Context, *Request) (Answer, error) {
			stream := io.MultiReader(strings.NewReader("all"), ending{end})
			return Answer{Status: 200, Stream: io.NopCloser(stream), Length: -1}, nil
		}
	}
	b := setup(t, nil, route("GET", "/whole", Public(), answer(io.EOF)), route("GET", "/broken", Public(), answer(errors.New("gone"))))
	s := httptest.NewServer(b.handler)
	defer s.Close()
	for path, whole := range map[string]bool{"/toy/whole": true, "/toy/broken": false} {
		got, err := s.Client().Get(s.URL + path)
		var text []byte
		if err == nil {
			defer got.Body.Close()
			text, err = io.ReadAll(got.Body)
		}
		if (err == nil) != whole || whole && string(text) != "all" {
			t.Errorf("%s: %q, error %v", path, text, err)
		}
		if !strings.Contains(b.log.String(), "path="+path+" status=200") {
			t.Errorf("the access log lacks %s", path)
		}
	}
}

// ending is a stream that has come to its end, or to an error.
type ending struct{ err error }

func (e ending) Read([]byte) (int, error) { return 0, e.err }
