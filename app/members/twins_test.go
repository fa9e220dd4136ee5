package members_test

import (
	"errors"
	"fmt"
	"strconv"
	"testing"

	"noren"
	"noren/app/apptest"
)

func TestTwins(t *testing.T) {
	t.Parallel()
	apptest.OnBothEngines(t, func(t *testing.T, b *apptest.Bundle) {
		text, born := noren.Set[string], noren.Set(noren.Date("1984-05-06"))
		before := apptest.Create(t, b,
			noren.MemberPatch{LastName: text("高橋"), FirstName: text("花子"), BirthDate: born, Phone: text("03-1234-5678")},
			noren.MemberPatch{LastName: text("髙橋"), FirstName: text("花子"), BirthDate: noren.Set(noren.Date("1990-01-01")), Email: text("Hanako@example.com")},
			noren.MemberPatch{LastName: text("鈴木"), Mobile: text("+81 3-1234-5678"), Store: noren.Set(int64(2))},
			noren.MemberPatch{LastName: text("佐藤"), Phone: text("03-1234-56789")},
		)
		first := before.Items[0].ID
		var created []string
		numbers := func(c noren.Caller, p noren.MemberPatch) (list []string) {
			t.Helper()
			made, twins, _, err := b.Members.Register(b.Ctx, c, p, nil, nil)
			if err != nil || len(twins) > 0 && len(made.Items) > 0 {
				t.Fatalf("%v, %v", made.Items, err)
			}
			for _, m := range made.Items {
				created = append(created, strconv.FormatInt(m.ID-first, 10))
			}
			for _, twin := range twins {
				list = append(list, fmt.Sprint(twin.ID-first, twin.Alike))
			}
			return list
		}
		all := noren.MemberPatch{
			LastName: text("髙橋"), FirstName: text("花子"), BirthDate: born, Phone: text("(03) 1234-5678"), Mobile: text("03-1234-5678"), Email: text("HANAKO@example.com"),
		}
		apptest.Same(t, "everything at once", []string{"0 [phone name]", "1 [email]", "2 [phone]"}, numbers(b.Caller, all))
		abroad := noren.MemberPatch{LastName: text("某"), Phone: text("+81 (0)3.1234.5678")}
		apptest.Same(t, "a number with its country code", []string{"0 [phone]", "2 [phone]"}, numbers(b.Caller, abroad))
		apptest.Same(t, "to a caller of one store", []string{"0 [phone name]", "1 [email]"}, numbers(b.InStore(1), all))
		apptest.Same(t, "a name without a birthday", []string(nil), numbers(b.Caller, noren.MemberPatch{LastName: text("高橋"), FirstName: text("花子")}))
		apptest.Same(t, "a code alone", []string(nil), numbers(b.Caller, noren.MemberPatch{Code: text("CARD1")}))
		_, _, _, err := b.Members.Register(b.Ctx, b.Caller, noren.MemberPatch{LastName: text(""), BirthDate: born}, nil, nil)
		if refused, _ := errors.AsType[noren.Refusals](err); len(refused) != 1 || refused[0].Reason != noren.ReasonNameless {
			t.Errorf("without anything to be found by: %v", err)
		}

		clerk := apptest.Person(b, "clerk", 0)
		clerk.Scopes = []string{string(noren.Viewer), string(noren.Clerk)}
		clerk.Tenant.SensitiveColumns = []noren.SensitiveColumn{
			{Name: "mobile", See: noren.Admin, Change: noren.Admin},
		}
		seen := all
		seen.Mobile = noren.Field[string]{}
		apptest.Same(t, "to whoever may not see mobile numbers", []string{"0 [phone name]", "1 [email]"}, numbers(clerk, seen))

		apptest.Same(t, "who was created, having no twins", []string{"4", "5"}, created)
		others := []int64{first, first + 1, first + 2}
		if _, twins, _, err := b.Members.Register(b.Ctx, b.Caller, all, others[:2], nil); err != nil || len(twins) != 3 {
			t.Errorf("with two of three ruled out: %v, %v", twins, err)
		}
		if list, twins, _, err := b.Members.Register(b.Ctx, b.Caller, all, others, nil); err != nil || len(twins) > 0 || list.Items[0].Status != noren.Active {
			t.Errorf("with all of them ruled out: %v, %v, %v", list.Items, twins, err)
		}
	})
}
