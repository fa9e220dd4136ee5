package web

import (
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"log/slog"
	"net/http"
	"net/url"

	"noren"
	"noren/app/unit"
)

// IdempotencyHeader is the request header that makes a write take effect once: for a day, repetitions get the first
// response.
const IdempotencyHeader = "Idempotency-Key"

// replayedHeader marks a response that was kept from an earlier request.
const replayedHeader = "Idempotent-Replayed"

// maxIdempotencyKey is the longest key, in bytes.
const maxIdempotencyKey = 255

// onceUse is the idempotency key of a running request.
type onceUse struct {
	key  noren.IdempotencyKey
	hash hash.Hash // of the part of the body read so far
}

// Once returns the request's use of its Idempotency-Key, which lets a use case keep the response together with its
// effect; nil if the request has none. success words the response. A streamed body must be read to its end before.
func (x *Request) Once(success func(result any) Answer) *unit.Once {
	if x.once == nil {
		return nil
	}
	return &unit.Once{Key: x.once.key, BodyHash: x.once.hash.Sum(nil), Render: func(result any) noren.KeptAnswer {
		return x.once.keep(success(result))
	}}
}

// keep returns the response in the form in which it is stored, without its headers: no response that is kept has any
// that matter.
func (o *onceUse) keep(a Answer) noren.KeptAnswer {
	return noren.KeptAnswer{BodyHash: o.hash.Sum(nil), Status: a.Status, ContentType: a.ContentType, Body: a.Body}
}

// Replayed returns the kept response, marked as such.
func Replayed(kept *noren.KeptAnswer) Answer {
	a := Answer{Status: kept.Status, ContentType: kept.ContentType, Body: kept.Body}
	return a.With(replayedHeader, "true")
}

// idempotencyKey reads the header. The error is Invalid.
func idempotencyKey(x *Request) (noren.IdempotencyKey, error) {
	values := x.HTTP.Header.Values(IdempotencyHeader)
	ok := len(values) == 1 && len(values[0]) > 0 && len(values[0]) <= maxIdempotencyKey
	for _, value := range values {
		// Bytes that a log or a proxy might change are refused.
		for _, c := range []byte(value) {
			ok = ok && c >= 0x20 && c < 0x7f
		}
	}
	if !ok {
		return noren.IdempotencyKey{}, &noren.Error{
			Kind: noren.Invalid, Field: IdempotencyHeader,
			Message: "Idempotency-Key must be given once, with 1 to 255 printable ASCII characters",
		}
	}
	return x.Keyed(values[0]), nil
}

// Keyed returns the key of the caller for this request's method and path: what is kept under it is replayed to nobody else
// and nowhere else. People are no clients, so their login tells them apart.
func (x *Request) Keyed(key string) noren.IdempotencyKey {
	path := (&url.URL{Path: x.Claim.Path}).EscapedPath() // the same for the path with and without contract id
	route := x.HTTP.Method + " " + path
	if x.Caller.Login != "" {
		route = url.PathEscape(x.Caller.Login) + " " + route
	}
	return noren.IdempotencyKey{ClientID: x.Caller.Client.ID, Route: route, Key: key}
}

// handle runs the route's handler, at most once for each Idempotency-Key. The use case keeps a success with its effect;
// a refusal is kept here. 429 and 5xx are not kept, because another try may succeed.
func (h *Handler) handle(ctx context.Context, m *mounted, x *Request) (Answer, error) {
	_, keyed := x.HTTP.Header[http.CanonicalHeaderKey(IdempotencyHeader)]
	if !keyed || x.Route.Class != Write || x.Route.Permission.public {
		return x.handle(ctx)
	}
	key, err := idempotencyKey(x)
	if err != nil {
		return Answer{}, err
	}
	x.once = &onceUse{key, sha256.New()}
	// Of a streamed body the rest follows while it is read.
	x.once.hash.Write(x.Body)
	kept, release, err := h.rooms.Run.Replay(ctx, x.Caller, key, x.bodyHash)
	if err != nil {
		return Answer{}, err
	}
	defer release()
	if kept != nil {
		return Replayed(kept), nil
	}
	a, err := x.handle(ctx)
	if err == nil {
		return a, nil
	}
	// Worded here rather than by the caller, because the kept response must be the one that the client gets.
	refusal := h.refuse(ctx, m, x, err)
	if refusal.Status < 500 && refusal.Status != http.StatusTooManyRequests && !idempotencyConflict(err) {
		return h.keepRefusal(ctx, m, x, refusal), nil
	}
	return refusal, nil
}

// handle runs the route's handler.
func (x *Request) handle(ctx context.Context) (Answer, error) {
	if err := x.openStream(); err != nil {
		return Answer{}, err
	}
	return x.Route.Handle(ctx, x)
}

// bodyHash returns the hash of the whole body. It reads the rest of a stream.
func (x *Request) bodyHash() ([]byte, error) {
	if err := x.openStream(); err != nil {
		return nil, err
	}
	if x.Route.Stream != nil {
		if _, err := io.Copy(io.Discard, x.Stream); err != nil {
			return nil, err
		}
	}
	return x.once.hash.Sum(nil), nil
}

// idempotencyConflict reports whether the key itself was refused. That response does not belong to the first request,
// so it is not kept.
func idempotencyConflict(err error) bool {
	e, ok := errors.AsType[*noren.Error](err)
	return ok && e.Reason == noren.ReasonIdempotency
}

// keepRefusal keeps a refusal and returns it, or what another server has kept for the key in the meantime. If keeping
// fails, a repetition is simply refused again. A body that cannot be read has no hash by which a repetition could be
// recognised.
func (h *Handler) keepRefusal(ctx context.Context, m *mounted, x *Request, refusal Answer) Answer {
	if _, err := x.bodyHash(); err != nil {
		return refusal
	}
	// The client may have gone, and will ask again with the key.
	kept, err := h.rooms.Run.KeepRefusal(context.WithoutCancel(ctx), x.Caller, x.once.key, x.once.keep(refusal))
	switch {
	case err != nil && idempotencyConflict(err):
		return h.refuse(ctx, m, x, err)
	case err != nil:
		h.log.LogAttrs(ctx, slog.LevelWarn, "keeping a refusal for its Idempotency-Key failed",
			slog.String("request_id", x.Reference()), slog.String("own_id", x.ID), slog.Any("error", err))
	case kept != nil:
		return Replayed(kept)
	}
	return refusal
}
