package easypoints

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// The types below read responses by the rules of the vendor's own library for storefronts: what it requires, what may
// be null, and how it decides what to show a customer. They refuse what the library would refuse.

// present is a key that must be there with a value.
type present[T any] struct {
	value T
	given bool
}

func (p *present[T]) UnmarshalJSON(data []byte) error {
	if bytes.Equal(data, []byte("null")) {
		return errors.New("null, but a value is required")
	}
	p.given = true
	return json.Unmarshal(data, &p.value)
}

// nullable is a key that must be there and may be null.
type nullable[T any] struct {
	value *T
	given bool
}

func (n *nullable[T]) UnmarshalJSON(data []byte) error {
	n.given = true
	return json.Unmarshal(data, &n.value)
}

type libraryAmount struct {
	Amount   nullable[string]  `json:"amount"`
	Currency present[string]   `json:"currency"`
	Raw      nullable[float64] `json:"raw_amount"`
}

func (a libraryAmount) check() error {
	if !a.Amount.given || !a.Currency.given || !a.Raw.given {
		return fmt.Errorf("amount, currency or raw_amount is missing in %+v", a)
	}
	if (a.Amount.value == nil) != (a.Raw.value == nil) {
		return fmt.Errorf("amount and raw_amount differ in %+v", a)
	}
	return nil
}

type libraryStep struct {
	libraryAmount
	Name        present[string]        `json:"name"`
	Ratio       *float64               `json:"ratio"`
	Requirement present[libraryAmount] `json:"spent_requirement"`
	UID         present[string]        `json:"uid"`
}

type libraryTier struct {
	Data present[struct {
		Advancement present[struct {
			libraryAmount
			Deadline    nullable[string]       `json:"deadline"`
			Requirement present[libraryAmount] `json:"spent_requirement"`
			Name        nullable[string]       `json:"tier_name"`
			UID         nullable[string]       `json:"tier_uid"`
			Tiers       present[[]libraryStep] `json:"tiers"`
		}] `json:"advancement_data"`
		ID          present[string] `json:"id"`
		Maintenance present[struct {
			libraryAmount
			Deadline    nullable[string]       `json:"deadline"`
			Requirement present[libraryAmount] `json:"spent_requirement"`
		}] `json:"maintenance_data"`
		Minimum nullable[string] `json:"minimum_tier"`
		Skip    present[bool]    `json:"skip_next_check"`
		Tier    nullable[string] `json:"tier"`
		UID     nullable[string] `json:"tier_uid"`
	}] `json:"data"`
}

// readTierAsLibrary decodes the response, or returns what the library would not accept.
func readTierAsLibrary(body string) (t libraryTier, err error) {
	if err := json.Unmarshal([]byte(body), &t); err != nil {
		return t, err
	}
	d := t.Data.value
	a, m := d.Advancement.value, d.Maintenance.value
	for name, given := range map[string]bool{
		"data": t.Data.given, "advancement_data": d.Advancement.given, "id": d.ID.given, "maintenance_data": d.Maintenance.given,
		"minimum_tier": d.Minimum.given, "skip_next_check": d.Skip.given, "tier": d.Tier.given, "tier_uid": d.UID.given,
		"advancement deadline": a.Deadline.given, "tier_name": a.Name.given, "advancement tier_uid": a.UID.given, "tiers": a.Tiers.given,
		"advancement requirement": a.Requirement.given, "maintenance deadline": m.Deadline.given, "maintenance requirement": m.Requirement.given,
	} {
		if !given {
			return t, fmt.Errorf("%s is missing", name)
		}
	}
	amounts := []libraryAmount{a.libraryAmount, a.Requirement.value, m.libraryAmount, m.Requirement.value}
	for _, step := range a.Tiers.value {
		if !step.Name.given || !step.UID.given || !step.Requirement.given {
			return t, fmt.Errorf("a tier lacks its name, uid or requirement: %+v", step)
		}
		amounts = append(amounts, step.libraryAmount, step.Requirement.value)
	}
	for _, amount := range amounts {
		if err := amount.check(); err != nil {
			return t, err
		}
	}
	return t, nil
}

// next is what the library shows a customer with that much in the cart: what is missing to keep the tier, else to the
// first tier that the cart does not reach, else that the highest one is reached.
func (t libraryTier) next(cart float64) string {
	d := t.Data.value
	if raw := d.Maintenance.value.Raw.value; raw != nil && *raw > 0 {
		return fmt.Sprintf("%g to keep %s", *raw, *d.Tier.value)
	}
	tiers := d.Advancement.value.Tiers.value
	for _, step := range tiers {
		if missing := *step.Raw.value - cart; missing > 0 {
			return fmt.Sprintf("%g to %s", missing, step.Name.value)
		}
	}
	if len(tiers) > 0 {
		return "next time " + tiers[len(tiers)-1].Name.value
	}
	return "the highest"
}

// The library asks with the secret key as its token and a version, and understands whatever state a customer is in.
func TestVendorsLibraryUnderstandsTiers(t *testing.T) {
	t.Parallel()
	b := setup(t, gold)
	ask := func(cart float64) string {
		t.Helper()
		body := b.Must(request{Method: "GET", Path: onePath + seedCustomer + "/tier", Header: map[string]string{
			"Authorization": "Bearer secret-reader-A", "x-api-version": "2.0.0",
		}})
		tier, err := readTierAsLibrary(body)
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		return tier.next(cart)
	}
	for i, step := range []struct {
		spend int64
		tier  string
		cart  float64
		want  string
	}{
		{0, "", 500, "1000 to keep Bronze"},
		{1000, "", 500, "500 to Silver "},
		{0, "", 1000, "8000 to Gold"},
		{0, "", 9000, "next time Gold"},
		{1100, "", 0, "7900 to Gold"},
		{0, "gold", 0, "5900 to keep Gold"},
		{6000, "", 0, "the highest"},
	} {
		if step.spend > 0 {
			b.buy(seedCustomer, strconv.Itoa(i), step.spend)
		}
		if step.tier != "" {
			b.post(onePath+seedCustomer+"/tiers", `{"tier":"`+step.tier+`"}`)
		}
		if got := ask(step.cart); got != step.want {
			t.Errorf("step %d: %s, want %s", i+1, got, step.want)
		}
	}
}

// libraryError is the envelope: plain strings, or objects of which only the detail may be missing.
type libraryError struct {
	Errors present[[]json.RawMessage] `json:"errors"`
	Status present[int]               `json:"status"`
	Title  present[string]            `json:"title"`
}

func TestVendorsLibraryUnderstandsErrors(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, g := range goldenRequests() {
		a := b.Do(g.request)
		if a.Status < 400 {
			continue
		}
		var e libraryError
		if err := json.Unmarshal([]byte(a.Body), &e); err != nil || e.Status.value != a.Status || e.Title.value == "" || len(e.Errors.value) == 0 {
			t.Errorf("%s: %d %s: %v", g.name, a.Status, a.Body, err)
		}
		for _, entry := range e.Errors.value {
			var text string
			var object struct {
				Title  present[string]
				Detail string
				Source present[struct{ Pointer present[string] }]
			}
			plain := json.Unmarshal(entry, &text) == nil
			full := json.Unmarshal(entry, &object) == nil && object.Title.given && object.Source.value.Pointer.given
			if plain == full || plain == (a.Status == 422) || plain && strings.TrimSpace(text) == "" {
				t.Errorf("%s: %d %s", g.name, a.Status, entry)
			}
		}
	}
}
