package recore

import (
	"errors"
	"net/http"
	"strings"

	"noren"
	"noren/web"
	"noren/wire"
)

const mediaJSON = "application/json"

// complaint is one thing wrong with a request: under which key of detail it stands, and what it says.
type complaint struct{ key, message string }

// invalid is everything that is wrong with the values of a request.
type invalid []complaint

func (i invalid) Error() string {
	texts := make([]string, len(i))
	for n, c := range i {
		texts[n] = c.key + ": " + c.message
	}
	return strings.Join(texts, "; ")
}

// Unwrap says what kind of error it is, for those who keep answers.
func (i invalid) Unwrap() error { return &noren.Error{Kind: noren.Invalid} }

// detail groups the messages by key, in the order in which the keys come first.
func (i invalid) detail() wire.Map {
	detail := wire.Map{}
	at := make(map[string]int)
	for _, c := range i {
		n, known := at[c.key]
		if !known {
			n = len(detail)
			at[c.key] = n
			detail = append(detail, wire.P(c.key, []string(nil)))
		}
		if messages := detail[n].Value.([]string); len(messages) < maxMessages {
			detail[n].Value = append(messages, c.message)
		}
	}
	return detail
}

// maxMessages is how many messages one key of detail has at most.
const maxMessages = 100

// malformed is a body that is not JSON.
type malformed struct{ problem *wire.Problem }

func (m malformed) Error() string { return "the body is not JSON: " + m.problem.Error() }

func (m malformed) Unwrap() error { return &noren.Error{Kind: noren.Invalid, Field: web.FieldBody} }

// Refuse is part of web.Dialect. Every error has the envelope of the common page.
func (d *Dialect) Refuse(_ *web.Request, err error) web.Answer {
	if i, ok := errors.AsType[invalid](err); ok {
		return validateFailed(i)
	}
	if list, ok := errors.AsType[noren.Refusals](err); ok {
		return validateFailed(refusalWords(list))
	}
	if _, ok := errors.AsType[malformed](err); ok {
		return refusal(http.StatusUnprocessableEntity, "MALFORMED_JSON", wordsMalformed)
	}
	if _, ok := errors.AsType[*web.MethodError](err); ok {
		return refusal(http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED", wordsMethod)
	}
	e, ok := errors.AsType[*noren.Error](err)
	if !ok {
		e = &noren.Error{}
	}
	switch e.Kind {
	case noren.Invalid:
		return validateFailed(refusalWords(noren.Refusals{e}))
	case noren.Unauthenticated, noren.Forbidden:
		// A wrong key was seen to be answered 403, as a missing scope is.
		return refusal(http.StatusForbidden, "FORBIDDEN", wordsForbidden)
	case noren.NotFound:
		return refusal(http.StatusNotFound, "NOT_FOUND", wordsNotFound)
	case noren.Conflict:
		return refusal(http.StatusConflict, "CONFLICT", conflictWords(e))
	case noren.TooLarge:
		return refusal(http.StatusRequestEntityTooLarge, "PAYLOAD_TOO_LARGE", wordsTooLarge)
	case noren.TooMany:
		return refusal(http.StatusTooManyRequests, "TOO_MANY_REQUESTS", wordsTooMany)
	case noren.Unavailable:
		return refusal(http.StatusServiceUnavailable, "SERVICE_UNAVAILABLE", wordsUnavailable)
	default:
		return refusal(http.StatusInternalServerError, "INTERNAL_SERVER_ERROR", wordsInternal)
	}
}

func validateFailed(i invalid) web.Answer {
	return envelope(http.StatusBadRequest, "VALIDATE_FAILED", wordsInvalid, i.detail())
}

func refusal(status int, code, message string) web.Answer {
	return envelope(status, code, message, wire.Map{})
}

func envelope(status int, code, message string, detail wire.Map) web.Answer {
	return web.Answer{Status: status, ContentType: mediaJSON, Body: wire.JSON(wire.Map{wire.P("error", wire.Map{
		wire.P("code", code), wire.P("message", message), wire.P("detail", detail),
	})})}
}
