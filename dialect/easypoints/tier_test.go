package easypoints

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"noren"
	"noren/app/shop"
)

// The response in the seed page's first example, byte for byte except for the spaces that make it readable there.
const seedTier = `{
  "data": {
    "advancement_data": {
      "amount": "2000",
      "currency": "JPY",
      "deadline": "2023-01-01T00:00:00Z",
      "raw_amount": 2000,
      "spent_requirement": {
        "amount": "2000",
        "currency": "JPY",
        "raw_amount": 2000
      },
      "tier_name": "Silver ",
      "tier_uid": "08eeb334-df4d-11ed-ba1e-787b8aae8c7a",
      "tiers": [
        {
          "amount": "2000",
          "currency": "JPY",
          "name": "Silver ",
          "ratio": 0.03,
          "raw_amount": 2000,
          "spent_requirement": {
            "amount": "2000",
            "currency": "JPY",
            "raw_amount": 2000
          },
          "uid": "08eeb334-df4d-11ed-ba1e-787b8aae8c7a"
        }
      ]
    },
    "id": "6757085806881",
    "maintenance_data": {
      "amount": "1000",
      "currency": "JPY",
      "deadline": "2023-01-01T00:00:00Z",
      "raw_amount": 1000,
      "spent_requirement": {
        "amount": "1000",
        "currency": "JPY",
        "raw_amount": 1000
      }
    },
    "minimum_tier": "Bronze",
    "skip_next_check": false,
    "tier": "Bronze",
    "tier_uid": "dd5cc1f2-df4c-11ed-8376-787b8aae8c7a"
  }
}`

// compact removes the spaces for readability from an example.
func compact(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(text)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Every example of the seed page.
func TestSeedExamples(t *testing.T) {
	t.Parallel()
	b := setup(t, gold)
	b.Want(request{Method: "POST", Path: onePath + otherCustomer + "/tiers", As: "a", Body: `{
  "tier": "silver"
}`}, 200, compact(t, `{
  "data": {
    "id": "123",
    "tier": "silver",
    "minimum_tier": null,
    "skip_next_check": false
  }
}`))
	b.Want(request{Method: "POST", Path: onePath + otherCustomer, As: "a", Body: `{
  "tier": "gold",
  "minimum_tier": "silver",
  "skip_next_check": true
}`}, 200, compact(t, `{
  "data": {
    "id": "123",
    "tier": "gold",
    "minimum_tier": "silver",
    "skip_next_check": true
  }
}`))
	b = setup(t)
	b.Want(request{
		Method: "GET", Path: onePath + seedCustomer + "/tier", As: "a", Header: map[string]string{"Content-Type": "application/json"},
	}, 200, compact(t, seedTier))
}

// tierOf is the response of GET …/tier under data.
func (b *bundle) tierOf(customer string) (data map[string]any) {
	b.Helper()
	var body struct{ Data map[string]any }
	if err := json.Unmarshal([]byte(b.get(onePath+customer+"/tier")), &body); err != nil {
		b.Fatal(err)
	}
	return body.Data
}

// amounts shows raw_amount, tier_name and deadline of advancement_data, the raw_amount of each of its tiers, and
// raw_amount of maintenance_data.
func (b *bundle) amounts(customer string) string {
	b.Helper()
	data := b.tierOf(customer)
	advancement, maintenance := data["advancement_data"].(map[string]any), data["maintenance_data"].(map[string]any)
	var tiers []any
	for _, step := range advancement["tiers"].([]any) {
		tiers = append(tiers, step.(map[string]any)["raw_amount"])
	}
	return fmt.Sprint(advancement["raw_amount"], " ", advancement["tier_name"], " ", advancement["deadline"], " ", tiers, " ", maintenance["raw_amount"])
}

// Spend reduces what is missing. Reached ranks stay in the list with the surplus, and the target moves on.
func TestTierCountsSpend(t *testing.T) {
	t.Parallel()
	b := setup(t, gold)
	for i, tt := range []struct {
		spend int64
		want  string
	}{
		{0, "2000 Silver  2023-01-01T00:00:00Z [2000 10000] 1000"},
		{1999, "1 Silver  2023-01-01T00:00:00Z [1 8001] -999"},
		{1, "8000 Gold 2023-01-01T00:00:00Z [0 8000] -1000"},
		{9000, "-1000 Gold 2023-01-01T00:00:00Z [-9000 -1000] -10000"},
	} {
		if tt.spend > 0 {
			b.buy(seedCustomer, strconv.Itoa(i), tt.spend)
		}
		if got := b.amounts(seedCustomer); got != tt.want {
			t.Errorf("after %d more: %s, want %s", tt.spend, got, tt.want)
		}
	}
	b.post(onePath+seedCustomer+"/tiers", `{"tier":3}`)
	if got, want := b.amounts(seedCustomer), "<nil> <nil> <nil> [] -3000"; got != want {
		t.Errorf("at the top: %s, want %s", got, want)
	}
	b.Clock.Advance(17 * 24 * time.Hour)
	if got, want := b.tierOf(seedCustomer)["maintenance_data"].(map[string]any)["deadline"], "2024-01-01T00:00:00Z"; got != want {
		t.Errorf("after the deadline it is %v, want %s", got, want)
	}
}

// Amounts are in the main unit of the currency, whatever its unit of account; the deadline is in UTC, whatever the
// zone.
func TestTierInDollarsAndTokyo(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *shop.Shop) {
		s.Tenant.Currency, s.Tenant.Timezone = noren.Set("USD"), noren.Set("Asia/Tokyo")
		s.Ranks[1].EntrySpend, s.Ranks[0].MaintenanceSpend = 200_050, 5
	})
	body := b.get(onePath + seedCustomer + "/tier")
	for _, part := range []string{
		`{"advancement_data":{"amount":"2000.50","currency":"USD","deadline":"2022-12-31T15:00:00Z","raw_amount":2000.5,`,
		`"maintenance_data":{"amount":"0.05","currency":"USD","deadline":"2022-12-31T15:00:00Z","raw_amount":0.05,`,
	} {
		if !strings.Contains(body, part) {
			t.Errorf("%s\nis not in %s", part, body)
		}
	}
}

