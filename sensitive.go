package noren

import "slices"

// SensitiveColumn is a column of members that not every console user may see. It is the same for every way in which the
// console shows or changes a member. Programs are not judged by it: what a client may read, its scopes say.
type SensitiveColumn struct {
	Name   string `json:"name"`
	See    Role   `json:"see"`    // the lowest role that may see the values
	Change Role   `json:"change"` // the lowest role that may change them
}

// SensitiveColumns are the columns that are sensitive in every tenant, in the order of the schema.
func SensitiveColumns() []SensitiveColumn {
	return []SensitiveColumn{
		{"pin", Clerk, Clerk},
		{"passport_no", Clerk, Clerk},
		{"bank_code", Clerk, Clerk},
		{"bank_branch_code", Clerk, Clerk},
		{"bank_account_number", Clerk, Clerk},
		{"bank_account_name", Clerk, Clerk},
	}
}

// plainColumns are those that identify a member on every page, and those that the business is run by: they cannot be
// sensitive.
var plainColumns = []string{
	"code", "last_name", "first_name", "last_kana", "first_kana", "company", "status", "rank_id", "staff_rank_id", "store_id",
	"minimum_rank_id", "skip_next_check", "last_visit_at", "entry_date", "leave_date", "point_unit", "point_unit_price",
}

// ConcealableColumns lists the columns that a tenant may declare sensitive.
func ConcealableColumns() []string {
	var names []string
	for _, c := range memberColumns {
		if !slices.Contains(plainColumns, c.Name) {
			names = append(names, c.Name)
		}
	}
	return names
}

// Sensitive returns what the tenant says about a column: its own declaration, or else that of every tenant. ok is false for
// a column that everybody may see.
func (t Tenant) Sensitive(column string) (c SensitiveColumn, ok bool) {
	for _, list := range [][]SensitiveColumn{t.SensitiveColumns, SensitiveColumns()} {
		if i := slices.IndexFunc(list, func(c SensitiveColumn) bool { return c.Name == column }); i >= 0 {
			return list[i], true
		}
	}
	return SensitiveColumn{}, false
}

// columnsOf returns the columns that a field of a request or a file is made of, which is that of its name but for two.
func columnsOf(field string) []string {
	switch field {
	case "address":
		return []string{"prefecture", "address1", "address2"}
	case "mail_opt_out":
		return []string{"mail_opt_in"}
	}
	return []string{field}
}

// MaySee reports whether the values of a member's columns, or of fields that are made of them, may be shown to the caller.
func (c Caller) MaySee(fields ...string) bool {
	var columns []string
	for _, field := range fields {
		columns = append(columns, columnsOf(field)...)
	}
	return !slices.ContainsFunc(columns, func(column string) bool {
		s, sensitive := c.Tenant.Sensitive(column)
		return sensitive && c.Login != "" && !c.HasScope(string(s.See))
	})
}

// Unseen returns the columns of members whose values may not be shown to the caller.
func (c Caller) Unseen() (columns []string) {
	if c.Login == "" {
		return nil // a program
	}
	for _, column := range ConcealableColumns() {
		if !c.MaySee(column) {
			columns = append(columns, column)
		}
	}
	return columns
}

// MayChange reports whether the caller may change a member's column. Who may not see a value may not replace it either.
func (c Caller) MayChange(column string) bool {
	s, sensitive := c.Tenant.Sensitive(column)
	return !sensitive || c.Login == "" || c.MaySee(column) && c.HasScope(string(s.Change))
}
