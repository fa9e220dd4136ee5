package recore

import (
	"errors"
	"net/http"

	"noren"
	"noren/dialect"
	"noren/web"
	"noren/wire"
)

// detailOf groups the messages by key, in the order in which the keys first occur.
func detailOf(wrong dialect.Complaints) wire.Map {
	// A map would forget the order, and the same request would get another response each time.
	var keys []string
	messages := make(map[string][]string)
	for _, c := range wrong {
		if messages[c.At] == nil {
			keys = append(keys, c.At)
		}
		if len(messages[c.At]) < maxMessages {
			messages[c.At] = append(messages[c.At], c.Message)
		}
	}
	detail := make(wire.Map, len(keys))
	for i, key := range keys {
		detail[i] = wire.P(key, messages[key])
	}
	return detail
}

// maxMessages is how many messages one key of detail has at most.
const maxMessages = 100

// Refuse implements web.Dialect. Every error has the envelope of the common page.
func (d *Dialect) Refuse(_ *web.Request, err error) web.Answer {
	if wrong, ok := errors.AsType[dialect.Complaints](err); ok {
		return validateFailed(wrong)
	}
	if u, ok := errors.AsType[dialect.UnknownParameters](err); ok {
		return validateFailed(parameterWords(u))
	}
	if list, ok := errors.AsType[noren.Refusals](err); ok {
		return validateFailed(refusalWords(list))
	}
	// The status that clients have seen for this text; everything else that is wrong with a body is a 400.
	if _, ok := errors.AsType[dialect.Malformed](err); ok {
		return refusal(http.StatusUnprocessableEntity, "MALFORMED_JSON", wordsMalformed)
	}
	if _, ok := errors.AsType[*web.MethodError](err); ok {
		return refusal(http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED", wordsMethod)
	}
	e, ok := errors.AsType[*noren.Error](err)
	// An error that nobody has worded is internal. Its text goes to the log and never to the client.
	if !ok {
		e = &noren.Error{}
	}
	switch e.Kind {
	case noren.Invalid:
		return validateFailed(refusalWords(noren.Refusals{e}))
	case noren.Unauthenticated, noren.Forbidden:
		// A wrong key has been observed to get a 403, like a missing scope.
		return refusal(http.StatusForbidden, "FORBIDDEN", wordsForbidden)
	case noren.NotFound:
		if e.Field == web.FieldPath {
			return refusal(http.StatusNotFound, "NOT_FOUND", wordsNoAPI)
		}
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

func validateFailed(wrong dialect.Complaints) web.Answer {
	return envelope(http.StatusBadRequest, "VALIDATE_FAILED", wordsInvalid, detailOf(wrong))
}

func refusal(status int, code, message string) web.Answer {
	return envelope(status, code, message, wire.Map{})
}

func envelope(status int, code, message string, detail wire.Map) web.Answer {
	return dialect.JSON(status, wire.JSON(wire.Map{wire.P("error", wire.Map{
		wire.P("code", code), wire.P("message", message), wire.P("detail", detail),
	})}))
}
