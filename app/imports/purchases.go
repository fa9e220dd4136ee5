package imports

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"noren"
	"noren/app/points"
	"noren/app/purchases"
)

// planPurchases judges lines of purchases and refunds. Their ids belong to the import's source, so a file may be
// imported again: what is already recorded with the same content counts as unchanged.
func (r run) planPurchases(ctx context.Context, lines []noren.ImportLine) (plan, error) {
	p := r.newPlan(lines)
	var events []noren.PurchaseEvent
	var places []int // of the events' lines
	for n, line := range lines {
		if !p.open(n) {
			continue
		}
		e, order, problems := r.readPurchase(line)
		if order.skips() || order.guest() {
			p.outcomes[n].remarks = append(p.outcomes[n].remarks, order.leftOut(line.Number)...)
			continue // lineUnchanged: a further item of the order above, or nothing that counts
		}
		if len(problems) > 0 {
			p.refuse(n, problems...)
			continue
		}
		events, places = append(events, e), append(places, n)
	}
	out, book, err := purchases.Enter(ctx, r.tx, r.Unit, r.Source, events, r.writing)
	if err != nil {
		return p, err
	}
	for i, o := range out {
		n, line := places[i], lines[places[i]]
		switch o.Result {
		case purchases.Recorded, purchases.Held:
			p.outcomes[n].result = lineCreated
		case purchases.Known: // lineUnchanged
		case purchases.Refused:
			p.refuse(n, purchaseProblem(line.Number, events[i], o.Err))
			continue
		}
		p.outcomes[n].remarks = append(p.outcomes[n].remarks, waiting(line.Number, events[i], o)...)
	}
	if !r.writing {
		f, err := purchases.Foresee(ctx, r.tx, r.Unit, book)
		if err != nil {
			return p, err
		}
		return p, r.foresee(ctx, &p, f)
	}
	p.write = func(ctx context.Context) error { return purchases.CloseBook(ctx, r.tx, r.Unit, book, r.by) }
	return p, nil
}

// foresee adds to a preview what purchases would mean for points, where the tenant gives any for them.
func (r run) foresee(ctx context.Context, p *plan, f points.Foreseen) error {
	var members []int64
	moves := r.Tenant.Points.Earns()
	for id, n := range f.Members {
		moves = moves || n != 0
		p.granted += n
		if id > 0 {
			members = append(members, id)
		}
	}
	if p.later += f.Later; !moves {
		return nil
	}
	held, err := r.balances(ctx, members)
	if p.held == nil {
		p.held = held
	} else {
		maps.Copy(p.held, held)
	}
	return err
}

// waiting tells for what the line waits before it counts.
func waiting(line int, e noren.PurchaseEvent, o purchases.Outcome) []noren.ImportProblem {
	switch {
	case o.Unknown:
		return []noren.ImportProblem{problem{
			noren.ReasonPurchaseUnknown, "", "no purchase with this id is recorded from this source yet; the refund counts once it is",
		}.in(line, fieldRefundOf, e.ExternalID)}
	case o.MemberID == 0 && e.Kind == noren.PurchasePaid:
		return []noren.ImportProblem{problem{
			noren.ReasonHeld, "", "no member is linked to this Shopify customer yet; the purchase counts once one is",
		}.in(line, fieldShopify, e.Member.ShopifyCustomerID)}
	}
	return nil
}

// purchaseProblem describes a refusal in the terms of a file, where a refund's id is the line's id and the purchase has
// a column of its own.
func purchaseProblem(line int, e noren.PurchaseEvent, err *noren.Error) noren.ImportProblem {
	field := err.Field
	switch {
	case e.Kind == noren.PurchaseRefunded && field == fieldID:
		field = fieldRefundOf
	case field == "refund_id":
		field = fieldID
	}
	reason := err.Reason
	if reason == "" {
		reason = noren.ReasonForm
	}
	message := err.Message
	if reason == noren.ReasonMemberUnknown && err.Value != "" {
		message = noren.MemberWords[reason] // the problem already has the value
	}
	return problem{reason, err.Limit, message}.in(line, field, err.Value)
}

// readPurchase reads one line.
func (r run) readPurchase(line noren.ImportLine) (e noren.PurchaseEvent, order shopifyOrder, problems []noren.ImportProblem) {
	e.Kind, e.AtMostPaid, e.State.At = noren.PurchasePaid, true, r.CreatedAt
	var own string        // the line's own id
	var ordered time.Time // which counts where no time of payment is given
	given := make(map[string]bool)
	problems = readCells(line, r.Columns, func(field, cell string) (wrong *problem) {
		given[field] = true
		order.named = order.named || slices.Contains([]string{fieldMember, fieldMemberID, fieldShopify, fieldEmail}, field)
		switch field {
		case fieldMember:
			e.Member.Code, wrong = cellCode(cell)
		case fieldMemberID:
			e.Member.ID, wrong = cellInteger(cell, 1, noren.MaxMemberID)
		case fieldShopify:
			e.Member.ShopifyCustomerID, wrong = cellShopifyID(cell)
		case fieldEmail:
			e.Member.Email = halfWidth(cell)
		case fieldID:
			own, wrong = cellKey(cell)
		case fieldFinancial:
			order.status = cell
		case fieldOrderName:
			order.name = cell
		case fieldRefunded:
			order.refunded, wrong = cellMoney(cell, r.Tenant.Currency)
		case fieldCancelledAt:
			order.cancelled = true
		case FieldAmount:
			e.Amount, wrong = cellMoney(cell, r.Tenant.Currency)
		case fieldTax:
			e.Tax, wrong = cellMoney(cell, r.Tenant.Currency)
		case fieldUsedPoints:
			e.UsedPoints, wrong = cellMoney(cell, r.Tenant.Currency)
		case fieldAt:
			e.PaidAt, wrong = cellTime(cell, r.Tenant.Location())
		case fieldOrderedAt:
			ordered, wrong = cellTime(cell, r.Tenant.Location())
		case fieldCurrency:
			e.Currency = strings.ToUpper(halfWidth(cell))
		case fieldRefundOf:
			e.Kind = noren.PurchaseRefunded
			e.ExternalID, wrong = cellKey(cell)
		}
		return wrong
	})
	if given[fieldOrderedAt] && !given[fieldAt] {
		e.PaidAt, given[fieldAt] = ordered, true
	}
	order.bare = !given[FieldAmount] && !given[fieldFinancial]
	needed := []string{fieldID, FieldAmount, fieldAt}
	if e.Kind == noren.PurchaseRefunded {
		e.RefundID, e.RefundedAt, needed = own, e.PaidAt, needed[:2]
	} else {
		e.ExternalID = own
	}
	for _, field := range needed {
		if !given[field] {
			problems = append(problems, problem{noren.ReasonMissing, "", "is required"}.in(line.Number, field, ""))
		}
	}
	if e.Currency != "" && e.Currency != r.Tenant.Currency {
		// The currency is what is wrong; its amounts need not be those of ours.
		problems = slices.DeleteFunc(problems, func(p noren.ImportProblem) bool {
			return slices.Contains([]string{FieldAmount, fieldTax, fieldUsedPoints, fieldRefunded}, p.Field) && p.Reason != noren.ReasonMissing
		})
	} else if len(problems) == 0 && e.Kind == noren.PurchasePaid {
		if field, wrong := order.become(&e, given, r.Tenant); wrong != nil {
			problems = append(problems, wrong.in(line.Number, field, r.cell(line, field)))
		}
	}
	return e, order, problems
}
