package noren

import (
	"context"
	"strings"
)

// planPurchases judges lines of purchases and refunds. The ids are those of the import's source, so a file may be
// imported again: what was recorded before and says the same counts as unchanged.
func (r importRun) planPurchases(ctx context.Context, lines []ImportLine) (importPlan, error) {
	p := newPlan(lines)
	var events []PurchaseEvent
	var places []int // of their lines
	for n, line := range lines {
		if !p.open(n) {
			continue
		}
		e, problems := r.readPurchase(line)
		if len(problems) > 0 {
			p.refuse(n, problems...)
			continue
		}
		events, places = append(events, e), append(places, n)
	}
	out, book, err := r.enterPurchases(ctx, r.Source, events, r.writing)
	if err != nil {
		return p, err
	}
	for i, o := range out {
		switch n := places[i]; o.Result {
		case PurchaseRecorded, PurchaseHeld:
			p.outcomes[n].result = lineCreated
		case PurchaseKnown:
			p.outcomes[n].result = lineUnchanged
		case PurchaseRefused:
			p.refuse(n, purchaseProblem(lines[n].Number, events[i], o.Err))
		}
	}
	p.write = func(ctx context.Context) error { return r.closeBook(ctx, book, r.entry()) }
	return p, nil
}

// purchaseProblem tells a refusal in the words of a file, where the id of a refund is its line's and the purchase is
// named beside it.
func purchaseProblem(line int, e PurchaseEvent, err *Error) ImportProblem {
	field := err.Field
	switch {
	case e.Kind == PurchaseRefunded && field == fieldID:
		field = fieldRefundOf
	case field == "refund_id":
		field = fieldID
	}
	reason := err.Reason
	if reason == "" {
		reason = ReasonForm
	}
	message := err.Message
	if reason == ReasonMemberUnknown && err.Value != "" {
		message = memberWords[reason] // the value stands beside it
	}
	return problem{reason, "", message}.in(line, field, err.Value)
}

// readPurchase reads one line.
func (r importRun) readPurchase(line ImportLine) (e PurchaseEvent, problems []ImportProblem) {
	e.Kind = PurchasePaid
	var own string // the line's id
	given := make(map[string]bool)
	for i, c := range r.Columns {
		cell := line.Cells[i]
		if cell == "" || c.Field == "" {
			continue
		}
		given[c.Field] = true
		var wrong *problem
		switch c.Field {
		case fieldMember:
			e.Member.Code = cell
		case fieldMemberID:
			e.Member.ID, wrong = cellInteger(cell, 1, MaxMemberID)
		case fieldShopify:
			e.Member.ShopifyCustomerID = halfWidth(cell)
		case fieldEmail:
			e.Member.Email = halfWidth(cell)
		case fieldID:
			own = cell
		case fieldAmount:
			e.Amount, wrong = cellMoney(cell, r.tenant.Currency)
		case fieldAt:
			e.PaidAt, wrong = cellTime(cell, r.tenant.Location())
		case fieldCurrency:
			e.Currency = strings.ToUpper(halfWidth(cell))
		case fieldRefundOf:
			e.Kind, e.ExternalID = PurchaseRefunded, cell
		}
		if wrong != nil {
			problems = append(problems, wrong.in(line.Number, c.Field, cell))
		}
	}
	needed := []string{fieldID, fieldAmount, fieldAt}
	if e.Kind == PurchaseRefunded {
		e.RefundID, needed = own, needed[:2]
	} else {
		e.ExternalID = own
	}
	for _, field := range needed {
		if !given[field] {
			problems = append(problems, problem{ReasonMissing, "", "this is needed"}.in(line.Number, field, ""))
		}
	}
	return e, problems
}

// cellMoney reads an amount in the main unit of the currency, as people write it: 1200, 1,200.50, ¥1,200 or 1200円.
func cellMoney(cell, currency string) (int64, *problem) {
	text := strings.TrimSpace(strings.TrimSuffix(strings.TrimLeft(halfWidth(cell), "¥￥\\$"), "円"))
	whole, fraction, cut := strings.Cut(text, ".")
	if groupedDigits.MatchString(whole) {
		text = strings.ReplaceAll(whole, ",", "")
		if cut {
			text += "." + fraction
		}
	}
	n, err := ParseMoney(text, currency)
	if err != nil {
		return 0, &problem{ReasonNotNumber, currency, "this is no amount in " + currency}
	}
	return n, nil
}
