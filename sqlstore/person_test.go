package sqlstore

import (
	"maps"
	"slices"
	"testing"

	"noren"
)

func somebody() people {
	return peopleOf([]noren.Person{
		{MemberID: 1, Values: []string{"A&B@example.com", "03-1234-5678", "12"}, Names: [][2]string{{"山田", "花子"}, {"やまだ", "ハナコ"}}},
		{MemberID: 2, Values: []string{"GC-7777"}},
	})
}

// TestPeopleInJSON finds what people are known by in JSON, in any case and however it is escaped, and not inside longer texts.
// Only the part that is about somebody is theirs.
func TestPeopleInJSON(t *testing.T) {
	t.Parallel()
	p := somebody()
	for text, want := range map[string]map[int64][]string{
		`{"e":"a&b@EXAMPLE.com"}`:      {1: {`{"e":"a&b@EXAMPLE.com"}`}},
		`{"e":"a\u0026b@example.com"}`: {1: {`{"e":"a\u0026b@example.com"}`}},
		`{"e":"xa&b@example.com"}`:     {},
		`{"tel":"0312345678"}`:         {1: {`{"tel":"0312345678"}`}},
		`{"code":"12","n":1}`:          {1: {`{"code":"12","n":1}`}},
		`{"amount":"12"}`:              {}, // a short value is anything where nobody is named
		`[{"code":"GC-7777","name":"二"},{"code":"GC-8888","name":"三"},{"email":"A&B@example.com"}]`: {
			1: {`{"email":"A&B@example.com"}`}, 2: {`{"code":"GC-7777","name":"二"}`},
		},
		`{"errors":[{"detail":"no member GC-7777, or none that may be seen"}]}`: {2: {`no member GC-7777, or none that may be seen`}},
		`{}`: {}, ``: {}, `no JSON`: {}, `null`: {}, `[null,1]`: {},
	} {
		if got := p.inJSON([]byte(text)); !maps.EqualFunc(got, want, slices.Equal) {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

// TestPeopleInLines finds them in lines of files as people write them.
func TestPeopleInLines(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		fields []string
		cells  []string
		want   []int64
	}{
		{[]string{"member"}, []string{"gc-7777"}, []int64{2}},
		{[]string{"member"}, []string{"ＧＣ－７７７７"}, []int64{2}},
		{[]string{""}, []string{" (03) 1234 5678"}, []int64{1}},
		{[]string{"member"}, []string{"12"}, []int64{1}},
		{[]string{"amount"}, []string{"12"}, nil},
		{[]string{"member_id", "amount"}, []string{"2", "1"}, []int64{2}},
		{[]string{"last_name", "first_name"}, []string{"山田", "花子"}, []int64{1}},
		{[]string{"last_name", "first_name"}, []string{"山田", "太郎"}, nil},
		{nil, []string{"山田　花子"}, []int64{1}},
		{nil, []string{"ﾔﾏﾀﾞ ﾊﾅｺ"}, []int64{1}},
		{nil, []string{"山", "田花子"}, nil},
	} {
		if got := somebody().inLine(importedFile{noren.ImportPurchases, c.fields}, c.cells, true); !slices.Equal(got, c.want) {
			t.Errorf("%v %v: members %v, want %v", c.fields, c.cells, got, c.want)
		}
	}
	if got := somebody().inLine(importedFile{}, []string{"山田花子"}, false); got != nil {
		t.Errorf("the name alone names %v", got)
	}
}

// TestPeopleInPaths finds whom a kept answer is about by its path.
func TestPeopleInPaths(t *testing.T) {
	t.Parallel()
	for route, want := range map[string]struct {
		ids   []int64
		named bool
	}{
		"POST /members/1/notes":                                        {[]int64{1}, false},
		"admin POST /console/members/2/edit":                           {[]int64{2}, false},
		"POST /members/3/notes":                                        {nil, false},
		"DELETE /api/privacy/people/1":                                 {nil, false},
		"POST /stock/1/2":                                              {nil, false},
		"POST /api/shopify/point_balances/a%26B@example.com/tiers":     {[]int64{1}, true},
		"POST /api/shopify/point_balances/A&b@example.com/set_balance": {[]int64{1}, true},
		"POST /api/shopify/point_balances/12/set_balance":              {[]int64{1}, true},
	} {
		if ids, named := somebody().inPath(route); !slices.Equal(ids, want.ids) || named != want.named {
			t.Errorf("%s: %v, %v", route, ids, named)
		}
	}
	for name, want := range map[string][]int64{"山田さん.csv": {1}, "gc-7777.csv": {2}, "members12.csv": nil, "花子.csv": nil} {
		if got := somebody().inFileName(name); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}
