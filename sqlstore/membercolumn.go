package sqlstore

import (
	"database/sql/driver"
	"fmt"
	"strings"

	"noren"
)

// memberColumn is a column of members with the ways to read and write it, worked out once for each column instead
// of by reflection for each row.
type memberColumn struct {
	noren.MemberColumn
	kind  kind
	value func(m *noren.Member) any // a string, int64 or bool, or nil for NULL
	scan  func(m *noren.Member, src any) error
}

// memberColumns is noren.MemberColumns in its order; memberSelect reads them between id and the two times.
var (
	memberColumns = makeMemberColumns(noren.MemberColumns())
	memberSelect  = makeMemberSelect(memberColumns)
)

func makeMemberColumns(columns []noren.MemberColumn) []memberColumn {
	made := make([]memberColumn, len(columns))
	for i, c := range columns {
		made[i] = makeMemberColumn(c)
	}
	return made
}

func makeMemberSelect(columns []memberColumn) string {
	names := []string{"id"}
	for _, c := range columns {
		names = append(names, c.Name)
	}
	return strings.Join(append(names, "created_at", "updated_at"), ", ")
}

// makeMemberColumn panics where the domain has a column of a type that no kind holds.
func makeMemberColumn(c noren.MemberColumn) memberColumn {
	switch c.Ref(new(noren.Member)).(type) {
	case *string:
		return requiredText[string](c)
	case *noren.Sex:
		return requiredText[noren.Sex](c)
	case *noren.Status:
		return requiredText[noren.Status](c)
	case *bool:
		return requiredBool(c)
	case **string:
		return optionalText[string](c)
	case **noren.Date:
		return optionalText[noren.Date](c)
	case **int64:
		return optionalInt[int64](c)
	case **noren.Hundredths:
		return optionalInt[noren.Hundredths](c)
	}
	panic(fmt.Sprintf("sqlstore: member column %s has a type that the schema cannot hold", c.Name))
}

// requiredText is a column of text that is never NULL.
func requiredText[T ~string](c noren.MemberColumn) memberColumn {
	ref := func(m *noren.Member) *T { return as[*T](c.Ref(m)) }
	return memberColumn{
		MemberColumn: c, kind: kindText,
		value: func(m *noren.Member) any { return string(*ref(m)) },
		scan: func(m *noren.Member, src any) error {
			v, err := scanned[string](c, src)
			*ref(m) = T(v)
			return err
		},
	}
}

// requiredBool is a column of truth that is never NULL.
func requiredBool(c noren.MemberColumn) memberColumn {
	ref := func(m *noren.Member) *bool { return as[*bool](c.Ref(m)) }
	return memberColumn{
		MemberColumn: c, kind: kindBool,
		value: func(m *noren.Member) any { return *ref(m) },
		scan: func(m *noren.Member, src any) error {
			v, err := driver.Bool.ConvertValue(src) // SQLite has integers
			*ref(m) = v == true
			return err
		},
	}
}

// optionalText is a column of text or NULL. Scanning NULL leaves the nil that a fresh member has.
func optionalText[T ~string](c noren.MemberColumn) memberColumn {
	ref := func(m *noren.Member) **T { return as[**T](c.Ref(m)) }
	return memberColumn{
		MemberColumn: c, kind: kindText,
		value: func(m *noren.Member) any {
			if p := *ref(m); p != nil {
				return string(*p)
			}
			return nil
		},
		scan: func(m *noren.Member, src any) error {
			if src == nil {
				return nil
			}
			v, err := scanned[string](c, src)
			*ref(m) = new(T(v))
			return err
		},
	}
}

// optionalInt is a column of an integer or NULL.
func optionalInt[T ~int64](c noren.MemberColumn) memberColumn {
	ref := func(m *noren.Member) **T { return as[**T](c.Ref(m)) }
	return memberColumn{
		MemberColumn: c, kind: kindInt,
		value: func(m *noren.Member) any {
			if p := *ref(m); p != nil {
				return int64(*p)
			}
			return nil
		},
		scan: func(m *noren.Member, src any) error {
			if src == nil {
				return nil
			}
			v, err := scanned[int64](c, src)
			*ref(m) = new(T(v))
			return err
		},
	}
}

// scanned returns what the driver read. Columns have declared types, so drivers do not differ in theirs, but for truth.
func scanned[T any](c noren.MemberColumn, src any) (T, error) {
	v, ok := src.(T)
	if !ok {
		return v, fmt.Errorf("member column %s holds a %T", c.Name, src)
	}
	return v, nil
}

// memberCell scans one column into the member that is being read. As a sql.Scanner it gets the driver's value as it
// is; a pointer to a pointer would make database/sql find the way by reflection, for each of fifty columns.
type memberCell struct {
	column *memberColumn
	member *noren.Member
}

// Scan implements sql.Scanner.
func (c memberCell) Scan(src any) error { return c.column.scan(c.member, src) }

// memberScanner returns a function that reads one row of memberSelect, and what follows it into extra. It reuses
// its destinations from row to row.
func memberScanner(extra ...any) func(scannable) (noren.Member, error) {
	var m noren.Member
	var createdAt, updatedAt int64
	// The references are made once; each row is read into the same member and returned as a copy.
	dest := []any{&m.ID}
	for i := range memberColumns {
		dest = append(dest, memberCell{&memberColumns[i], &m})
	}
	dest = append(append(dest, &createdAt, &updatedAt), extra...)
	return func(row scannable) (noren.Member, error) {
		m = noren.Member{}
		err := row.Scan(dest...)
		m.CreatedAt, m.UpdatedAt = fromMicros(createdAt), fromMicros(updatedAt)
		return m, err
	}
}
