package easypoints

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"noren"
	"noren/dialect"
	"noren/web"
	"noren/wire"
)

// Refuse implements web.Dialect. Every error has the same envelope; only the entries of 422 are objects.
func (d *Dialect) Refuse(x *web.Request, err error) web.Answer {
	if wrong, ok := errors.AsType[dialect.Complaints](err); ok {
		return unprocessable(wrong)
	}
	if u, ok := errors.AsType[dialect.UnknownParameters](err); ok {
		return unprocessable(parameterWords(u))
	}
	if list, ok := errors.AsType[noren.Refusals](err); ok {
		return unprocessable(refusalWords(list))
	}
	if m, ok := errors.AsType[dialect.Malformed](err); ok {
		return refusal(http.StatusBadRequest, "The body is not JSON: "+m.Problem.Error())
	}
	if e, ok := errors.AsType[*web.MethodError](err); ok {
		return refusal(http.StatusMethodNotAllowed, "This endpoint takes "+strings.Join(e.Allow, ", "))
	}
	e, ok := errors.AsType[*noren.Error](err)
	if !ok {
		e = &noren.Error{}
	}
	switch {
	// The e-mail address in the path is a wrong value, although the domain refuses it without a list.
	case e.Kind == noren.Invalid && e.Reason == noren.ReasonAmbiguous:
		return unprocessable(refusalWords(noren.Refusals{e}))
	case e.Kind == noren.Unauthenticated:
		return refusal(http.StatusUnauthorized, "The API credentials are missing or wrong").
			// A 401 has to name what would be accepted (RFC 9110, section 11.6.1); either way is.
			With("WWW-Authenticate", `Basic realm="easyPoints"`).With("WWW-Authenticate", "Bearer")
	case e.Kind == noren.Internal:
		return refusal(http.StatusInternalServerError, "Something went wrong on our side. The log has more under the X-Request-Id "+x.ID)
	}
	return refusal(web.Status(e.Kind), sentence(e))
}

// unprocessable refuses values. A place is a JSON pointer, or the name of a parameter written like one.
func unprocessable(wrong dialect.Complaints) web.Answer {
	entries := make([]wire.Map, len(wrong))
	for n, c := range wrong {
		entries[n] = wire.Map{
			wire.P("detail", c.Message), wire.P("source", wire.Map{wire.P("pointer", c.At)}), wire.P("title", "Invalid value"),
		}
	}
	return envelope(http.StatusUnprocessableEntity, entries)
}

func refusal(status int, text string) web.Answer { return envelope(status, []string{text}) }

func envelope(status int, entries any) web.Answer {
	return dialect.JSON(status, wire.JSON(wire.Map{
		wire.P("errors", entries), wire.P("status", status), wire.P("title", http.StatusText(status)),
	}))
}

// sentence words what the domain and the web refuse as a whole.
func sentence(e *noren.Error) string {
	switch {
	case e.Kind == noren.NotFound && e.Field == web.FieldPath:
		return "There is no such endpoint"
	case e.Kind == noren.NotFound:
		return "There is no such customer"
	case e.Kind == noren.Forbidden && e.Reason == noren.ReasonScope:
		return "The API credentials lack the privilege " + e.Value
	case e.Kind == noren.Forbidden:
		return "The API credentials do not allow this"
	case e.Kind == noren.TooLarge:
		return fmt.Sprintf("The body is over %d bytes", maxBody)
	case e.Kind == noren.TooMany:
		return "Too many requests; send it again after Retry-After seconds"
	case e.Kind == noren.Unavailable:
		return "The service cannot take this now; send it again after Retry-After seconds"
	case e.Message != "":
		// Messages of ours begin with a letter of ASCII, so the first byte is the first character.
		return strings.ToUpper(e.Message[:1]) + e.Message[1:]
	}
	return http.StatusText(web.Status(e.Kind))
}

// parameterWords are those of OpenApiSpex for parameters that the endpoint does not have.
func parameterWords(u dialect.UnknownParameters) (wrong dialect.Complaints) {
	for _, name := range u.Names {
		wrong.Add("/"+name, "Unexpected field: "+name)
	}
	return wrong
}

// refusalWords words what the domain refuses of single values.
func refusalWords(list noren.Refusals) (wrong dialect.Complaints) {
	for _, e := range list {
		wrong.Add(pointerOf(e), reasonWords(e))
	}
	return wrong
}

// pointerOf returns the place of the value that the domain refused. Amounts and members in the body are named by the
// requests themselves.
func pointerOf(e *noren.Error) string {
	switch e.Field {
	case "":
		return ""
	case "rank":
		return "/tier"
	case "minimum_rank":
		return "/minimum_tier"
	case "amount":
		return "/point_value"
	case "email":
		return "/" + pathID
	default:
		return "/" + e.Field
	}
}

func reasonWords(e *noren.Error) string {
	switch e.Reason {
	case noren.ReasonRankUnknown, noren.ReasonMinimumRankUnknown:
		return "Invalid value for enum: there is no such tier"
	case noren.ReasonMemberUnknown:
		return "There is no such customer"
	case noren.ReasonAmbiguous:
		return "More than one customer has this e-mail address"
	case noren.ReasonTooFewPoints:
		return "The customer has fewer points than are to be taken"
	case noren.ReasonPointsOff:
		return "Points are switched off for this shop"
	}
	if e.Message == "" {
		return "Invalid value"
	}
	return e.Message
}
