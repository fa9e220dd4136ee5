package noren

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// ImportField is something that a column of a file can be taken for.
type ImportField struct {
	Name string // canonical
}

// The fields of lines that are not columns of members. A store, product or rank can be named in several ways.
const (
	fieldID          = "id"
	fieldCode        = "code"
	fieldName        = "name"
	fieldRank        = "rank"       // by name, or by id where no rank has the name
	fieldRankID      = "rank_id"    // by id alone
	fieldStaffRank   = "staff_rank" // as rank
	fieldStaffRankID = "staff_rank_id"
	fieldStore       = "store" // by name, else by code, else by id
	fieldStoreID     = "store_id"
	fieldStoreCode   = "store_code"
	fieldMailOptOut  = "mail_opt_out" // the inverse of mail_opt_in
	fieldProduct     = "product"      // by code, else by id
	fieldProductID   = "product_id"
	fieldProductCode = "product_code"
	fieldAmount      = "amount"
	fieldMemo        = "memo"
	fieldMember      = "member" // by code
	fieldMemberID    = "member_id"
	fieldShopify     = "shopify_customer_id"
	fieldEmail       = "email"
	fieldAt          = "at"
	fieldCurrency    = "currency"
	fieldRefundOf    = "refund_of" // the line is a refund of the purchase with that id
)

// ImportFields lists what the columns of a kind of file can be taken for, the most usual first.
func ImportFields(kind ImportKind) []ImportField {
	var names []string
	switch kind {
	case ImportMembers:
		names = memberImportFields
	case ImportProducts:
		names = []string{fieldID, fieldCode, fieldName}
	case ImportStock:
		names = []string{fieldProduct, fieldProductID, fieldProductCode, fieldStore, fieldStoreID, fieldStoreCode, fieldAmount, fieldMemo}
	case ImportPurchases:
		names = []string{
			fieldMember, fieldMemberID, fieldShopify, fieldEmail, fieldID, fieldAmount, fieldAt, fieldCurrency, fieldRefundOf,
		}
	}
	fields := make([]ImportField, len(names))
	for i, name := range names {
		fields[i] = ImportField{name}
	}
	return fields
}

// memberImportFields are the fields of a MemberPatch by the names that they have in JSON, and the other ways to name
// a rank, a store and the wish for no mail.
var memberImportFields = makeMemberImportFields()

func makeMemberImportFields() (names []string) {
	for i := range reflect.TypeFor[MemberPatch]().NumField() {
		name, _, _ := strings.Cut(reflect.TypeFor[MemberPatch]().Field(i).Tag.Get("json"), ",")
		switch name {
		case "view": // what the header is in, not a column
		case fieldRank, fieldStaffRank:
			names = append(names, name, name+"_id")
		case fieldStore:
			names = append(names, name, fieldStoreID, fieldStoreCode)
		case "mail_opt_in":
			names = append(names, name, fieldMailOptOut)
		default:
			names = append(names, name)
		}
	}
	return names
}

// needed are the fields of which a mapping has to have one, list by list.
func (k ImportKind) needed() [][]string {
	switch k {
	case ImportProducts:
		return [][]string{{fieldID, fieldCode}}
	case ImportStock:
		return [][]string{
			{fieldProduct, fieldProductID, fieldProductCode}, {fieldStore, fieldStoreID, fieldStoreCode}, {fieldAmount},
		}
	case ImportPurchases:
		// Lines of refunds name neither a member nor a time.
		return [][]string{
			{fieldID}, {fieldAmount}, {fieldMember, fieldMemberID, fieldShopify, fieldEmail, fieldRefundOf}, {fieldAt, fieldRefundOf},
		}
	case ImportMembers:
	}
	return nil
}

// mapped answers the columns with the fields that setup chooses. Refusals where it does not fit the file or the kind,
// or a field that is needed has no column.
func (k ImportKind) mapped(columns []ImportColumn, setup ImportSetup) ([]ImportColumn, error) {
	columns = slices.Clone(columns)
	if setup.Fields != nil && len(setup.Fields) != len(columns) {
		return nil, Refusals{{
			Kind: Invalid, Field: "fields",
			Message: fmt.Sprintf("there are %d columns, and fields for %d", len(columns), len(setup.Fields)),
		}}
	}
	known := ImportFields(k)
	taken := make(map[string]string)
	var refused Refusals
	for i := range columns {
		c := &columns[i]
		if setup.Fields != nil {
			c.Field = setup.Fields[i]
		}
		switch earlier, twice := taken[c.Field]; {
		case c.Field == "":
		case !slices.Contains(known, ImportField{c.Field}):
			refused = append(refused, &Error{
				Kind: Invalid, Reason: ReasonUnknownWord, Field: "fields", Value: c.Field,
				Message: fmt.Sprintf("column %q: %s have no field %q", c.Header, k, c.Field),
			})
		case twice:
			refused = append(refused, &Error{
				Kind: Invalid, Reason: ReasonDuplicate, Field: c.Field, Value: c.Header,
				Message: fmt.Sprintf("both the columns %q and %q are taken for it", earlier, c.Header),
			})
		default:
			taken[c.Field] = c.Header
		}
	}
	for _, choice := range k.needed() {
		if !slices.ContainsFunc(choice, func(f string) bool { _, ok := taken[f]; return ok }) {
			refused = append(refused, &Error{
				Kind: Invalid, Reason: ReasonMissing, Field: choice[0],
				Message: "no column is taken for " + strings.Join(choice, ", "),
			})
		}
	}
	if len(taken) == 0 && len(refused) == 0 {
		refused = Refusals{{Kind: Invalid, Reason: ReasonMissing, Field: "fields", Message: "no column is taken for any field"}}
	}
	if len(refused) > 0 {
		return nil, refused
	}
	return columns, nil
}

// keyless reports whether no column says what a line is about, so that each line makes something new.
func (k ImportKind) keyless(columns []ImportColumn) bool {
	return k == ImportMembers && !slices.ContainsFunc(columns, func(c ImportColumn) bool {
		return c.Field == fieldID || c.Field == fieldCode
	})
}
