package imports

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"noren"
)

// ImportField is something that a column of a file can be mapped to.
type ImportField struct {
	Name string // canonical
}

// The fields that are not columns of members. Lines may name a store, product or rank in several ways.
const (
	fieldID          = "id"
	fieldCode        = "code"
	fieldName        = "name"
	fieldRank        = "rank"       // by name, by code, or by id if no rank has the name or code
	fieldRankID      = "rank_id"    // by id alone
	fieldRankCode    = "rank_code"  // by code, or by name if no rank has the code
	fieldStaffRank   = "staff_rank" // as rank
	fieldStaffRankID = "staff_rank_id"
	fieldStaffCode   = "staff_rank_code"
	fieldStore       = "store" // by name, else by code, else by id
	fieldStoreID     = "store_id"
	fieldStoreCode   = "store_code"
	fieldMailOptOut  = "mail_opt_out" // the inverse of mail_opt_in
	fieldProduct     = "product"      // by code, else by id
	fieldProductID   = "product_id"
	fieldProductCode = "product_code"
	FieldAmount      = "amount"
	fieldMember      = "member" // by code
	fieldMemberID    = "member_id"
	fieldShopify     = "shopify_customer_id"
	fieldEmail       = "email"
	fieldAt          = "at"
	fieldOrderedAt   = "ordered_at" // counts where at is empty
	fieldCurrency    = "currency"
	fieldTax         = "tax"         // the part of the amount that is tax
	fieldUsedPoints  = "used_points" // the part of the amount that was paid with points
	fieldRefundOf    = "refund_of"   // the line is a refund of the purchase with that id
	fieldAlias       = "alias_code"
	fieldLastName    = "last_name"
	fieldFirstName   = "first_name"
	fieldType        = "type"
	fieldExpiresOn   = "expires_on"
	fieldNote        = "note"
	fieldPoints      = "points"            // a new member's opening balance
	fieldPointsUntil = "points_expires_on" // its last day
	fieldFullName    = "name"              // family and given name
	fieldFullKana    = "kana"
	fieldCity        = "city" // before address1
	fieldLost        = "lost" // what an export in Shift_JIS could not write; read, so that nobody takes it for something else
	fieldRefunded    = "refunded"
	fieldCancelledAt = "cancelled_at"
	fieldFinancial   = "financial_status"
	fieldOrderName   = "order_name"
	fieldMemo        = "memo"
)

// ImportFields lists what the columns of a kind of file can be mapped to, the most common first.
func ImportFields(kind noren.ImportKind) []ImportField {
	var names []string
	switch kind {
	case noren.ImportMembers:
		names = memberImportFields
	case noren.ImportProducts:
		names = []string{fieldID, fieldCode, fieldName}
	case noren.ImportStock:
		names = []string{fieldProduct, fieldProductID, fieldProductCode, fieldStore, fieldStoreID, fieldStoreCode, FieldAmount, fieldMemo}
	case noren.ImportPurchases:
		names = []string{
			fieldMember, fieldMemberID, fieldShopify, fieldEmail, fieldID, FieldAmount, fieldAt, fieldOrderedAt, fieldCurrency, fieldRefundOf,
			fieldTax, fieldUsedPoints, fieldRefunded, fieldCancelledAt,
			fieldFinancial, fieldOrderName,
		}
	case noren.ImportPoints:
		names = []string{
			fieldMember, fieldMemberID, fieldAlias, fieldShopify, fieldEmail, fieldFullName, fieldLastName, fieldFirstName, FieldAmount, fieldType,
			fieldExpiresOn, fieldNote, fieldID,
		}
	}
	fields := make([]ImportField, len(names))
	for i, name := range names {
		fields[i] = ImportField{name}
	}
	return fields
}

// memberImportFields are the JSON names of MemberPatch's fields, and the additional ways to give a rank, a store and a
// wish not to receive mail.
var memberImportFields = makeMemberImportFields()

