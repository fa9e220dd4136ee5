package sqlstore

import (
	"slices"
	"testing"

	"noren"
)

// TestPeopleInURLs finds whom a callback URL names, however it is escaped, and leaves where the receiver is.
func TestPeopleInURLs(t *testing.T) {
	t.Parallel()
	p := peopleOf([]noren.Person{
		{MemberID: 1, Values: []string{"taro+x@example.com", "03-1234-5678", "12"}, Names: [][2]string{{"山田", "太郎"}}},
		{MemberID: 2, Values: []string{"GC-7777"}},
	})
	for address, want := range map[string]struct {
		ids  []int64
		left string
	}{
		"https://shop.example/":                                                {nil, "https://shop.example/"},
		"https://shop.example":                                                 {nil, "https://shop.example"},
		"https://shop.example/hook?job=77&n=12":                                {nil, "https://shop.example/hook?job=77&n=12"},
		"https://shop.example/hook?code=12&n=1":                                {[]int64{1}, "https://shop.example/hook"},
		"https://shop.example/hook?job=77&mail=taro+x@example.com":             {[]int64{1}, "https://shop.example/hook"},
		"https://shop.example/hook?MAIL=Taro%2Bx%40Example.com#top":            {[]int64{1}, "https://shop.example/hook"},
		"https://shop.example:8443?mail=taro%2Bx@example.com":                  {[]int64{1}, "https://shop.example:8443"},
		"https://shop.example/a/taro+x@example.com/b?x=1":                      {[]int64{1}, "https://shop.example/erased"},
		"https://shop.example/hook#GC-7777":                                    {[]int64{2}, "https://shop.example/hook"},
		"https://shop.example/hook?note=tel:(03)1234-5678":                     {[]int64{1}, "https://shop.example/hook"},
		"https://shop.example/hook?q=order-GC-7777-1":                          {[]int64{2}, "https://shop.example/hook"},
		"https://shop.example/hook?q=GC-77771":                                 {nil, "https://shop.example/hook?q=GC-77771"},
		"https://shop.example/hook?next=https%3A%2F%2Fx%2F%3Fm%3Dgc-7777":      {[]int64{2}, "https://shop.example/hook"},
		"https://shop.example/hook?m=taro%252Bx%2540example.com":               {[]int64{1}, "https://shop.example/hook"},
		"https://shop.example/hook?l=%E5%B1%B1%E7%94%B0&f=%E5%A4%AA%E9%83%8E":  {[]int64{1}, "https://shop.example/hook"},
		"https://shop.example/hook?name=%E5%B1%B1%E7%94%B0+%E5%A4%AA%E9%83%8E": {[]int64{1}, "https://shop.example/hook"},
		"https://shop.example/hook?l=%E5%B1%B1%E7%94%B0":                       {nil, "https://shop.example/hook?l=%E5%B1%B1%E7%94%B0"},
		"https://shop.example/hook?both=GC-7777,taro%2Bx@example.com":          {[]int64{1, 2}, "https://shop.example/hook"},
		"https://shop.example/hook?broken=%zz&m=GC-7777":                       {[]int64{2}, "https://shop.example/hook"},
	} {
		ids, left := p.inURL(address)
		if slices.Sort(ids); !slices.Equal(ids, want.ids) || left != want.left {
			t.Errorf("%s: members %v, left %s", address, ids, left)
		}
		if again, _ := p.inURL(left); len(again) > 0 {
			t.Errorf("%s: %s still names %v", address, left, again)
		}
	}
}
