package shopify

import (
	"fmt"
	"strings"
	"time"

	"noren"
	"noren/wire"
)

// fields reads the fields of one object, and remembers the first thing that is wrong. Shopify sends far more than is
// read here, and may add more: fields that are not read are not checked.
type fields struct {
	object   wire.Object
	currency string // the tenant's
	subject  string // what the message is about
	wrong    string // the first complaint; "" if there is none
}

// about sets the subject.
func (f *fields) about(what, id string) {
	if id != "" {
		f.subject = what + " " + id
	}
}

func (f *fields) complain(name, message string) {
	// Later complaints are often consequences of the first, and people read one sentence.
	if f.wrong == "" {
		f.wrong = name + ": " + message
	}
}

// maxIDDigits is the most digits of an id: those of a 64-bit number.
const maxIDDigits = 20

// id reads an id, which Shopify writes as a number too large for a float.
func (f *fields) id(name string) string {
	v := f.object.Get(name)
	id, isNumber := v.Number()
	if !isNumber {
		id, _ = v.Text()
	}
	// Digits only and none in front that says nothing: ids are compared as texts, and each must have one form.
	if id == "" || len(id) > maxIDDigits || strings.Trim(id, "0123456789") != "" || id[0] == '0' {
		f.complain(name, "an id is needed, such as 450789469")
		return ""
	}
	return id
}

// text reads a text; "" if it is absent or null.
func (f *fields) text(name string) string {
	v := f.object.Get(name)
	text, isText := v.Text()
	if !isText && v.Exists() && !v.IsNull() {
		f.complain(name, "a text is needed")
	}
	return text
}

// flag reads true or false; false if it is absent or null.
func (f *fields) flag(name string) bool {
	v := f.object.Get(name)
	switch string(v.Raw()) {
	case "true":
		return true
	// The raw text is compared, so that 0 or "false" are not taken for what they might mean.
	case "", "null", "false":
	default:
		f.complain(name, "true or false is needed")
	}
	return false
}

// money reads an amount, which Shopify writes as a text such as "1200.00".
func (f *fields) money(name, currency string) int64 {
	v := f.object.Get(name)
	text, isNumber := v.Number()
	if !isNumber {
		text, _ = v.Text()
	}
	// As a text all the way: a float would lose hundredths of large amounts.
	amount, err := noren.ParseMoney(text, currency)
	if err != nil {
		f.complain(name, err.Error())
	}
	return amount
}

// time reads the first of the fields that is present.
func (f *fields) time(names ...string) time.Time {
	for _, name := range names {
		text := f.text(name)
		if text == "" {
			continue
		}
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			f.complain(name, fmt.Sprintf("%.40q is not a time such as 2026-11-24T10:00:00+09:00", text))
		}
		return at
	}
	f.complain(names[0], "a time is needed")
	return time.Time{}
}

// customer reads whose order it is; false if it has no customer.
func (f *fields) customer() (id string, known bool) {
	v := f.object.Get("customer")
	// A guest's order has null here, or nothing.
	if !v.Exists() || v.IsNull() {
		return "", false
	}
	o, isObject := v.Object()
	if !isObject {
		f.complain("customer", "an object is needed")
		return "", true
	}
	// An object of its own, so that its complaint can be prefixed with where it was.
	c := &fields{object: o}
	id = c.id("id")
	if f.wrong == "" && c.wrong != "" {
		f.wrong = "customer." + c.wrong
	}
	return id, true
}

// shopMoney reads the amount in the shop's currency of a set with two; false if the set is absent or is in another currency.
func (f *fields) shopMoney(name, currency string) (amount int64, ok bool) {
	set, isObject := f.object.Get(name).Object()
	if !isObject {
		return 0, false
	}
	money, isObject := set.Get("shop_money").Object()
	if !isObject {
		return 0, false
	}
	m := &fields{object: money}
	if m.text("currency_code") != currency {
		return 0, false
	}
	amount = m.money("amount", currency)
	// What is wrong inside is not told: the amount is then as good as missing, and the caller has another source.
	return amount, m.wrong == ""
}

// globalID reads an ID such as gid://shopify/Customer/207119551.
func (f *fields) globalID(name string) string {
	id, found := strings.CutPrefix(f.text(name), "gid://shopify/Customer/")
	if !found || id == "" || len(id) > maxIDDigits || strings.Trim(id, "0123456789") != "" {
		f.complain(name, "an id is needed, such as gid://shopify/Customer/207119551")
		return ""
	}
	return id
}

// refundedAt reads when a refund was made; zero where it does not say.
func (f *fields) refundedAt() time.Time {
	if f.text("created_at") == "" && f.text("processed_at") == "" {
		return time.Time{}
	}
	return f.time("created_at", "processed_at")
}