func makeMemberImportFields() (names []string) {
	for field := range reflect.TypeFor[noren.MemberPatch]().Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch name {
		case "view", "-": // the system whose words the header uses, and what is not stored: not columns
		case fieldRank, fieldStaffRank:
			names = append(names, name, name+"_id", name+"_code")
		case fieldStore:
			names = append(names, name, fieldStoreID, fieldStoreCode)
		case "mail_opt_in":
			names = append(names, name, fieldMailOptOut)
		default:
			names = append(names, name)
		}
	}
	return append(names, fieldFullName, fieldFullKana, fieldCity, fieldPoints, fieldPointsUntil, fieldMemo, fieldLost)
}

// needed lists groups of fields; a mapping must have at least one of each group.
func needed(k noren.ImportKind) [][]string {
	switch k {
	case noren.ImportProducts:
		return [][]string{{fieldID, fieldCode}}
	case noren.ImportStock:
		return [][]string{
			{fieldProduct, fieldProductID, fieldProductCode}, {fieldStore, fieldStoreID, fieldStoreCode}, {FieldAmount},
		}
	case noren.ImportPurchases:
		// A refund names neither a member nor a time: both are its purchase's.
		return [][]string{
			{fieldID},
			{FieldAmount},
			{fieldMember, fieldMemberID, fieldShopify, fieldEmail, fieldRefundOf},
			{fieldAt, fieldOrderedAt, fieldRefundOf},
		}
	case noren.ImportPoints:
		return [][]string{{fieldMember, fieldMemberID, fieldAlias, fieldShopify, fieldEmail}, {FieldAmount}}
	case noren.ImportMembers:
	}
	return nil
}

// mapped returns the columns with the fields that setup chooses. Refusals if it does not fit the file or the kind, or a
// required field has no column.
func mapped(k noren.ImportKind, columns []noren.ImportColumn, setup Setup) ([]noren.ImportColumn, error) {
	columns = slices.Clone(columns)
	if setup.Fields != nil && len(setup.Fields) != len(columns) {
		return nil, noren.Refusals{{
			Kind: noren.Invalid, Field: "fields",
			Message: fmt.Sprintf("must have one field for each of the %d columns; there are %d", len(columns), len(setup.Fields)),
		}}
	}
	known := ImportFields(k)
	taken := make(map[string]string)
	var refused noren.Refusals
	for i := range columns {
		c := &columns[i]
		if setup.Fields != nil {
			c.Field = setup.Fields[i]
		}
		switch earlier, twice := taken[c.Field]; {
		case c.Field == "":
		case !slices.Contains(known, ImportField{c.Field}):
			refused = append(refused, &noren.Error{
				Kind: noren.Invalid, Reason: noren.ReasonUnknownWord, Field: "fields", Value: c.Field,
				Message: fmt.Sprintf("column %q: %s have no field %q", c.Header, k, c.Field),
			})
		case twice && c.Field != fieldMemo:
			refused = append(refused, &noren.Error{
				Kind: noren.Invalid, Reason: noren.ReasonDuplicate, Field: c.Field, Value: c.Header,
				Message: fmt.Sprintf("the columns %q and %q are both mapped to it; choose one", earlier, c.Header),
			})
		default:
			taken[c.Field] = c.Header
		}
	}
	for _, choice := range needed(k) {
		if !slices.ContainsFunc(choice, func(f string) bool { _, ok := taken[f]; return ok }) {
			refused = append(refused, &noren.Error{
				Kind: noren.Invalid, Reason: noren.ReasonMissing, Field: choice[0],
				Message: "no column is mapped to " + strings.Join(choice, " or "),
			})
		}
	}
	// Members need no particular field, but a file of which nothing is used is a mistake.
	if len(taken) == 0 && len(refused) == 0 {
		refused = noren.Refusals{{Kind: noren.Invalid, Reason: noren.ReasonMissing, Field: "fields", Message: "no column is mapped to a field"}}
	}
	if len(refused) > 0 {
		return nil, refused
	}
	return columns, nil
}

// keyless reports whether no column identifies what a line is about, so that each line creates something new.
func keyless(i *noren.Import) bool {
	keys := []string{fieldID, fieldCode, fieldAlias, fieldShopify}
	if (run{Import: i}).signsInByEmail() {
		keys = append(keys, fieldEmail)
	}
	return i.Kind == noren.ImportMembers && !slices.ContainsFunc(i.Columns, func(c noren.ImportColumn) bool {
		return slices.Contains(keys, c.Field)
	})
}
