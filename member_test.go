package noren

import (
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestMemberAddress(t *testing.T) {
	t.Parallel()
	tokyo, ward, building := new("東京都"), new("千代田区1-1"), new("暖簾ビル2F")
	for _, c := range []struct {
		name   string
		member Member
		want   *string
	}{
		{"nothing is set", Member{}, nil},
		{"all three, without a separator", Member{Prefecture: tokyo, Address1: ward, Address2: building}, new("東京都千代田区1-1暖簾ビル2F")},
		{"prefecture alone", Member{Prefecture: tokyo}, tokyo},
		{"no prefecture", Member{Address1: ward, Address2: building}, new("千代田区1-1暖簾ビル2F")},
		{"set to nothing", Member{Address2: new("")}, new("")},
	} {
		if diff := cmp.Diff(c.want, c.member.Address()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestSplitAddress(t *testing.T) {
	t.Parallel()
	if len(prefectures) != 47 {
		t.Fatalf("there are 47 prefectures, not %d", len(prefectures))
	}
	for _, prefecture := range prefectures {
		got, rest := splitAddress(prefecture + "中央1-1")
		if got == nil || *got != prefecture || rest == nil || *rest != "中央1-1" {
			t.Errorf("%s中央1-1 is split into %v and %v", prefecture, Deref(got), Deref(rest))
		}
	}
	for _, c := range []struct{ address, prefecture, rest string }{
		{"東京都", "東京都", ""},
		{"京都府京都市", "京都府", "京都市"},
		{"東京千代田区", "", "東京千代田区"},             // only whole names
		{"〒100 東京都千代田区", "", "〒100 東京都千代田区"}, // only leading ones
		{"", "", ""},
	} {
		prefecture, rest := splitAddress(c.address)
		if Deref(prefecture) != c.prefecture || Deref(rest) != c.rest {
			t.Errorf("%q is split into %q and %q", c.address, Deref(prefecture), Deref(rest))
		}
	}
}

func TestSplitAddressLosesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		prefix := rapid.SampledFrom(append([]string{"", "東京"}, prefectures...)).Draw(t, "prefix")
		address := prefix + rapid.String().Draw(t, "address")
		var m Member
		m.Prefecture, m.Address1 = splitAddress(address)
		if got := m.Address(); got == nil || *got != address {
			t.Errorf("%q was split into %q and %q", address, Deref(m.Prefecture), Deref(m.Address1))
		}
	})
}

func TestMemberVisibleTo(t *testing.T) {
	t.Parallel()
	one, two := new(int64(1)), new(int64(2))
	for _, c := range []struct {
		name          string
		member, store *int64
		want          bool
	}{
		{"the whole tenant sees a store's member", one, nil, true},
		{"the whole tenant sees a member of all stores", nil, nil, true},
		{"a store sees its member", one, new(int64(1)), true},
		{"a store sees a member of all stores", nil, one, true},
		{"a store does not see another's", two, one, false},
	} {
		if got := (Member{StoreID: c.member}).VisibleTo(c.store); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

// TestViews pins how each dialect sees values for which it has fewer words.
func TestViews(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status                   Status
		canonical, smaregi, core Status
	}{
		{Tentative, Tentative, Suspended, Tentative},
		{Active, Active, Active, Active},
		{Suspended, Suspended, Suspended, Tentative},
		{Lost, Lost, Lost, Tentative},
		{Left, Left, Left, Left},
		{Merged, Merged, Merged, Merged},
	} {
		got := [3]Status{Canonical.Status(c.status), SmaregiView.Status(c.status), ReCOREView.Status(c.status)}
		if want := [3]Status{c.canonical, c.smaregi, c.core}; got != want {
			t.Errorf("%s is seen as %v, want %v", c.status, got, want)
		}
	}
	for sex, smaregi := range map[Sex]Sex{SexUnknown: SexUnknown, Male: Male, Female: Female, OtherSex: SexUnknown} {
		if Canonical.Sex(sex) != sex || ReCOREView.Sex(sex) != sex || SmaregiView.Sex(sex) != smaregi {
			t.Errorf("sex %q is seen as %q, %q and %q", sex, Canonical.Sex(sex), SmaregiView.Sex(sex), ReCOREView.Sex(sex))
		}
	}
}

// TestMemberColumnsAreAllColumns checks that no field of Member is forgotten: whatever is added to it must be
// added to the columns, which the schema, the patches and the audit log follow.
func TestMemberColumnsAreAllColumns(t *testing.T) {
	t.Parallel()
	var m Member
	fields := make(map[uintptr]string)
	for field := range reflect.TypeFor[Member]().Fields() {
		switch field.Name {
		case "ID", "CreatedAt", "UpdatedAt":
		default:
			fields[reflect.ValueOf(&m).Pointer()+field.Offset] = field.Name
		}
	}
	names := make(map[string]bool)
	for _, c := range MemberColumns() {
		at := reflect.ValueOf(c.Ref(&m)).Pointer()
		if fields[at] == "" {
			t.Errorf("the column %s is no field of Member, or one that another column has", c.Name)
		}
		delete(fields, at)
		if names[c.Name] {
			t.Errorf("two columns are called %s", c.Name)
		}
		names[c.Name] = true
	}
	for _, name := range fields {
		t.Errorf("no column holds the field %s", name)
	}
}

func TestChangedColumns(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := anyMember().Draw(t, "a")
		b := clone(t, a)
		if changed := ChangedColumns(&a, &b); len(changed) > 0 {
			t.Fatalf("a copy differs in %s", changed[0].Name)
		}
		i := rapid.IntRange(0, len(memberColumns)-1).Draw(t, "column")
		setOther(&b, memberColumns[i])
		changed := ChangedColumns(&a, &b)
		if len(changed) != 1 || changed[0].Name != memberColumns[i].Name {
			t.Errorf("after changing %s, %d columns differ: %v", memberColumns[i].Name, len(changed), names(changed))
		}
	})
}

