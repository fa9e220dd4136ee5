package smaregi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"noren"
	"noren/web"
	"noren/wire"
)

type handler = func(ctx context.Context, x *web.Request) (web.Answer, error)

// envelope is what both bulk bodies have beside their rows.
type envelope struct{ callbackURL string }

// envelopeTable has the limits that the pages of the sibling bulk endpoints print for callbackUrl.
func envelopeTable() wire.Table[envelope] {
	return wire.NewTable(
		wire.Text("callbackUrl", wire.ToValue(func(e *envelope) *string { return &e.callbackURL })).
			AtMost(noren.MaxCallbackURLLen).Like(urlPattern()).Must().
			Says("処理完了通知URL", "https://example.com/callback"),
	)
}

// readBulk reads what the two bulk bodies have in common. The order of the checks is fixed by the domain's page:
// shape, callbackUrl, none given, over the limit, equal keys.
func (d *Dialect) readBulk(body []byte, w rowWords) (envelope, []wire.Object, error) {
	var e envelope
	o, bad := wire.ParseObject(body)
	if bad != nil {
		return e, nil, invalid(bodyWords(bad))
	}
	// Only as many elements as are allowed are kept; the others are counted, which costs no memory.
	list := o.Get(w.key)
	elements, n, isArray := list.Array(noren.MaxBulkRows)
	if list.Exists() && !list.IsNull() && !isArray {
		return e, nil, invalid(w.key + typeWords(wire.TypeArray))
	}
	// The callback comes before the rows: a request whose result nobody could learn is not worth looking into.
	if found := d.envelope.Decode(o, "", &e); found != nil {
		return e, nil, invalid(fieldWords(found[0]))
	}
	// The documented pattern lets through what no client could ever be connected to.
	if u, err := url.Parse(e.callbackURL); err != nil || u.Host == "" {
		return e, nil, invalid("callbackUrl" + patternWords(patternURL))
	}
	if n == 0 {
		return e, nil, invalid(w.none)
	}
	if n > noren.MaxBulkRows {
		return e, nil, invalid(fmt.Sprintf(wordsOverLimit, noren.MaxBulkRows))
	}
	rows := make([]wire.Object, n)
	for i, element := range elements {
		row, ok := element.Object()
		if !ok {
			return e, nil, invalid(w.row(i+1, "要素"+typeWords(wire.TypeObject)))
		}
		rows[i] = row
	}
	// Keys are compared before any value is looked at, so that a client that forgot a key is told so rather than of
	// the first value that is missing.
	for _, row := range rows[1:] {
		if !rows[0].SameNames(row) {
			return e, nil, invalid(w.keys)
		}
	}
	return e, rows, nil
}

// decodeRows reads the rows through the table. The first problem of the first bad row is what the client is told.
func decodeRows[P any](rows []wire.Object, table wire.Table[P], w rowWords) ([]P, error) {
	out := make([]P, len(rows))
	for i, row := range rows {
		if found := table.Decode(row, "", &out[i]); found != nil {
			return nil, invalid(w.row(i+1, fieldWords(found[0])))
		}
	}
	return out, nil
}

// accept makes the request durable and answers its number.
func (d *Dialect) accept(ctx context.Context, x *web.Request, w rowWords, e envelope, rows noren.BulkRows) (web.Answer, error) {
	request := noren.BulkRequest{Kind: w.kind, Dialect: noren.Smaregi, CallbackURL: e.callbackURL, Rows: rows}
	// The answer is kept with the request in one transaction: a crash leaves both or neither.
	once := x.Once(func(result any) web.Answer { return acceptedAnswer(result.(noren.BulkRequest)) })
	accepted, err := d.service.AcceptBulk(ctx, x.Caller, request, once)
	if broken, ok := errors.AsType[*noren.Error](err); ok && broken.Kind == noren.Invalid {
		if detail := w.refusal(broken); detail != "" {
			return web.Answer{}, &noren.Error{Kind: noren.Invalid, Reason: broken.Reason, Row: broken.Row, Message: detail}
		}
	}
	if err != nil {
		return web.Answer{}, err
	}
	// Another node, or an earlier process, accepted the same key first.
	if accepted.Kept != nil {
		return web.Replayed(accepted.Kept), nil
	}
	return acceptedAnswer(accepted.Request), nil
}

// acceptedAnswer is the document's {"requestId":…,"callbackUrl":…}, both as given.
func acceptedAnswer(r noren.BulkRequest) web.Answer {
	return web.Answer{Status: http.StatusAccepted, ContentType: mediaJSON, Body: wire.JSON(wire.Map{
		wire.P("requestId", r.ID), wire.P("callbackUrl", r.CallbackURL),
	})}
}
