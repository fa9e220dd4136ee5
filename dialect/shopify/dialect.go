// Package shopify takes Shopify's webhooks: orders become purchases, and customers are linked to members. It holds
// words and conversions only; the rules are in package noren. README.md says what is read of which message, and what
// was decided where Shopify leaves it open.
package shopify

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"noren"
	"noren/web"
	"noren/wire"
)

// pathPrefix is what the paths of the dialect begin with; the contract id of the tenant follows.
const pathPrefix = "/webhooks/shopify"

// Dialect implements web.Dialect. It is made by New.
type Dialect struct {
	service  *noren.Service
	document []byte
}

// New makes the dialect. version is that of the server, for the OpenAPI document.
func New(service *noren.Service, version string) *Dialect {
	return &Dialect{service: service, document: newDocument(version)}
}

// Name is part of web.Dialect.
func (d *Dialect) Name() noren.Dialect { return noren.Shopify }

// OpenAPI is part of web.Dialect.
func (d *Dialect) OpenAPI() []byte { return d.document }

// Claim takes /webhooks/shopify/{tenant}. A slash at the end makes no difference.
func (d *Dialect) Claim(path string) (web.Claim, bool) {
	path = strings.TrimSuffix(path, "/")
	rest, mine := strings.CutPrefix(path, pathPrefix)
	if !mine || rest != "" && rest[0] != '/' {
		return web.Claim{}, false
	}
	return web.Claim{Path: path, Contract: strings.TrimPrefix(rest, "/")}, true
}

// Routes is part of web.Dialect. The route is public because what proves the sender is a signature of the body, which
// is checked by the handler before anything is made of it.
func (d *Dialect) Routes() []web.Route {
	return []web.Route{{
		Method: http.MethodPost, Pattern: pathPrefix + "/{tenant}", Permission: web.Public(), Class: web.Write, Handle: d.receive,
	}}
}

// Authenticate is part of web.Dialect. There is no route that asks it.
func (d *Dialect) Authenticate(context.Context, *http.Request, web.Claim) (noren.Caller, error) {
	return noren.Caller{}, forged()
}

// Paces is part of web.Dialect. Shopify sends as fast as customers buy, and takes a 429 for a dead receiver.
func (d *Dialect) Paces() web.Paces { return web.Paces{} }

// PaceKey is part of web.Dialect.
func (d *Dialect) PaceKey(*web.Request) string { return "" }

// The outcomes of answers besides those of noren.WebhookOutcome: nothing was recorded.
const (
	outcomeForged      = "forged"
	outcomeInvalid     = "invalid"
	outcomeTooLarge    = "too_large"
	outcomeNoSuchPath  = "not_found"
	outcomeMethod      = "method_not_allowed"
	outcomeBusy        = "try_again"
	outcomeUnavailable = "unavailable"
	outcomeFailed      = "failed"
)

// Refuse is part of web.Dialect. Errors that are ours are not shown.
func (d *Dialect) Refuse(_ *web.Request, err error) web.Answer {
	if wrong, ok := errors.AsType[*web.MethodError](err); ok {
		return answer(http.StatusMethodNotAllowed, outcomeMethod, wrong.Error())
	}
	e, ok := errors.AsType[*noren.Error](err)
	if !ok {
		e = &noren.Error{}
	}
	plain := noren.Error{Field: e.Field, Message: e.Message} // without the cause
	switch status := web.Status(e.Kind); e.Kind {
	case noren.Invalid:
		return answer(status, outcomeInvalid, plain.Error())
	case noren.Unauthenticated:
		return answer(status, outcomeForged, e.Message)
	case noren.NotFound:
		return answer(status, outcomeNoSuchPath, "webhooks are posted to "+pathPrefix+"/ and the contract id")
	case noren.TooLarge:
		return answer(status, outcomeTooLarge, e.Message)
	case noren.Conflict, noren.TooMany:
		return answer(status, outcomeBusy, e.Message)
	case noren.Unavailable:
		return answer(status, outcomeUnavailable, "the server cannot take this now; send it again")
	default:
		return answer(http.StatusInternalServerError, outcomeFailed, "the server failed; the request id finds the reason in its log")
	}
}

// answer names what happened, for whoever looks at Shopify's list of deliveries.
func answer(status int, outcome, detail string) web.Answer {
	return web.Answer{
		Status: status, ContentType: "application/json",
		Body: wire.JSON(wire.Map{wire.P("outcome", outcome), wire.P("detail", detail)}),
	}
}
