package purchases

import (
	"slices"
	"time"
	"unicode/utf8"

	"noren"
)

// cancellation is the ExternalID of the Refund that stands for the cancellation of a purchase.
const cancellation = "cancelled"

// credit returns what counts of the purchase after refunds.
func credit(p noren.Purchase, refunds []noren.Refund) int64 {
	if slices.ContainsFunc(refunds, func(r noren.Refund) bool { return r.All }) {
		return 0
	}
	// Refunds may add up to more than was paid; spend never falls below nothing.
	return max(p.Amount-noren.Refunded(refunds), 0)
}

// Result is the result of one event.
type Result string

// The results.
const (
	Recorded Result = "recorded"
	Held     Result = "held"    // kept until a member is linked to the Shopify customer
	Known    Result = "known"   // recorded before, with the same content
	Refused  Result = "refused" // nothing was recorded; Err says why
)

// Outcome is the result of one event, and whose purchase it was about.
type Outcome struct {
	Result   Result
	MemberID int64        // whose purchase it is; 0: not credited yet
	Unknown  bool         // a refund or cancellation of a purchase that is not recorded yet
	Err      *noren.Error // with Refused; Row is the event's place, from 1
}

// idLimit is noren.MaxExternalID, and firstYear the first in which something can have been paid, as messages have them.
const (
	idLimit   = "100"
	firstYear = "1970"
)

// wrongID returns what is wrong with an ID of another system.
func wrongID(field, id string) *noren.Error {
	e := &noren.Error{
		Kind: noren.Invalid, Field: field, Value: noren.Storable(noren.Shortened(id, noren.MaxExternalID)),
		Message: "must be 1 to " + idLimit + " characters",
	}
	if utf8.RuneCountInString(id) > noren.MaxExternalID {
		e.Reason, e.Limit = noren.ReasonTooLong, idLimit
	}
	return e
}

const futureAllowed = 24 * time.Hour // how far a source's clock may be ahead of ours

// check checks what can be checked without stored data.
func check(e noren.PurchaseEvent, t noren.Tenant, now time.Time) *noren.Error {
	wrong := func(reason noren.Reason, field, value, limit, message string) *noren.Error {
		return &noren.Error{Kind: noren.Invalid, Reason: reason, Field: field, Value: value, Limit: limit, Message: message}
	}
	switch {
	case e.Kind != noren.PurchasePaid && e.Kind != noren.PurchaseRefunded && e.Kind != noren.PurchaseCancelled:
		return wrong("", "kind", "", "", "must be paid, refunded or cancelled")
	case !noren.IsExternalID(e.ExternalID):
		return wrongID("id", e.ExternalID)
	case e.Kind == noren.PurchaseRefunded && !noren.IsExternalID(e.RefundID):
		return wrongID("refund_id", e.RefundID)
	case e.Kind == noren.PurchaseRefunded && e.RefundID == cancellation:
		return wrong(noren.ReasonTaken, "refund_id", e.RefundID, "", "stands for the cancellation of the purchase; give the refund another id")
	// A cancellation has neither an amount nor a currency.
	case e.Kind == noren.PurchaseCancelled:
		return nil
	// Amounts are not converted: no rate is that of the payment.
	case e.Currency != "" && e.Currency != t.Currency:
		return wrong(noren.ReasonCurrency, "currency", e.Currency, t.Currency, "must be the shop's currency, "+t.Currency)
	case e.Amount < 0:
		return wrong(noren.ReasonNegative, "amount", noren.FormatMoney(e.Amount, t.Currency), "",
			"must not be negative; send a refund as its own event")
	case e.Amount > noren.MaxMoney:
		most := noren.FormatMoney(noren.MaxMoney, t.Currency)
		return wrong(noren.ReasonOutOfRange, "amount", noren.FormatMoney(e.Amount, t.Currency), "0–"+most, "must be at most "+most)
	case e.Tax < 0 || e.UsedPoints < 0 || e.Tax+e.UsedPoints > e.Amount:
		field, value := "tax", e.Tax
		if e.Tax >= 0 && e.Tax <= e.Amount {
			field, value = "used_points", e.UsedPoints
		}
		return wrong(noren.ReasonOutOfRange, field, noren.FormatMoney(value, t.Currency), "0–"+noren.FormatMoney(e.Amount, t.Currency),
			"must be part of the amount, "+noren.FormatMoney(e.Amount, t.Currency))
	// A refund counts in the month of its purchase and for its member, so it needs neither time nor member.
	case e.Kind == noren.PurchaseRefunded:
		return nil
	case e.PaidAt.IsZero():
		return wrong(noren.ReasonMissing, "at", "", "", "the time of payment is missing")
	// A purchase in the future would count in a window that no check has reached.
	case e.PaidAt.After(now.Add(futureAllowed)):
		return wrong(noren.ReasonFuture, "at", e.PaidAt.Format(time.RFC3339), "", "the time of payment is in the future")
	case e.PaidAt.Year() < 1970:
		return wrong(noren.ReasonOutOfRange, "at", e.PaidAt.Format(time.RFC3339), firstYear+"–", "the time of payment is before "+firstYear)
	case e.Member == noren.MemberKey{}:
		return wrong(noren.ReasonMissing, "member", "", "", "the purchase does not name a member")
	case !e.Member.Valid():
		field, _ := e.Member.Field()
		return wrong("", field, "", "", "not a text that can name a member")
	}
	return nil
}
