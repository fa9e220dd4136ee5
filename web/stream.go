package web

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"
)

// streamWithin is how long a file may take in each direction. It replaces the limits of ordinary requests, which are
// too short for a large photo on a slow line.
const streamWithin = 10 * time.Minute

// extend gives the request the time of a stream. A writer without deadlines, as in tests, needs no extension, so errors
// are ignored.
func extend(w http.ResponseWriter) {
	c := http.NewResponseController(w)
	deadline := time.Now().Add(streamWithin)
	_ = c.SetReadDeadline(deadline)
	_ = c.SetWriteDeadline(deadline.Add(writeWithin - readWithin)) // the response comes after the body
}

// body is the limited body of a streamed request. Its errors are those of package noren, which dialects can word.
type body struct{ io.ReadCloser }

func (b body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = bodyError(err)
	}
	return n, err
}

// openStream prepares, once, the part of the body that the handler reads itself. With an Idempotency-Key, everything
// read from it goes into the hash.
func (x *Request) openStream() (err error) {
	if x.Route.Stream == nil || x.Stream.Reader != nil {
		return nil
	}
	if x.Stream, err = x.Route.Stream(x.HTTP); err == nil && x.once != nil {
		x.Stream.Reader = io.TeeReader(x.Stream.Reader, x.once.hash)
	}
	return err
}

// writeStream sends a response whose body is a stream. If the stream breaks off, the connection is closed, so the
// client sees fewer bytes than Content-Length announced, or no final chunk.
func (h *Handler) writeStream(w http.ResponseWriter, x *Request, a Answer) {
	defer a.Stream.Close()
	extend(w)
	writeHeader(w, a, a.Length)
	if x.HTTP.Method == http.MethodHead {
		return
	}
	var err error
	if a.Length >= 0 {
		_, err = io.CopyN(w, a.Stream, a.Length)
	} else {
		_, err = io.Copy(w, a.Stream)
	}
	if err == nil {
		return
	}
	if x.HTTP.Context().Err() == nil {
		h.log.LogAttrs(x.HTTP.Context(), slog.LevelWarn, "a response broke off",
			slog.String("request_id", x.Reference()), slog.String("own_id", x.ID), slog.Any("error", err))
	}
	if a.Length < 0 {
		// Returning would send the final chunk, as if the body were complete.
		panic(http.ErrAbortHandler)
	}
}
