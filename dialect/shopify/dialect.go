// Package shopify receives Shopify's webhooks: orders become purchases, and customers are linked to members. It has
// only words and conversions; the rules are in package noren. README.md says what is read from which message, and lists
// the decisions where Shopify leaves them open.
package shopify

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"noren"
	"noren/app/inbox"
	"noren/dialect"
	"noren/web"
	"noren/wire"
)

// pathPrefix is the prefix of the dialect's paths; the tenant's contract id follows.
const pathPrefix = "/webhooks/shopify"

// Rooms are the use cases that the dialect speaks for.
type Rooms struct {
	Inbox *inbox.Service
}

// Dialect implements web.Dialect. It is made by New.
type Dialect struct {
	*dialect.Table
	rooms Rooms
}

// New makes the dialect. version is the server's, for the OpenAPI document.
func New(rooms Rooms, version string) *Dialect {
	d := &Dialect{rooms: rooms}
	d.Table = dialect.New(d.spec(version))
	return d
}

// Claim accepts /webhooks/shopify/{tenant}. A trailing slash makes no difference.
func (d *Dialect) Claim(path string) (web.Claim, bool) {
	rest, mine := dialect.Under(pathPrefix, path)
	if !mine {
		return web.Claim{}, false
	}
	return web.Claim{Path: pathPrefix + rest, Contract: strings.TrimPrefix(rest, "/")}, true
}

// Authenticate implements web.Dialect. No route uses it.
func (d *Dialect) Authenticate(context.Context, *http.Request, web.Claim) (noren.Caller, error) {
	return noren.Caller{}, forged()
}

// The outcomes in responses in addition to those of noren.WebhookOutcome: nothing was recorded.
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

// Refuse implements web.Dialect. Internal errors are not shown.
func (d *Dialect) Refuse(_ *web.Request, err error) web.Answer {
	if wrong, ok := errors.AsType[*web.MethodError](err); ok {
		return answer(http.StatusMethodNotAllowed, outcomeMethod, wrong.Error())
	}
	e, ok := errors.AsType[*noren.Error](err)
	if !ok {
		e = &noren.Error{}
	}
	// The text goes to Shopify's list of deliveries, which others than the operator read.
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
	// Shopify sends anything but a success again, which is what is wanted here.
	case noren.Conflict, noren.TooMany:
		return answer(status, outcomeBusy, e.Message)
	case noren.Unavailable:
		return answer(status, outcomeUnavailable, "the server cannot take this now; send it again")
	default:
		return answer(http.StatusInternalServerError, outcomeFailed, "the server failed; the request id finds the reason in its log")
	}
}

// answer names what happened, for people who look at Shopify's list of deliveries.
func answer(status int, outcome, detail string) web.Answer {
	return dialect.JSON(status, wire.JSON(wire.Map{wire.P("outcome", outcome), wire.P("detail", detail)}))
}
