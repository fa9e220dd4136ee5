package smaregi

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"noren"
	"noren/app/bulk"
	"noren/dialect"
	"noren/web"
	"noren/wire"
)

// envelope is what both bulk bodies have besides their rows.
type envelope struct{ callbackURL string }

// envelopeTable has the limits for callbackUrl that are printed on the pages of the sibling bulk endpoints.
func envelopeTable() wire.Table[envelope] {
	return wire.NewTable(
		wire.Text("callbackUrl", wire.ToValue(func(e *envelope) *string { return &e.callbackURL })).
			AtMost(bulk.MaxCallbackURLLen).Like(urlPattern()).Must().
			Says("処理完了通知URL", "https://example.com/callback"),
	)
}

// readBulk reads what the two bulk bodies share. The order of the checks is fixed by the domain's page: shape,
// callbackUrl, no rows, too many rows, equal keys.
func (d *Dialect) readBulk(body []byte, w rowWords) (envelope, []wire.Object, error) {
	var e envelope
	o, bad := wire.ParseObject(body)
	if bad != nil {
		return e, nil, invalid(bodyWords(bad))
	}
	list := o.Get(w.key)
	// Elements over the limit are only counted, which costs no memory.
	elements, n, isArray := list.Array(bulk.MaxRows)
	// Absent and null are no rows, which has words of its own below; only another type is wrong here.
	if list.Exists() && !list.IsNull() && !isArray {
		return e, nil, invalid(w.key + typeWords(wire.TypeArray))
	}
	// The callback URL is checked before the rows: without it nobody could learn the result.
	if found := d.envelope.Decode(o, "", &e); found != nil {
		if text, isText := o.Get("callbackUrl").Text(); isText && found[0].Code == wire.BadPattern {
			return e, nil, invalid(callbackProblem(text))
		}
		return e, nil, invalid(fieldWords(found[0]))
	}
	if problem := callbackProblem(e.callbackURL); problem != "" {
		return e, nil, invalid(problem)
	}
	if n == 0 {
		return e, nil, invalid(w.none)
	}
	if n > bulk.MaxRows {
		return e, nil, invalid(fmt.Sprintf(wordsOverLimit, bulk.MaxRows))
	}
	rows := make([]wire.Object, n)
	for i, element := range elements {
		row, ok := element.Object()
		if !ok {
			// The document counts rows from 1.
			return e, nil, invalid(w.row(i+1, "要素"+typeWords(wire.TypeObject)))
		}
		rows[i] = row
	}
	// Keys are compared before any value is looked at, so that a client that forgot a key is told that, and not that the
	// first value is missing.
	for _, row := range rows[1:] {
		if !rows[0].SameNames(row) {
			return e, nil, invalid(w.keys)
		}
	}
	return e, rows, nil
}

// decodeRows reads the rows through the table. The client is told the first problem of the first bad row.
func decodeRows[P any](rows []wire.Object, table wire.Table[P], w rowWords) ([]P, error) {
	out := make([]P, len(rows))
	for i, row := range rows {
		if found := table.Decode(row, "", &out[i]); found != nil {
			return nil, invalid(w.row(i+1, fieldWords(found[0])))
		}
	}
	return out, nil
}

// accept makes the request durable and responds with its number.
func (d *Dialect) accept(ctx context.Context, x *web.Request, w rowWords, e envelope, rows noren.BulkRows) (web.Answer, error) {
	// The address of the callback stays as it was sent, byte for byte, because clients compare it with their own.
	request := noren.BulkRequest{Kind: w.kind, Dialect: noren.Smaregi, CallbackURL: e.callbackURL, Rows: rows}
	// The response is kept with the request in one transaction: a crash leaves both or neither.
	once := x.Once(func(result any) web.Answer {
		return acceptedAnswer(result.(noren.BulkRequest)) //nolint:forcetypeassert // it is what Accept keeps
	})
	// Only what the document words goes out in its words; other refusals, such as a full queue, are worded in
	// errors.go.
	accepted, err := d.rooms.Bulk.Accept(ctx, x.Caller, request, once)
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

// acceptedAnswer is the documented {"requestId":…,"callbackUrl":…}, with the callbackUrl as it was sent.
func acceptedAnswer(r noren.BulkRequest) web.Answer {
	return dialect.JSON(http.StatusAccepted, wire.JSON(wire.Map{
		wire.P("requestId", r.ID), wire.P("callbackUrl", r.CallbackURL),
	}))
}