// Unknown values are null, in the documented shape.
func TestTierWithoutProgrammeOrLadder(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *shop.Shop) { s.Tenant.Programme = noren.Null[noren.RankProgramme]() })
	if got, want := b.amounts(seedCustomer), "2000 Silver  <nil> [2000] 1000"; got != want {
		t.Errorf("without a programme: %s, want %s", got, want)
	}
	b = setup(t, func(s *shop.Shop) {
		s.Ranks = nil
		s.Members[0].Rank, s.Members[0].MinimumRank = noren.Field[noren.Ref]{}, noren.Field[noren.Ref]{}
	})
	nothing := `"amount":null,"currency":"JPY","deadline":null,"raw_amount":null,"spent_requirement":{"amount":null,"currency":"JPY","raw_amount":null}`
	b.Want(request{Method: "GET", Path: onePath + seedCustomer + "/tier", As: "a"}, 200, `{"data":{"advancement_data":{`+nothing+
		`,"tier_name":null,"tier_uid":null,"tiers":[]},"id":"6757085806881","maintenance_data":{`+nothing+
		`},"minimum_tier":null,"skip_next_check":false,"tier":null,"tier_uid":null}}`)
}

// Ranks may be named in any way, and fields may be left out.
func TestSetTier(t *testing.T) {
	t.Parallel()
	b := setup(t, gold)
	for _, tt := range []struct{ body, want string }{
		{`{"tier":"SILVER"}`, `"SILVER","minimum_tier":null,"skip_next_check":false`},
		{`{"skip_next_check":true}`, `"Silver ","minimum_tier":null,"skip_next_check":true`},
		{`{"tier":" gold ","unknown":{"x":[1]}}`, `" gold ","minimum_tier":null,"skip_next_check":true`},
		{`{"minimum_tier":2}`, `"Gold","minimum_tier":"Silver ","skip_next_check":true`},
		{`{"tier":1,"minimum_tier":"bronze","skip_next_check":false}`, `"Bronze","minimum_tier":"bronze","skip_next_check":false`},
		{`{"minimum_tier":null}`, `"Bronze","minimum_tier":null,"skip_next_check":false`},
		{`{"tier":3,"minimum_tier":null}`, `"Gold","minimum_tier":null,"skip_next_check":false`},
	} {
		for _, path := range []string{"/tiers", "", "/tiers/"} {
			b.Want(request{Method: "POST", Path: onePath + otherCustomer + path, As: "a", Body: tt.body}, 200, `{"data":{"id":"123","tier":`+tt.want+`}}`)
		}
	}
	data := b.tierOf(otherCustomer)
	if data["tier"] != "Gold" || data["minimum_tier"] != nil || data["skip_next_check"] != false {
		t.Errorf("%v", data)
	}
}

