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
)

// IdempotencyHeader is the request header that makes a write happen once: the first answer is given again for a day.
const IdempotencyHeader = "Idempotency-Key"

// replayedHeader marks an answer that was kept from an earlier request.
const replayedHeader = "Idempotent-Replayed"

// maxIdempotencyKey bounds the header, in bytes.
const maxIdempotencyKey = 255

// onceUse is the key of a running request.
type onceUse struct {
	key  noren.IdempotencyKey
	hash hash.Hash // of what has been read of the body
}

// Once is the request's use of its Idempotency-Key, for a use case to keep the answer with its effect; nil where the
// request has none. success words the answer. A streamed body has to be read to its end before.
func (x *Request) Once(success func(result any) Answer) *noren.Once {
	if x.once == nil {
		return nil
	}
	return &noren.Once{Key: x.once.key, BodyHash: x.once.hash.Sum(nil), Render: func(result any) noren.KeptAnswer {
		return x.once.keep(success(result))
	}}
}

// keep is the answer in the form in which it is stored. Headers are not kept: no answer that is kept has one that matters.
func (o *onceUse) keep(a Answer) noren.KeptAnswer {
	return noren.KeptAnswer{BodyHash: o.hash.Sum(nil), Status: a.Status, ContentType: a.ContentType, Body: a.Body}
}

// Replayed is the answer that was kept, marked as such.
func Replayed(kept *noren.KeptAnswer) Answer {
	a := Answer{Status: kept.Status, ContentType: kept.ContentType, Body: kept.Body}
	return a.With(replayedHeader, "true")
}

// idempotencyKey reads the header. The error is Invalid.
func idempotencyKey(x *Request) (noren.IdempotencyKey, error) {
	values := x.HTTP.Header.Values(IdempotencyHeader)
	ok := len(values) == 1 && len(values[0]) > 0 && len(values[0]) <= maxIdempotencyKey
	for _, value := range values {
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
	path := (&url.URL{Path: x.Claim.Path}).EscapedPath() // the same for the path with and without contract id
	return noren.IdempotencyKey{ClientID: x.Caller.Client.ID, Route: x.HTTP.Method + " " + path, Key: values[0]}, nil
}

// handle runs the route's handler, at most once for each Idempotency-Key. A success is kept by the use case with its
// effect; a refusal is kept here; answers 429 and 5xx are not kept, because another try may well succeed.
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
	x.once.hash.Write(x.Body)
	kept, release, err := h.service.Replay(ctx, x.Caller, key, x.bodyHash)
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
	refusal := h.refuse(ctx, m, x, err)
	if refusal.Status < 500 && refusal.Status != http.StatusTooManyRequests && !idempotencyConflict(err) {
		h.keepRefusal(ctx, x, refusal)
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

// bodyHash answers the hash of the whole body, of which it reads what is left.
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

// idempotencyConflict reports whether the key itself was refused. That answer is not the request's, so it is not kept.
func idempotencyConflict(err error) bool {
	e, ok := errors.AsType[*noren.Error](err)
	return ok && e.Reason == noren.ReasonIdempotency
}

// keepRefusal does its best: a refusal that is not kept would be refused again. What could not be read has no hash by
// which it could be known again.
func (h *Handler) keepRefusal(ctx context.Context, x *Request, refusal Answer) {
	if _, err := x.bodyHash(); err != nil {
		return
	}
	err := h.service.KeepRefusal(context.WithoutCancel(ctx), x.Caller, x.once.key, x.once.keep(refusal))
	if err != nil {
		h.log.LogAttrs(ctx, slog.LevelWarn, "keeping a refusal for its Idempotency-Key",
			slog.String("request_id", x.ID), slog.Any("error", err))
	}
}
