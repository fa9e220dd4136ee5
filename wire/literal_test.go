package wire

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"noren"
)

// parcel is what the fields below end up in.
type parcel struct {
	Weight  int64
	Fragile noren.Field[bool]
	Sizes   []int64
	Labels  []string
}

func parcelTable() Table[parcel] {
	return NewTable(
		Whole("weight", ToValue(func(p *parcel) *int64 { return &p.Weight })).Between(1, 50),
		Flag("sturdy", MapTo(func(p *parcel) *noren.Field[bool] { return &p.Fragile }, func(b bool) bool { return !b })).OrNull(),
		Wholes("sizes", 3, ToValue(func(p *parcel) *[]int64 { return &p.Sizes })),
		Texts("labels", 2, ToValue(func(p *parcel) *[]string { return &p.Labels })),
	)
}

func TestLiterals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		body string
		want parcel
		code Code // of the only problem
	}{
		{`{"weight":7,"sturdy":true,"sizes":[1,-2],"labels":["a"]}`, parcel{7, noren.Set(false), []int64{1, -2}, []string{"a"}}, ""},
		{`{"sturdy":null,"sizes":[],"labels":[]}`, parcel{0, noren.Null[bool](), []int64{}, []string{}}, ""},
		{`{"weight":"7"}`, parcel{}, WrongType},
		{`{"weight":7.0}`, parcel{}, NotAnInteger},
		{`{"weight":51}`, parcel{}, NotInRange},
		{`{"sturdy":"true"}`, parcel{}, WrongType},
		{`{"sturdy":0}`, parcel{}, WrongType},
		{`{"sizes":5}`, parcel{}, WrongType},
		{`{"sizes":[1,"2"]}`, parcel{}, WrongType},
		{`{"sizes":[1,2,3,4]}`, parcel{}, TooManyItems},
		{`{"sizes":null}`, parcel{}, NullRefused},
		{`{"labels":["a","b\u0000"]}`, parcel{}, HasNUL},
		{`{"labels":[null]}`, parcel{}, WrongType},
	}
	for _, tt := range tests {
		o, problem := ParseObject([]byte(tt.body))
		if problem != nil {
			t.Fatal(problem)
		}
		var got parcel
		problems := parcelTable().Decode(o, "", &got)
		switch {
		case tt.code == "" && problems != nil:
			t.Errorf("%s: %v", tt.body, problems)
		case tt.code != "" && (len(problems) != 1 || problems[0].Code != tt.code):
			t.Errorf("%s: %v, want %s", tt.body, problems, tt.code)
		}
		if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(noren.Field[bool]{})); diff != "" {
			t.Errorf("%s: %s", tt.body, diff)
		}
	}
}

func TestSchemaOfLiterals(t *testing.T) {
	t.Parallel()
	got := string(JSON(parcelTable().Schema().Map()))
	want := `{"type":"object","properties":{"weight":{"type":"integer","minimum":1,"maximum":50},"sturdy":{"type":["boolean","null"]},` +
		`"sizes":{"type":"array","maxItems":3,"items":{"type":"integer"}},"labels":{"type":"array","maxItems":2,"items":{"type":"string"}}}}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
