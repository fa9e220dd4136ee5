package smaregi

import (
	"context"
	"net/http"
	"strings"
	"time"

	"noren"
	"noren/app/bulk"
	"noren/dialect"
	"noren/web"
	"noren/wire"
)

// maxRequestID bounds the ids that are looked up; they count up by one, so none is ever larger.
const maxRequestID = 1<<53 - 1

// getBulkRequest is GET /bulk_requests/{request_id}, which the platform lacks: the state of a bulk request, why each
// row failed, and every delivery of its callback.
func (d *Dialect) getBulkRequest(ctx context.Context, x *web.Request) (web.Answer, error) {
	id, err := dialect.PathID(x, "request_id", maxRequestID)
	if err != nil {
		return web.Answer{}, err
	}
	status, err := d.rooms.Bulk.Status(ctx, x.Caller, id)
	if err != nil {
		return web.Answer{}, err
	}
	scopes := []string{scopeCustomersRead, scopeCustomersWrite}
	if status.Request.Kind == noren.BulkStock {
		scopes = []string{scopeStockRead, scopeStockWrite}
	}
	// The route accepts either kind of scope, because the kind of the request is known only now.
	if !x.Caller.HasScope(scopes...) {
		return web.Answer{}, &noren.Error{Kind: noren.Forbidden, Reason: noren.ReasonScope, Value: strings.Join(scopes, ", ")}
	}
	body := wire.JSON(statusBody(status, x.Caller.Tenant.Location()))
	return dialect.JSON(http.StatusOK, body), nil
}

// statusBody is in camelCase like all bodies here. Numbers that the platform would call ids are integers, as requestId
// is in the documents.
func statusBody(s bulk.Status, zone *time.Location) wire.Map {
	r := s.Request
	words := wordsOf(r.Kind)
	failures := make([]wire.Map, len(r.Failures))
	for i, f := range r.Failures {
		failures[i] = wire.Map{wire.P("row", f.Row), wire.P("message", words.failure(f, r.ID))}
	}
	body := wire.Map{
		wire.P("requestId", r.ID), wire.P("kind", words.key), wire.P("state", string(r.State)),
		wire.P("acceptedAt", stamp(r.AcceptedAt, zone)), wire.P("appliedAt", stampOrNull(r.AppliedAt, zone)),
		wire.P("rows", r.Rows.Len()),
	}
	// result or message comes before the failures, as in the callback.
	body = append(body, told(s.Callback)...)
	return append(body, wire.P("failures", failures), wire.P("callback", callbackBody(s, zone)))
}

// told is the result or message of the callback, taken from the very bytes that are sent.
func told(c *noren.Callback) wire.Map {
	if c == nil {
		return nil
	}
	o, bad := wire.ParseObject(c.Body)
	// The bytes are ours and always an object; if they were not, the state of the request is worth more than its
	// result.
	if bad != nil {
		return nil
	}
	var m wire.Map
	for _, name := range []string{"result", "message"} {
		if v := o.Get(name); v.Exists() {
			m = append(m, wire.P(name, wire.Raw(v.Raw())))
		}
	}
	return m
}

// callbackBody shows the callback and its attempts; what is not known yet is null.
func callbackBody(s bulk.Status, zone *time.Location) wire.Map {
	var state, next any
	if s.Callback != nil {
		state = string(s.Callback.State)
		// Once delivered or given up, the stored time is that of the last attempt's plan and means nothing.
		if s.Callback.State == noren.CallbackPending {
			next = stamp(s.Callback.NextAt, zone)
		}
	}
	attempts := make([]wire.Map, len(s.Attempts))
	for i, a := range s.Attempts {
		var status, failure any
		// An attempt has a status or an error: no response leaves the status at 0, which would read as one.
		if a.Status != 0 {
			status = a.Status
		}
		if a.Error != "" {
			failure = a.Error
		}
		attempts[i] = wire.Map{
			wire.P("number", a.Number), wire.P("at", stamp(a.At, zone)), wire.P("durationMs", a.Duration.Milliseconds()),
			wire.P("status", status), wire.P("error", failure), wire.P("answer", string(a.Answer)),
		}
	}
	return wire.Map{
		wire.P("url", s.Request.CallbackURL), wire.P("state", state), wire.P("nextAttemptAt", next), wire.P("attempts", attempts),
	}
}

// stampOrNull is stamp for a time that may not have come yet.
func stampOrNull(t *time.Time, zone *time.Location) any {
	if t == nil {
		return nil
	}
	return stamp(*t, zone)
}
