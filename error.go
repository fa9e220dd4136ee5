package noren

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind says what sort of failure an Error is; each dialect has one status for each kind.
type Kind uint8

// The kinds of failure. Internal is the zero value: what nobody classified is a bug of ours.
const (
	Internal        Kind = iota // a bug or a broken machine: logged with the request id, never shown
	Invalid                     // the input is wrong: 400 or 422
	Unauthenticated             // no credential, or one that is unknown, expired or revoked: 401
	Forbidden                   // plan, scope or store does not allow it: 403
	NotFound                    // there is no such thing for this tenant: 404
	Conflict                    // it contradicts what is stored, or a running request: 409
	TooLarge                    // the input is over a limit of size: 413
	TooMany                     // the caller is over its pace: 429
	Unavailable                 // the database cannot take it now; the caller may send it again: 503
)

func (k Kind) String() string {
	return [...]string{
		"internal", "invalid", "unauthenticated", "forbidden", "not found", "conflict", "too large",
		"too many", "unavailable",
	}[k]
}

// Reason names the rule that was broken. A dialect has its own words for each.
type Reason string

// The reasons of the rules that need more than the shape of a request.
const (
	ReasonDuplicate           Reason = "duplicate"             // the same id, or product and store, twice in one request
	ReasonUnitPair            Reason = "unit_pair"             // one half of the point giving unit without the other
	ReasonActiveWithLeaveDate Reason = "active_leave_date"     // an active member would have a leave date
	ReasonLeftWithoutDate     Reason = "left_no_leave_date"    // a member who left would have none
	ReasonLeaveDateSet        Reason = "leave_date_set_active" // a member with a leave date was set active
	ReasonMemberUnknown       Reason = "member_unknown"
	ReasonRankUnknown         Reason = "rank_unknown"
	ReasonMinimumRankUnknown  Reason = "minimum_rank_unknown"
	ReasonStaffRankUnknown    Reason = "staff_rank_unknown"
	ReasonStoreUnknown        Reason = "store_unknown"
	ReasonStoreNotForMembers  Reason = "store_not_for_members" // a warehouse or order-receiving store
	ReasonProductUnknown      Reason = "product_unknown"
	ReasonStaffUnknown        Reason = "staff_unknown"
	ReasonFileUnknown         Reason = "file_unknown"
	ReasonPointsOff           Reason = "points_off"     // the tenant's point function is off
	ReasonTooFewPoints        Reason = "too_few_points" // a member has fewer points than are to be taken
	ReasonPast                Reason = "past"           // a day that has passed
	ReasonFuture              Reason = "future"         // a time that has not come
	ReasonNegative            Reason = "negative"       // an amount below 0
	ReasonCurrency            Reason = "currency"       // another currency than the tenant's
	ReasonDiffers             Reason = "differs"        // it was recorded before, and said something else
	ReasonAmbiguous           Reason = "ambiguous"      // more than one member, product or store answers to it
	ReasonTooLong             Reason = "too_long"       // a text of more characters than its column takes
	ReasonForm                Reason = "form"           // a text that is not of the form of its column
	ReasonNotNumber           Reason = "not_number"
	ReasonOutOfRange          Reason = "out_of_range"
	ReasonNotDate             Reason = "not_date"
	ReasonNotTime             Reason = "not_time"
	ReasonUnknownWord         Reason = "unknown_word" // none of the words that the field knows
	ReasonMissing             Reason = "missing"      // a value that is needed is not there
	ReasonTaken               Reason = "taken"        // another has the value, which is unique
	ReasonBrokenLine          Reason = "broken_line"  // a line of a file that cannot be read
	ReasonTwice               Reason = "twice"        // the same thing is said in two ways
	ReasonPlan                Reason = "plan"         // the tenant's plan does not include the endpoint
	ReasonScope               Reason = "scope"        // the credential lacks the scope
	ReasonIdempotency         Reason = "idempotency"  // the same Idempotency-Key with another body, or still running
	ReasonClient              Reason = "client"       // unknown client, or its secret is wrong
	ReasonRevoked             Reason = "revoked"      // the client was revoked
	ReasonPasswordWrong       Reason = "password_wrong"
	ReasonPasswordLength      Reason = "password_length"
	ReasonPasswordSame        Reason = "password_same"
	ReasonInternal            Reason = "internal" // the request could not be applied though it is right
)

// Error is the one error type of the domain. Row counts from 1 within the request; 0 means no row.
type Error struct {
	Kind       Kind
	Reason     Reason
	Row        int
	Field      string        // canonical name of the field
	Value      string        // the value complained of, where it is short and not secret
	Message    string        // for people; English
	RetryAfter time.Duration // with TooMany and Unavailable
	Err        error         // the cause, for the log
}

func (e *Error) Error() string {
	var b strings.Builder
	if e.Row > 0 {
		fmt.Fprintf(&b, "row %d: ", e.Row)
	}
	if e.Field != "" {
		fmt.Fprintf(&b, "%s: ", e.Field)
	}
	switch {
	case e.Message != "":
		b.WriteString(e.Message)
	case e.Reason != "":
		b.WriteString(string(e.Reason))
	default:
		b.WriteString(e.Kind.String())
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

// Unwrap answers the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf is the kind of err: that of the first Error in its chain, else Internal.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// notFound is the error for an id that this tenant does not have.
func notFound(field string, value any) error {
	return &Error{Kind: NotFound, Field: field, Value: fmt.Sprint(value), Message: "there is no such " + field}
}

// Refusals are all the rows and fields that keep a request from being done. Nothing was changed.
type Refusals []*Error

func (r Refusals) Error() string {
	texts := make([]string, len(r))
	for i, e := range r {
		texts[i] = e.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap answers the first refusal, whose kind is the kind of all.
func (r Refusals) Unwrap() error { return r[0] }
