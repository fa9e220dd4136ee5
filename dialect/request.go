package dialect

import (
	"net/http"

	"noren"
	"noren/app/unit"
	"noren/web"
	"noren/wire"
)

// PathID parses an id in the path, from 1 to highest. A text that cannot be an id is NotFound rather than Invalid.
func PathID(x *web.Request, name string, highest int64) (int64, error) {
	id, code := wire.CheckInteger(&wire.Facts{Min: 1, Max: highest}, x.Vars[name])
	if code != "" {
		// Nothing can have it for its id, so it is missing like any other number.
		return 0, &noren.Error{Kind: noren.NotFound, Field: name}
	}
	return id, nil
}

// JSON returns a response with a JSON body.
func JSON(status int, body []byte) web.Answer {
	return web.Answer{Status: status, ContentType: wire.MediaJSON, Body: body}
}

// Empty returns a 200 without a body.
func Empty() web.Answer { return web.Answer{Status: http.StatusOK} }

// Once runs a use case at most once for each Idempotency-Key. The use case keeps the response that success makes of its
// result together with its effect, or returns the one kept by the first request with the key.
func Once[R any](
	x *web.Request, success func(R) web.Answer, do func(*unit.Once) (R, *noren.KeptAnswer, error),
) (web.Answer, error) {
	result, kept, err := do(x.Once(func(result any) web.Answer {
		return success(result.(R)) //nolint:forcetypeassert // it is what do returns
	}))
	switch {
	case err != nil:
		return web.Answer{}, err
	case kept != nil:
		return web.Replayed(kept), nil
	}
	return success(result), nil
}

// OnceEmpty is Once for a use case without a result; the response is Empty.
func OnceEmpty(x *web.Request, do func(*unit.Once) (*noren.KeptAnswer, error)) (web.Answer, error) {
	kept, err := do(x.Once(func(any) web.Answer { return Empty() }))
	switch {
	case err != nil:
		return web.Answer{}, err
	case kept != nil:
		return web.Replayed(kept), nil
	}
	return Empty(), nil
}