func names(columns []MemberColumn) []string {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = c.Name
	}
	return list
}

// setOther gives a column a value that it does not have.
func setOther(m *Member, c MemberColumn) {
	switch p := c.Ref(m).(type) {
	case *string:
		*p += "!"
	case **string:
		*p = new(Deref(*p) + "!")
	case **Date:
		*p = new(Deref(*p) + "!")
	case **int64:
		*p = new(Deref(*p) + 1)
	case **Hundredths:
		*p = new(Deref(*p) + 1)
	case *bool:
		*p = !*p
	case *Status:
		*p += "!"
	case *Sex:
		*p += "!"
	}
}

// anyMember draws a member as the engine may hold it: status and leave date agree, ranks and stores are those of
// patchContext().
func anyMember() *rapid.Generator[Member] {
	text := rapid.OneOf(rapid.Just(""), rapid.String(), rapid.StringOf(rapid.RuneFrom([]rune("山田花子ヤマダ東京都府"))))
	date := rapid.SampledFrom([]Date{"1970-01-01", "2000-02-29", "2026-03-31"})
	return rapid.Custom(func(t *rapid.T) Member {
		m := Member{ID: rapid.Int64Range(1, 9_999_999_999).Draw(t, "id"), CreatedAt: time.Unix(0, 0), UpdatedAt: time.Unix(1, 0)}
		for _, c := range memberColumns {
			switch p := c.Ref(&m).(type) {
			case *string:
				*p = text.Draw(t, c.Name)
			case **string:
				*p = rapid.Ptr(text, true).Draw(t, c.Name)
			case **Date:
				*p = rapid.Ptr(date, true).Draw(t, c.Name)
			case **int64:
				*p = rapid.Ptr(rapid.Int64Range(1, 2), true).Draw(t, c.Name)
			case **Hundredths:
				*p = rapid.Ptr(rapid.Map(rapid.Int64Range(0, 9_999_999), func(n int64) Hundredths { return Hundredths(n) }), true).Draw(t, c.Name)
			case *bool:
				*p = rapid.Bool().Draw(t, c.Name)
			case *Status:
				*p = rapid.SampledFrom(Statuses()).Draw(t, c.Name)
			case *Sex:
				*p = rapid.SampledFrom([]Sex{SexUnknown, Male, Female, OtherSex}).Draw(t, c.Name)
			}
		}
		switch {
		case m.Status == Active:
			m.LeaveDate = nil
		case m.Status == Left && m.LeaveDate == nil:
			m.LeaveDate = new(Date("2026-03-31"))
		}
		return m
	})
}

// clone copies a member with everything it points to.
func clone(t *rapid.T, m Member) Member {
	t.Helper()
	c := m
	for _, column := range memberColumns {
		p := reflect.ValueOf(column.Ref(&c)).Elem()
		if p.Kind() == reflect.Pointer && !p.IsNil() {
			value := reflect.New(p.Type().Elem())
			value.Elem().Set(p.Elem())
			p.Set(value)
		}
	}
	if diff := cmp.Diff(m, c); diff != "" {
		t.Fatalf("the copy differs:\n%s", diff)
	}
	return c
}