// All wrong fields are named at once, and nothing is changed.
func TestSetTierRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const unknown, either = "Invalid value for enum: there is no such tier", "Failed to cast value to one of: string, integer"
	before := b.get(onePath + seedCustomer + "/tier")
	for _, tt := range []struct {
		body string
		want string
	}{
		{`{}`, wrong([2]string{"", "At least one of these fields is required: tier, minimum_tier, skip_next_check"})},
		{`{"Tier":"silver"}`, wrong([2]string{"", "At least one of these fields is required: tier, minimum_tier, skip_next_check"})},
		{`{"tier":null}`, wrong([2]string{"/tier", "null value where string expected"})},
		{`{"tier":"platinum","minimum_tier":"","skip_next_check":true}`, wrong([2]string{"/tier", unknown}, [2]string{"/minimum_tier", unknown})},
		{`{"tier":"1"}`, wrong([2]string{"/tier", unknown})},
		{`{"tier":3,"skip_next_check":true}`, wrong([2]string{"/tier", unknown})},
		{`{"tier":0,"minimum_tier":-1}`, wrong([2]string{"/tier", "0 is smaller than inclusive minimum 1"}, [2]string{"/minimum_tier", "-1 is smaller than inclusive minimum 1"})},
		{`{"tier":99999999999999999999}`, wrong([2]string{"/tier", "99999999999999999999 is larger than inclusive maximum 9007199254740991"})},
		{`{"tier":1.5,"minimum_tier":1e0}`, wrong([2]string{"/tier", either}, [2]string{"/minimum_tier", either})},
		{`{"tier":["silver"],"minimum_tier":{},"skip_next_check":"true"}`, wrong(
			[2]string{"/tier", either}, [2]string{"/minimum_tier", either}, [2]string{"/skip_next_check", "Invalid boolean. Got: string"})},
		{`{"tier":"silver","skip_next_check":null}`, wrong([2]string{"/skip_next_check", "null value where boolean expected"})},
		{`{"tier":"silver\u0000"}`, wrong([2]string{"/tier", "Invalid string. It holds U+0000"})},
		{`[{"tier":"silver"}]`, wrong([2]string{"", "Invalid object. Got: array"})},
		{`"silver"`, wrong([2]string{"", "Invalid object. Got: string"})},
	} {
		for _, path := range []string{"/tiers", ""} {
			b.Want(request{Method: "POST", Path: onePath + seedCustomer + path, As: "a", Body: tt.body}, 422, tt.want)
		}
	}
	for _, body := range []string{"", "{", `{"tier":"a","tier":"b"}`, "{}x", "\xff", `{"tier":"\xff"}`, strings.Repeat("[", 100)} {
		a := b.Do(request{Method: "POST", Path: onePath + seedCustomer + "/tiers", As: "a", Body: body})
		if a.Status != 400 || !strings.HasPrefix(a.Body, `{"errors":["The body is not JSON: `) || !strings.HasSuffix(a.Body, `],"status":400,"title":"Bad Request"}`) {
			t.Errorf("%q: %d %s", body, a.Status, a.Body)
		}
	}
	if after := b.get(onePath + seedCustomer + "/tier"); after != before {
		t.Errorf("%s\n%s", before, after)
	}
}
