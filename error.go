package noren

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind says what sort of failure an Error is; each dialect has one status for each kind.
type Kind uint8

// The kinds of failure. Internal is the zero value: an unclassified error is a bug of ours.
const (
	Internal        Kind = iota // a bug or a broken machine: logged with the request id, never shown
	Invalid                     // the input is wrong: 400 or 422
	Unauthenticated             // no credential, or one that is unknown, expired or revoked: 401
	Forbidden                   // plan, scope or store does not allow it: 403
	NotFound                    // there is no such thing for this tenant: 404
	Conflict                    // it contradicts what is stored, or a request that is still running: 409
	TooLarge                    // the input is over a size limit: 413
	TooMany                     // the caller is over its rate limit: 429
	Unavailable                 // the database cannot take it now; sending it again may succeed: 503
)

func (k Kind) String() string {
	return [...]string{
		"internal", "invalid", "unauthenticated", "forbidden", "not found", "conflict", "too large",
		"too many", "unavailable",
	}[k]
}

// Reason names the rule that was broken. Each dialect has its own words for it.
type Reason string

// The reasons for rules that go beyond the shape of a request.
const (
	ReasonDuplicate           Reason = "duplicate"             // the same id, or product and store, twice in one request
	ReasonNameless            Reason = "nameless"              // a new member by whose columns nobody would be found again
	ReasonUnitPair            Reason = "unit_pair"             // one half of the point unit without the other
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
	ReasonFileType            Reason = "file_type"      // a type of file that may not be uploaded
	ReasonFileName            Reason = "file_name"      // a file whose name ends as files of another type do
	ReasonPointsOff           Reason = "points_off"     // the tenant's point function is off
	ReasonQueueFull           Reason = "queue_full"     // more bulk requests are waiting than the tenant may have
	ReasonEntryOrder          Reason = "entry_order"    // the entry spends of ranks must not fall towards the top
	ReasonTooMany             Reason = "too_many"       // the request names more than MaxNamed things
	ReasonTooFewPoints        Reason = "too_few_points" // a member has fewer points than the request takes
	ReasonOverLimit           Reason = "over_limit"     // more points than the caller's role may move in one entry
	ReasonUnconfirmed         Reason = "unconfirmed"    // so many points that the caller must confirm them
	ReasonReversed            Reason = "reversed"       // an entry of points that was reversed before
	ReasonReversal            Reason = "reversal"       // an entry that reverses another
	ReasonOfPurchase          Reason = "of_purchase"    // points that a purchase earned, or its refund took back
	ReasonExpiry              Reason = "expiry"         // an entry that says which points expired
	ReasonTakenOver           Reason = "taken_over"     // points that were taken over from another system
	ReasonUsedUp              Reason = "used_up"        // granted points of which none are left
	ReasonLapsed              Reason = "lapsed"         // points that have expired meanwhile
	ReasonWithdrawn           Reason = "withdrawn"      // a use of points whose grant was reversed
	ReasonPast                Reason = "past"           // a day that has passed
	ReasonFuture              Reason = "future"         // a time that has not come
	ReasonNegative            Reason = "negative"       // an amount below 0
	ReasonCurrency            Reason = "currency"       // another currency than the tenant's
	ReasonSensitive           Reason = "sensitive"      // a column that the caller's role may not change
	ReasonChanged             Reason = "changed"        // changed by somebody else since the caller read it
	ReasonDiffers             Reason = "differs"        // recorded before with different content
	ReasonNotOpening          Reason = "not_opening"    // a balance of a member who has had points before
	ReasonOverRefunded        Reason = "over_refunded"  // more would be refunded than was paid
	ReasonHeld                Reason = "held"           // a purchase that waits for its customer to be linked to a member
	ReasonPurchaseUnknown     Reason = "purchase_unknown"
	ReasonAmbiguous           Reason = "ambiguous" // more than one member, product or store matches
	ReasonTooLong             Reason = "too_long"  // longer than the column allows
	ReasonForm                Reason = "form"      // not in the form of the column
	ReasonNotNumber           Reason = "not_number"
	ReasonSeparator           Reason = "separator" // a number whose point may separate thousands or decimals
	ReasonFraction            Reason = "fraction"  // a number with more decimals than the field has
	ReasonOutOfRange          Reason = "out_of_range"
	ReasonNotDate             Reason = "not_date"
	ReasonNotTime             Reason = "not_time"
	ReasonShortYear           Reason = "short_year"     // a day whose year has two digits
	ReasonUnknownWord         Reason = "unknown_word"   // none of the words that the field allows
	ReasonMissing             Reason = "missing"        // a required value is missing
	ReasonTaken               Reason = "taken"          // a unique value that another has
	ReasonLostDigits          Reason = "lost_digits"    // a number that a spreadsheet program has shortened
	ReasonOtherPerson         Reason = "other_person"   // a number in a file that names somebody else here
	ReasonNameDiffers         Reason = "name_differs"   // another name, beside a code that shows who is meant
	ReasonNamePartly          Reason = "name_partly"    // the same, where nothing replaces the stored name
	ReasonOtherCustomer       Reason = "other_customer" // an address whose member is another customer of Shopify
	ReasonNumberAlone         Reason = "number_alone"   // a number of another system, with nothing beside it that agrees
	ReasonLostLetter          Reason = "lost_letter"    // a sign that stands for a letter which the encoding lacks
	ReasonNotSplit            Reason = "not_split"      // a name without a blank between family and given name
	ReasonUnpaid              Reason = "unpaid"         // an order that is not paid yet
	ReasonNoCustomer          Reason = "no_customer"    // an order of somebody who is not a customer of the shop
	ReasonRepaired            Reason = "repaired"       // a number whose leading zero was put back
	ReasonBrokenLine          Reason = "broken_line"    // a line of a file that cannot be read
	ReasonQuotes              Reason = "quotes"         // a line whose quotes are wrong
	ReasonCells               Reason = "cells"          // a line with more cells than the header
	ReasonLongLine            Reason = "long_line"      // a line that is too long
	ReasonContradicts         Reason = "contradicts"    // a line, or a column, that says something else than one before it
	ReasonAlike               Reason = "alike"          // a code that differs from a stored one in zeros or case alone
	ReasonNotText             Reason = "not_text"       // bytes that are not text in the encoding of the file
	ReasonTwice               Reason = "twice"          // the same thing given in two ways
	ReasonPlan                Reason = "plan"           // the tenant's plan does not include the endpoint
	ReasonScope               Reason = "scope"          // the credential lacks the scope
	ReasonIdempotency         Reason = "idempotency"    // the same Idempotency-Key with another body, or still running
	ReasonClient              Reason = "client"         // unknown client, or its secret is wrong
	ReasonRevoked             Reason = "revoked"        // the client was revoked
	ReasonPasswordWrong       Reason = "password_wrong"
	ReasonPasswordLength      Reason = "password_length"
	ReasonPasswordSame        Reason = "password_same"
	ReasonCodeWrong           Reason = "code_wrong"    // a code of a second factor that is wrong or was used before
	ReasonSignInAgain         Reason = "sign_in_again" // the code came too late after the password
	ReasonInternal            Reason = "internal"      // a correct request could not be applied
)

// Error is the only error type of the domain. Row counts from 1 within the request; 0: no row.
type Error struct {
	Kind       Kind
	Reason     Reason
	Row        int
	Field      string        // canonical name of the field
	Value      string        // the offending value, if it is short and not secret
	Limit      string        // what is allowed, or recorded, if that is short, for messages in other languages
	Message    string        // English, for people
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

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of the first Error in err's chain, else Internal.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// Missing is the error for an id that the tenant does not have.
func Missing(field string, value any) error {
	return &Error{Kind: NotFound, Field: field, Value: fmt.Sprint(value), Message: "no such " + field}
}

// Refusals lists every row and field for which a request was refused. Nothing was changed.
type Refusals []*Error

func (r Refusals) Error() string {
	texts := make([]string, len(r))
	for i, e := range r {
		texts[i] = e.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap returns the first refusal, whose kind is the kind of all.
func (r Refusals) Unwrap() error { return r[0] }
