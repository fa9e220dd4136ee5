package shopfile

import (
	"slices"
	"strings"
	"testing"
)

// scenario is a file with something wrong and the whole message about it.
type scenario struct{ name, file, want string }

// TestWrong pins the line and the message of every problem.
func TestWrong(t *testing.T) {
	t.Parallel()
	for _, c := range wrong() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			shops, err := Read("shop.yaml", []byte(c.file))
			if err == nil {
				t.Fatalf("read %d shops without a complaint", len(shops))
			}
			if got := err.Error(); got != c.want {
				t.Errorf("the message is\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func wrong() []scenario {
	return slices.Concat(wrongFiles(), wrongTenants(), wrongCatalogues(), wrongMembers(), wrongAccess(), wrongInMany())
}

// wrongFiles are wrong as a whole.
func wrongFiles() []scenario {
	return []scenario{
		{"empty", "", "shop.yaml:1: the file is empty; it must have tenants:"},
		{"only a comment", "# later\n", "shop.yaml:1: the file is empty; it must have tenants:"},
		{"two documents", "tenants: []\n---\ntenants: []\n", "shop.yaml:3: must be a single YAML document; put all tenants into the first"},
		{"Shift_JIS", "tenants:\n  - id: a\n    name: \x93\x58\n", "shop.yaml:3: the file is not UTF-8 here; if it is Shift_JIS, save it as UTF-8"},
		{"not YAML", "tenants:\n  - id: a\n   name: b\n", "shop.yaml:3: not valid YAML: value is not allowed in this context"},
		{"unclosed list", "tenants: [", "shop.yaml:1: not valid YAML: sequence end token ']' not found"},
		{"a list", "- id: a", "shop.yaml:1: the shop file must be a mapping of keys to values, not a list"},
		{"no tenants", "{}", "shop.yaml:1: missing key \"tenants\" of the shop file"},
		{"misspelt tenants", "tenant: []", "shop.yaml:1: missing key \"tenants\" of the shop file\nshop.yaml:1: unknown key \"tenant\" of the shop file; did you mean \"tenants\"?"},
		{"tenants is no list", "tenants:\n  id: a\n", "shop.yaml:1: tenants of the shop file: must be a list with an entry (- or […]) for each tenant, not a mapping"},
		{"tenant is no mapping", "tenants:\n  - a\n", "shop.yaml:2: a tenant must be a mapping of keys to values, not a single value"},
		{"tenant is nothing", "tenants:\n  -\n", "shop.yaml:2: a tenant must be a mapping of keys to values, not nothing"},
		{"unknown alias", tenant("plan: *p"), "shop.yaml:4: no anchor for this alias; a text that begins with * must be in quotes"},
		{"alias of itself", tenant("ranks: &p [*p]"), "shop.yaml:4: a rank must be a mapping of keys to values, not a list"},
		{"merge key", tenant("points: &p {enabled: true}", "rank_programme: {<<: *p}"), "shop.yaml:5: merge keys (<<) are not supported; write the keys out, or use an alias for a whole value"},
		{"tag", tenant("plan: !!binary eA=="), "shop.yaml:4: plan of a tenant: must be text, not Tag; write it in quotes"},
		{"key is no text", tenant("points: {true: 1}"), "shop.yaml:4: true is not a key of points"},
	}
}

// wrongTenants have something wrong in the settings of a tenant.
func wrongTenants() []scenario {
	return []scenario{
		{"no id", "tenants:\n  - name: a\n", "shop.yaml:2: missing key \"id\" of a tenant"},
		{"no name", "tenants:\n  - id: a\n", "shop.yaml:2: missing key \"name\" of a tenant"},
		{"null name", "tenants:\n  - id: a\n    name:\n", "shop.yaml:3: missing key \"name\" of a tenant"},
		{"id with a slash", "tenants:\n  - {id: a/b, name: c}\n", "shop.yaml:2: id of a tenant: must be 1 to 64 letters, digits, _, - or ., because it is part of URLs"},
		{"tenant twice", "tenants:\n  - {id: a, name: c}\n  - {id: a, name: d}\n", "shop.yaml:3: the tenant \"a\" is given twice; the first is on line 2"},
		{"unknown key", tenant("rank: []"), "shop.yaml:4: unknown key \"rank\" of a tenant; did you mean \"ranks\"?"},
		{"unknown key like none", tenant("zzzzzzzz: 1"), "shop.yaml:4: unknown key \"zzzzzzzz\" of a tenant"},
		{"key twice", tenant("plan: standard", "plan: premium"), "shop.yaml:5: the key \"plan\" of a tenant is given twice; the first is on line 4"},
		{"plan", tenant("plan: premium-plus"), "shop.yaml:4: plan of a tenant: unknown value \"premium-plus\"; did you mean \"premium_plus\"?"},
		{"plan like none", tenant("plan: gratis"), "shop.yaml:4: plan of a tenant: must be one of starter, standard, premium, premium_plus, food_business, retail_business, not \"gratis\""},
		{"zone", tenant("timezone: Asia/Edo"), "shop.yaml:4: timezone of a tenant: \"Asia/Edo\" is not a time zone of the tz database; write it as Asia/Tokyo"},
		{"local zone", tenant("timezone: Local"), "shop.yaml:4: timezone of a tenant: \"Local\" is not a time zone of the tz database; write it as Asia/Tokyo"},
		{"currency", tenant("currency: yen"), "shop.yaml:4: currency of a tenant: \"yen\" is not an ISO 4217 currency; write three capital letters, such as JPY"},
		{"boolean", tenant("headquarters_linked: yes"), "shop.yaml:4: headquarters_linked of a tenant: must be true or false, not \"yes\""},
		{"text", tenant("timezone: true"), "shop.yaml:4: timezone of a tenant: must be text, not true; write it in quotes"},
		{"NUL", tenant(`timezone: "a\0"`), "shop.yaml:4: timezone of a tenant: must not contain NUL"},
		{"required column", tenant("required_columns: [mailAdress]"), "shop.yaml:4: required_columns of a tenant: unknown value \"mailAdress\"; did you mean \"mailAddress\"?"},
		{"required column twice", tenant("required_columns:", "  - rank", "  - rank"), "shop.yaml:6: the column \"rank\" is given twice; the first is on line 5"},
		{"required column as a mapping", tenant("required_columns: [{}]"), "shop.yaml:4: required_columns of a tenant: unknown value a mapping"},
		{"ranks from the highest down", tenant("ranks:", "  - {id: 1, name: Gold, entry: 2000}", "  - {id: 2, name: Bronze, entry: 0}"), "shop.yaml:6: entry of a rank: must be 2000 or more, the entry of the rank before; write the ranks from the lowest up"},
		{"login of nothing", tenant("console_users: [{login: \" \", password: long-enough-0}]"), "shop.yaml:4: login of a console user: must not be empty, nor have spaces at its ends"},
		{"password of blanks", tenant("console_users: [{login: a, password: \"          \"}]"), "shop.yaml:4: password of a console user: must be 10 to 200 characters"},
		{"period", tenant("keep: {bulk: 9999999d}"), "shop.yaml:4: bulk of keep: \"9999999d\" is not a period; write it as 90d, at most 36500d, or forever"},
		{"period of hours", tenant("keep: {left_members: 36h}"), "shop.yaml:4: left_members of keep: \"36h\" is not a period; write it as 90d, at most 36500d, or forever"},
		{"period of nothing", tenant("keep: {audit_values: 0d}"), "shop.yaml:4: audit_values of keep: \"0d\" is not a period; write it as 90d, at most 36500d, or forever"},
		{"kind that is kept", tenant("keep: {bulks: 1d}"), "shop.yaml:4: unknown key \"bulks\" of keep; did you mean \"bulk\"?"},
		{"points", tenant("points: {enable: true}"), "shop.yaml:4: unknown key \"enable\" of points; did you mean \"enabled\"?"},
		{"no rule of earning", tenant("points: {earn: {}}"), "shop.yaml:4: earn of points: give unit_price and unit, such as {unit_price: 100, unit: 1}, or a rate, such as {rate: 0.01}"},
		{"half a rule of earning", tenant("points:", "  earn: {unit: 1}"), "shop.yaml:5: earn of points: give unit_price and unit, such as {unit_price: 100, unit: 1}, or a rate, such as {rate: 0.01}"},
		{"two rules of earning", tenant("points: {earn: {unit_price: 100, unit: 1, rate: 0.01}}"), "shop.yaml:4: rate of earn: give either unit_price and unit, or rate"},
		{"rate in percent", tenant("points: {earn: {rate: 1%}}"), "shop.yaml:4: rate of earn: must be a decimal from 0 to 100, such as 0.01 for one point per hundred, not \"1%\""},
		{"negative rate", tenant("points: {earn: {rate: -0.01}}"), "shop.yaml:4: rate of earn: must be a decimal from 0 to 100, such as 0.01 for one point per hundred, not -0.01"},
		{"high rate", tenant("points: {earn: {rate: 100.5}}"), "shop.yaml:4: rate of earn: must be a decimal from 0 to 100, such as 0.01 for one point per hundred, not 100.5"},
		{"rate with an exponent", tenant("points: {earn: {rate: 1e-2}}"), "shop.yaml:4: rate of earn: must be a decimal from 0 to 100, such as 0.01 for one point per hundred, not \"1e-2\""},
		{"a list as a rate", tenant("points: {earn: {rate: [1]}}"), "shop.yaml:4: rate of earn: must be a decimal from 0 to 100, such as 0.01 for one point per hundred, not a list"},
		{"a number as earn", tenant("points: {earn: 1}"), "shop.yaml:4: earn must be a mapping of keys to values, not a single value"},
		{"unit price of nothing", tenant("points: {earn: {unit_price: 0, unit: 1}}"), "shop.yaml:4: unit_price of earn: must be 1 to 9999999, not 0"},
		{"unit of three places", tenant("points: {earn: {unit_price: 100, unit: 0.125}}"), "shop.yaml:4: unit of earn: \"0.125\" is not a decimal number with at most two places"},
		{"unknown key of earn", tenant("points: {earn: {rate: 0.01, units: 1}}"), "shop.yaml:4: unknown key \"units\" of earn; did you mean \"unit\"?"},
		{"first day of earning", tenant("points: {earn: {rate: 0.01, from: 2026-02-30}}"), "shop.yaml:4: from of earn: \"2026-02-30\" is not a date; write it as 2026-11-02"},
		{"usable before", tenant("points: {usable_after_days: -1}"), "shop.yaml:4: usable_after_days of points: must be 0 to 3650, not -1"},
		{"what counts", tenant("points: {counts: {tax: no}}"), "shop.yaml:4: tax of counts: must be true or false, not \"no\""},
		{"refunds", tenant("points: {refunds: keep}"), "shop.yaml:4: refunds of points: must be one of owe, forgive, not \"keep\""},
		{"negative limit", tenant("points: {entry_limits: {staff: -1}}"), "shop.yaml:4: staff of entry_limits: must be 0 to 999999999, not -1"},
		{"limit of nobody", tenant("points: {entry_limits: {clerk: 1}}"), "shop.yaml:4: unknown key \"clerk\" of entry_limits; known keys are staff, admin, confirm_above"},
		{"one limit for all", tenant("points: {entry_limits: 1000}"), "shop.yaml:4: entry_limits must be a mapping of keys to values, not a single value"},
		{"expiry", tenant("points: {expires_after_months: -1}"), "shop.yaml:4: expires_after_months of points: must be 0 to 1200, not -1"},
		{"programme start", tenant("rank_programme: {start: 2026-13}"), "shop.yaml:4: start of rank_programme: \"2026-13\" is not a month; write it as 2026-11"},
		{"programme window", tenant("rank_programme: {window_months: 0}"), "shop.yaml:4: window_months of rank_programme: must be 1 to 1200, not 0"},
		{"rate limit", tenant("rate_limits: {times: 0}"), "shop.yaml:4: times of rate_limits: must be 1 to 1000, not 0"},
		{"demotion", tenant("rank_programme: {demotion: two_step}"), "shop.yaml:4: demotion of rank_programme: must be one of one_step, earned, not \"two_step\""},
	}
}

// wrongCatalogues have something wrong in what members and stock refer to.
func wrongCatalogues() []scenario {
	return []scenario{
		{"rank without name", tenant("ranks: [{id: 1}]"), "shop.yaml:4: missing key \"name\" of a rank"},
		{"rank id", tenant("ranks: [{id: 0, name: a}]"), "shop.yaml:4: id of a rank: must be 1 to 999999999999999, not 0"},
		{"id in quotes", tenant("ranks: [{id: \"1\", name: a}]"), "shop.yaml:4: id of a rank: must be a whole number in plain digits, not \"1\""},
		{"id in octal", tenant("ranks: [{id: 010, name: a}]"), "shop.yaml:4: id of a rank: must be a whole number in plain digits, not 010"},
		{"rank id twice", tenant("ranks:", "  - {id: 1, name: a}", "  - {id: 1, name: b}"), "shop.yaml:6: the id 1 of a rank is given twice; the first is on line 5"},
		{"rank code twice", tenant("ranks:", "  - {id: 1, code: G, name: a}", "  - {id: 2, code: g, name: b}"), "shop.yaml:6: the code \"g\" of a rank is given twice; the first is on line 5"},
		{"long rank code", tenant("staff_ranks: [{id: 1, code: aaaaaaaaaaaaaaaaaaaaa, name: a}]"), "shop.yaml:4: code of a staff rank: must be 1 to 20 characters"},
		{"rank name twice", tenant("ranks:", "  - {id: 1, name: Gold}", "  - {id: 2, name: ' gold'}"), "shop.yaml:6: the name \" gold\" of a rank is given twice; the first is on line 5"},
		{"rank uid", tenant("ranks: [{id: 1, name: a, uid: b}]"), "shop.yaml:4: uid of a rank: \"b\" is not a UUID"},
		{"ratio", tenant("ranks: [{id: 1, name: a, ratio: 1%}]"), "shop.yaml:4: ratio of a rank: must be a number from 0 to 100, such as 0.01 for one point per hundred, not \"1%\""},
		{"staff rank name twice", tenant("staff_ranks:", "  - {id: 1, name: a}", "  - {id: 2, name: a}"), "shop.yaml:6: the name \"a\" of a staff rank is given twice; the first is on line 5"},
		{"store kind", tenant("stores: [{id: 1, name: a, kind: shops}]"), "shop.yaml:4: kind of a store: unknown value \"shops\"; did you mean \"shop\"?"},
		{"store code twice", tenant("stores:", "  - {id: 1, name: a, code: x}", "  - {id: 2, name: b, code: x}"), "shop.yaml:6: the code \"x\" of a store is given twice; the first is on line 5"},
		{"product id twice", tenant("products:", "  - {id: 1, name: a}", "  - {id: 1, name: b}"), "shop.yaml:6: the id 1 of a product is given twice; the first is on line 5"},
		{"staff without store", tenant("stores: [{id: 1, name: a}]", "staff: [{id: 1, name: b, store: 2}]"), "shop.yaml:5: store of a member of staff: no store of this tenant has the id 2"},
	}
}

// wrongMembers have something wrong in members or purchases.
func wrongMembers() []scenario {
	return []scenario{
		{"member key", tenant("members:", "  - id: 1", "    post_code: 100-0001"), "shop.yaml:6: unknown key \"post_code\" of a member; did you mean \"postal_code\"?"},
		{"member id", tenant("members: [{id: 10000000000}]"), "shop.yaml:4: id of a member: must be 1 to 9999999999, not 10000000000"},
		{"member id twice", tenant("members:", "  - {id: 1}", "  - {id: 1}"), "shop.yaml:6: the id 1 of a member is given twice; the first is on line 5"},
		{"member code twice", tenant("members:", "  - {code: a}", "  - {code: a}"), "shop.yaml:6: the code \"a\" of a member is given twice; the first is on line 5"},
		{"member alias code twice", tenant("members:", "  - {id: 1, alias_code: a}", "  - {id: 2, alias_code: a}"), "shop.yaml:6: the alias_code \"a\" of a member is given twice; the first is on line 5"},
		{"member of nothing", tenant("members:", "  - last_name: 山田"), "shop.yaml:5: a member must have an id or a code; otherwise every run would create another one"},
		{"no code", tenant("members: [{id: 1, code: null}]"), "shop.yaml:4: code of a member: must not be empty; leave the key out to keep the code or have one generated"},
		{"status", tenant("members: [{id: 1, status: active}]"), "shop.yaml:4: status of a member: unknown value \"active\"; did you mean \"ACTIVE\"?"},
		{"no status", tenant("members: [{id: 1, status: null}]"), "shop.yaml:4: status of a member: must not be null; leave the key out to keep the status"},
		{"sex", tenant("members: [{id: 1, sex: F}]"), "shop.yaml:4: sex of a member: must be one of MALE, FEMALE, OTHER, not \"F\""},
		{"date", tenant("members: [{id: 1, birth_date: 1990-02-30}]"), "shop.yaml:4: birth_date of a member: \"1990-02-30\" is not a date; write it as 2026-11-02"},
		{"point unit", tenant("members: [{id: 1, point_unit: 1.555, point_unit_price: 1}]"), "shop.yaml:4: point_unit of a member: \"1.555\" is not a decimal number with at most two places\nshop.yaml:4: point_unit_price of a member: point_unit_price and point_unit must be given together"},
		{"half a point unit", tenant("members: [{id: 1, point_unit: 1.5}]"), "shop.yaml:4: point_unit of a member: point_unit_price and point_unit must be given together"},
		{"active and left", tenant("members:", "  - id: 1", "    leave_date: 2026-01-01", "    status: ACTIVE"), "shop.yaml:6: leave_date of a member: an ACTIVE member cannot have a leave date"},
		{"left without a date", tenant("members: [{id: 1, status: LEFT, leave_date: null}]"), "shop.yaml:4: leave_date of a member: a member who LEFT must have a leave date; leave the key out for today"},
		{"address twice", tenant("members: [{id: 1, prefecture: 東京都, address: 東京都千代田区}]"), "shop.yaml:4: address of a member: give either address or prefecture, address1 and address2"},
		{"rank by name", tenant("ranks: [{id: 1, name: Gold}]", "members: [{id: 1, rank: Silver}]"), "shop.yaml:5: rank of a member: \"Silver\" is not among this tenant's ranks"},
		{"rank by id", tenant("members: [{id: 1, rank: 2}]", "ranks: [{id: 1, name: Gold}]"), "shop.yaml:4: rank of a member: 2 is not among this tenant's ranks"},
		{"staff rank", tenant("staff_ranks: [{id: 1, name: 社員}]", "members: [{id: 1, staff_rank: 店長}]"), "shop.yaml:5: staff_rank of a member: \"店長\" is not among this tenant's staff_ranks"},
		{"store by name", tenant("members: [{id: 1, store: 本店}]"), "shop.yaml:4: store of a member: no store of this tenant is named \"本店\""},
		{"store of two", tenant("stores: [{id: 1, name: a}, {id: 2, name: a}]", "members: [{id: 1, store: a}]"), "shop.yaml:5: store of a member: 2 stores are named \"a\"; use the id"},
		{"warehouse", tenant("stores: [{id: 1, name: 倉庫, kind: warehouse}]", "members: [{id: 1, store: 1}]"), "shop.yaml:5: store of a member: \"倉庫\" is a store of the kind warehouse; a member's store must be a shop"},
		{"purchase without anything", tenant("purchases: [{}]"), "shop.yaml:4: missing key \"member\" of a purchase\nshop.yaml:4: missing key \"id\" of a purchase\nshop.yaml:4: missing key \"amount\" of a purchase\nshop.yaml:4: missing key \"at\" of a purchase"},
		{"purchase without a zone", tenant("purchases: [{member: a, id: b, amount: 1, at: 2026-11-01T10:00:00}]"), "shop.yaml:4: at of a purchase: \"2026-11-01T10:00:00\" is not a time with an offset; write it as 2026-11-01T10:00:00+09:00"},
		{"tax above the amount", tenant("purchases: [{member: a, id: b, amount: 100, tax: 101, at: 2026-11-01T10:00:00Z}]"), "shop.yaml:4: amount of a purchase: must be at least tax and used_points together, which are part of it"},
		{"purchase twice", tenant("purchases:", "  - {member: a, id: b, amount: 1, at: 2026-11-01T10:00:00Z}", "  - {member: a, id: b, amount: 1, at: 2026-11-01T10:00:00Z}"), "shop.yaml:6: the id \"b\" of a purchase is given twice; the first is on line 5"},
		{"amount", tenant("purchases: [{member: a, id: b, amount: 1.5, at: 2026-11-01T10:00:00Z}]"), "shop.yaml:4: amount of a purchase: must be a whole number in plain digits, not 1.5"},
	}
}

// wrongAccess have something wrong in who may call or sign in.
func wrongAccess() []scenario {
	return []scenario{
		{"shopify", tenant("shopify: {secret: a}"), "shop.yaml:4: unknown key \"secret\" of shopify; known keys are webhook_secret"},
		{"telephone", tenant("members: [{id: 1, phone: 電話なし}]"), "shop.yaml:4: phone of a member: must be in the form half-width letters, digits and signs, not \"電話なし\""},
		{"long telephone", tenant("members: [{id: 1, fax: 012345678901234567890}]"), "shop.yaml:4: fax of a member: must be at most 20 characters, not 21: \"012345678901234567890\""},
		{"e-mail", tenant("members:", "  - id: 1", "    email2: taro.example.com"), "shop.yaml:6: email2 of a member: must be in the form name@example.com, not \"taro.example.com\""},
		{"account", tenant("members: [{id: 1, bank_account_number: 123}]"), "shop.yaml:4: bank_account_number of a member: must be in the form 7 digits"},
		{"long name", tenant("members: [{id: 1, last_name: " + strings.Repeat("長", 86) + "}]"), "shop.yaml:4: last_name of a member: must be at most 85 characters, not 86: \"" + strings.Repeat("長", 86) + "\""},
		{"console role", tenant("console_users: [{login: a, password: bbbbbbbbbb, role: root}]"), "shop.yaml:4: role of a console user: must be one of viewer, staff, admin, not \"root\""},
		{"login twice", tenant("console_users:", "  - {login: a, password: bbbbbbbbbb}", "  - {login: a, password: cccccccccc}"), "shop.yaml:6: the login \"a\" is given twice; the first is on line 5"},
		{"dialect", tenant("clients: [{name: a, dialect: smareji, client_id: b}]"), "shop.yaml:4: dialect of a client: unknown value \"smareji\"; did you mean \"smaregi\"?"},
		{"client without dialect", tenant("clients: [{name: a}]"), "shop.yaml:4: missing key \"dialect\" of a client"},
		{"client twice", tenant("clients:", "  - {name: a, dialect: recore}", "  - {name: a, dialect: smaregi}"), "shop.yaml:6: the name \"a\" of a client is given twice; the first is on line 5"},
		{"key of another dialect", tenant("clients: [{name: a, dialect: easypoints, client_id: b}]"), "shop.yaml:4: unknown key \"client_id\" of a client of easypoints; known keys are name, dialect, store, scopes, public_key, secret_key"},
		{"scope", tenant("clients:", "  - name: a", "    dialect: smaregi", "    scopes:", "      - pos.customer:write"), "shop.yaml:8: scopes of a client of smaregi: unknown value \"pos.customer:write\"; did you mean \"pos.customers:write\"?"},
		{"scope of another API", tenant("clients: [{name: a, dialect: smaregi, scopes: [\"order-shipment.stores:read\", openid, \"pos.stock-taking:read\", \"order-shipment.Stores\"]}]"), "shop.yaml:4: scopes of a client of smaregi: unknown value \"order-shipment.Stores\""},
		{"scope of another dialect", tenant("clients: [{name: a, dialect: recore, scopes: [\"pos.stock:read\"]}]"), "shop.yaml:4: scopes of a client of recore: unknown value \"pos.stock:read\""},
		{"kind", tenant("clients: [{name: a, dialect: smaregi, kind: person}]"), "shop.yaml:4: kind of a client of smaregi: must be one of app, user, not \"person\""},
		{"webhook secret", tenant("clients: [{name: a, dialect: smaregi, webhook_secret: change-me}]"), "shop.yaml:4: webhook_secret of a client of smaregi: must be whsec_ and at least 24 bytes in base64; leave the key out to have one generated"},
		{"token of an app", tenant("clients: [{name: a, dialect: smaregi, access_token: bbbbbbbbbbbbbbbb}]"), "shop.yaml:4: access_token of a client of smaregi: only a client of the kind user has one; an app requests its tokens"},
		{
			"key of another tenant", "tenants:\n  - {id: a, name: a, clients: [{name: a, dialect: smaregi, client_id: x}, {name: b, dialect: easypoints, public_key: x}]}\n" +
				"  - {id: b, name: b, clients: [{name: a, dialect: smaregi, client_id: x}]}\n",
			"shop.yaml:3: the client_id \"x\" is given twice; the first is on line 2",
		},
		{"token twice", tenant("clients:", "  - {name: a, dialect: smaregi, kind: user, access_token: secret-secret-secret}", "  - {name: b, dialect: smaregi, kind: user, access_token: secret-secret-secret}"), "shop.yaml:6: this access_token is given twice; the first is on line 5"},
	}
}

// TestSecretsAreNotRepeated writes secrets and what is sensitive of members where they are wrong: reports are passed around.
func TestSecretsAreNotRepeated(t *testing.T) {
	t.Parallel()
	for _, lines := range [][]string{
		{"console_users: [{login: a, role: admin, password: *hunter2hunter2}]"},
		{"console_users: [{login: a, role: admin, password: |hunter2}]"},
		{"console_users:", "  - login: a", "    password: |hunter2"},
		{"console_users:", "  - login: a", "    password: >hunter2"},
		{"console_users: hunter2"},
		{"console_users: [hunter2]"},
		{"console_users: [{login: a, role: admin, password: [hunter2]}]"},
		{"shopify: hunter2"},
		{"shopify: [hunter2]"},
		{"shopify: {webhook_secret: {hunter2: x}}"},
		{"clients: hunter2"},
		{"clients: [hunter2]"},
		{"clients: [{name: p, dialect: smaregi, client_secret: *hunter2}]"},
		{"members: [{id: 1, pin: hunter2hunter2hunter2hunter2}]"},
		{"members: [{id: 1, bank_account_number: hunter2hunter2}]"},
		{"sensitive_columns: [{name: email, see: admin}]", "members: [{id: 1, email: hunter2" + strings.Repeat("x", 300) + "}]"},
	} {
		_, err := Read("shop.yaml", []byte(tenant(lines...)))
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v: %v", lines, err)
		}
	}
}

// wrongInMany have several problems, which are reported together and by line.
func wrongInMany() []scenario {
	return []scenario{
		{
			"several", tenant("plan: gold", "members:", "  - {id: 1, rnk: a}", "  - {id: 1, status: GONE}", "curency: JPY"),
			"shop.yaml:4: plan of a tenant: must be one of starter, standard, premium, premium_plus, food_business, retail_business, not \"gold\"\n" +
				"shop.yaml:6: unknown key \"rnk\" of a member; did you mean \"rank\"?\n" +
				"shop.yaml:7: status of a member: must be one of TENTATIVE, ACTIVE, SUSPENDED, LOST, LEFT, MERGED, not \"GONE\"\n" +
				"shop.yaml:7: the id 1 of a member is given twice; the first is on line 6\n" +
				"shop.yaml:8: unknown key \"curency\" of a tenant; did you mean \"currency\"?",
		},
		{
			"very many", tenant(append([]string{"members:"}, strings.Split(strings.Repeat("  - {}\n", 60), "\n")...)...),
			manyProblems(),
		},
	}
}

func manyProblems() string {
	var b strings.Builder
	for line := 5; line < 55; line++ {
		b.WriteString(Problem{"shop.yaml", line, "a member must have an id or a code; otherwise every run would create another one"}.Error() + "\n")
	}
	return b.String() + "… and 10 more"
}
