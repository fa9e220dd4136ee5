package shopfile

import (
	"slices"
	"strings"
	"testing"
)

// scenario is a file with something wrong and the whole message about it.
type scenario struct{ name, file, want string }

// TestWrong pins the line and the words of every problem.
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
		{"empty", "", "shop.yaml:1: the file is empty; it needs tenants:"},
		{"only a comment", "# later\n", "shop.yaml:1: the file is empty; it needs tenants:"},
		{"two documents", "tenants: []\n---\ntenants: []\n", "shop.yaml:3: a shop file is one YAML document; put all tenants under the first"},
		{"Shift_JIS", "tenants:\n  - id: a\n    name: \x93\x58\n", "shop.yaml:3: the file is not UTF-8 here; if it is Shift_JIS, save it as UTF-8"},
		{"not YAML", "tenants:\n  - id: a\n   name: b\n", "shop.yaml:3: this is not YAML: value is not allowed in this context"},
		{"unclosed list", "tenants: [", "shop.yaml:1: this is not YAML: sequence end token ']' not found"},
		{"a list", "- id: a", "shop.yaml:1: the shop file is a mapping of keys to values, not a list"},
		{"no tenants", "{}", "shop.yaml:1: the shop file needs tenants"},
		{"misspelt tenants", "tenant: []", "shop.yaml:1: the shop file needs tenants\nshop.yaml:1: unknown key \"tenant\" of the shop file; did you mean \"tenants\"?"},
		{"tenants is no list", "tenants:\n  id: a\n", "shop.yaml:1: tenants of the shop file: this is a list with an entry (- or […]) for each tenant, not a mapping"},
		{"tenant is no mapping", "tenants:\n  - a\n", "shop.yaml:2: a tenant is a mapping of keys to values, not \"a\""},
		{"tenant is nothing", "tenants:\n  -\n", "shop.yaml:2: a tenant is a mapping of keys to values, not nothing"},
		{"unknown alias", tenant("plan: *p"), "shop.yaml:4: there is no anchor &p for *p"},
		{"alias of itself", tenant("ranks: &p [*p]"), "shop.yaml:4: a rank is a mapping of keys to values, not a list"},
		{"merge key", tenant("points: &p {enabled: true}", "rank_programme: {<<: *p}"), "shop.yaml:5: merge keys (<<) are not understood; write the keys out, or use an alias for a whole value"},
		{"tag", tenant("plan: !!binary eA=="), "shop.yaml:4: plan of a tenant: this is a text, not Tag; write it in quotes"},
		{"key is no text", tenant("points: {true: 1}"), "shop.yaml:4: true is no key of points"},
	}
}

// wrongTenants have something wrong in the settings of a tenant.
func wrongTenants() []scenario {
	return []scenario{
		{"no id", "tenants:\n  - name: a\n", "shop.yaml:2: a tenant needs id"},
		{"no name", "tenants:\n  - id: a\n", "shop.yaml:2: a tenant needs name"},
		{"null name", "tenants:\n  - id: a\n    name:\n", "shop.yaml:3: a tenant needs name"},
		{"id with a slash", "tenants:\n  - {id: a/b, name: c}\n", "shop.yaml:2: id of a tenant: a contract id is 1 to 64 letters, digits, _, - or ., because it stands in addresses"},
		{"tenant twice", "tenants:\n  - {id: a, name: c}\n  - {id: a, name: d}\n", "shop.yaml:3: the tenant \"a\" is given twice; the first is in line 2"},
		{"unknown key", tenant("rank: []"), "shop.yaml:4: unknown key \"rank\" of a tenant; did you mean \"ranks\"?"},
		{"unknown key like none", tenant("zzzzzzzz: 1"), "shop.yaml:4: unknown key \"zzzzzzzz\" of a tenant"},
		{"key twice", tenant("plan: standard", "plan: premium"), "shop.yaml:5: the key \"plan\" of a tenant is given twice; the first is in line 4"},
		{"plan", tenant("plan: premium-plus"), "shop.yaml:4: plan of a tenant: \"premium-plus\" is not known; did you mean \"premium_plus\"?"},
		{"plan like none", tenant("plan: gratis"), "shop.yaml:4: plan of a tenant: \"gratis\" is not known; known are starter, standard, premium, premium_plus, food_business, retail_business"},
		{"zone", tenant("timezone: Asia/Edo"), "shop.yaml:4: timezone of a tenant: \"Asia/Edo\" is no time zone; name one of the tz database, such as Asia/Tokyo"},
		{"local zone", tenant("timezone: Local"), "shop.yaml:4: timezone of a tenant: \"Local\" is no time zone; name one of the tz database, such as Asia/Tokyo"},
		{"currency", tenant("currency: yen"), "shop.yaml:4: currency of a tenant: \"yen\" is no currency of ISO 4217; they have three capital letters, such as JPY"},
		{"boolean", tenant("headquarters_linked: yes"), "shop.yaml:4: headquarters_linked of a tenant: this is true or false, not \"yes\""},
		{"text", tenant("timezone: true"), "shop.yaml:4: timezone of a tenant: this is a text, not true; write it in quotes"},
		{"NUL", tenant(`timezone: "a\0"`), "shop.yaml:4: timezone of a tenant: a text cannot contain NUL"},
		{"required column", tenant("required_columns: [mailAdress]"), "shop.yaml:4: required_columns of a tenant: \"mailAdress\" is not known; did you mean \"mailAddress\"?"},
		{"required column twice", tenant("required_columns:", "  - rank", "  - rank"), "shop.yaml:6: the column \"rank\" is given twice; the first is in line 5"},
		{"required column as a mapping", tenant("required_columns: [{}]"), "shop.yaml:4: required_columns of a tenant: a mapping is not known"},
		{"points", tenant("points: {enable: true}"), "shop.yaml:4: unknown key \"enable\" of points; did you mean \"enabled\"?"},
		{"expiry", tenant("points: {expires_after_months: -1}"), "shop.yaml:4: expires_after_months of points: -1 is out of range; it can be 0 to 1200"},
		{"programme start", tenant("rank_programme: {start: 2026-13}"), "shop.yaml:4: start of rank_programme: \"2026-13\" is no month of the form YYYY-MM"},
		{"programme window", tenant("rank_programme: {window_months: 0}"), "shop.yaml:4: window_months of rank_programme: 0 is out of range; it can be 1 to 1200"},
		{"pace", tenant("rate_limits: {times: 0}"), "shop.yaml:4: times of rate_limits: 0 is out of range; it can be 1 to 1000"},
		{"demotion", tenant("rank_programme: {demotion: two_step}"), "shop.yaml:4: demotion of rank_programme: \"two_step\" is not known; known are one_step, earned"},
	}
}

// wrongCatalogues have something wrong in what members and stock refer to.
func wrongCatalogues() []scenario {
	return []scenario{
		{"rank without name", tenant("ranks: [{id: 1}]"), "shop.yaml:4: a rank needs name"},
		{"rank id", tenant("ranks: [{id: 0, name: a}]"), "shop.yaml:4: id of a rank: 0 is out of range; it can be 1 to 999999999999999"},
		{"id in quotes", tenant("ranks: [{id: \"1\", name: a}]"), "shop.yaml:4: id of a rank: this is a whole number in plain digits, not \"1\""},
		{"id in octal", tenant("ranks: [{id: 010, name: a}]"), "shop.yaml:4: id of a rank: this is a whole number in plain digits, not 010"},
		{"rank id twice", tenant("ranks:", "  - {id: 1, name: a}", "  - {id: 1, name: b}"), "shop.yaml:6: the id 1 of a rank is given twice; the first is in line 5"},
		{"rank name twice", tenant("ranks:", "  - {id: 1, name: Gold}", "  - {id: 2, name: ' gold'}"), "shop.yaml:6: the name \" gold\" of a rank is given twice; the first is in line 5"},
		{"rank uid", tenant("ranks: [{id: 1, name: a, uid: b}]"), "shop.yaml:4: uid of a rank: \"b\" is no UUID"},
		{"ratio", tenant("ranks: [{id: 1, name: a, ratio: 1%}]"), "shop.yaml:4: ratio of a rank: this is a number from 0 to 100, such as 0.01 for one point per hundred, not \"1%\""},
		{"staff rank name twice", tenant("staff_ranks:", "  - {id: 1, name: a}", "  - {id: 2, name: a}"), "shop.yaml:6: the name \"a\" of a staff rank is given twice; the first is in line 5"},
		{"store kind", tenant("stores: [{id: 1, name: a, kind: shops}]"), "shop.yaml:4: kind of a store: \"shops\" is not known; did you mean \"shop\"?"},
		{"store code twice", tenant("stores:", "  - {id: 1, name: a, code: x}", "  - {id: 2, name: b, code: x}"), "shop.yaml:6: the code \"x\" of a store is given twice; the first is in line 5"},
		{"product id twice", tenant("products:", "  - {id: 1, name: a}", "  - {id: 1, name: b}"), "shop.yaml:6: the id 1 of a product is given twice; the first is in line 5"},
		{"staff without store", tenant("stores: [{id: 1, name: a}]", "staff: [{id: 1, name: b, store: 2}]"), "shop.yaml:5: store of a member of staff: there is no store with the id 2"},
	}
}

// wrongMembers have something wrong in members or purchases.
func wrongMembers() []scenario {
	return []scenario{
		{"member key", tenant("members:", "  - id: 1", "    post_code: 100-0001"), "shop.yaml:6: unknown key \"post_code\" of a member; did you mean \"postal_code\"?"},
		{"member id", tenant("members: [{id: 10000000000}]"), "shop.yaml:4: id of a member: 10000000000 is out of range; it can be 1 to 9999999999"},
		{"member id twice", tenant("members:", "  - {id: 1}", "  - {id: 1}"), "shop.yaml:6: the id 1 of a member is given twice; the first is in line 5"},
		{"member code twice", tenant("members:", "  - {code: a}", "  - {code: a}"), "shop.yaml:6: the code \"a\" of a member is given twice; the first is in line 5"},
		{"member alias code twice", tenant("members:", "  - {id: 1, alias_code: a}", "  - {id: 2, alias_code: a}"), "shop.yaml:6: the alias_code \"a\" of a member is given twice; the first is in line 5"},
		{"member of nothing", tenant("members:", "  - last_name: 山田"), "shop.yaml:5: a member needs an id or a code; without either, each run would make another one"},
		{"no code", tenant("members: [{id: 1, code: null}]"), "shop.yaml:4: code of a member: a member always has a code; leave the key out to keep it or have one made"},
		{"status", tenant("members: [{id: 1, status: active}]"), "shop.yaml:4: status of a member: \"active\" is not known; did you mean \"ACTIVE\"?"},
		{"no status", tenant("members: [{id: 1, status: null}]"), "shop.yaml:4: status of a member: a member always has a status; leave the key out to keep it"},
		{"sex", tenant("members: [{id: 1, sex: F}]"), "shop.yaml:4: sex of a member: \"F\" is not known; known are MALE, FEMALE, OTHER"},
		{"date", tenant("members: [{id: 1, birth_date: 1990-02-30}]"), "shop.yaml:4: birth_date of a member: \"1990-02-30\" is not a date of the form YYYY-MM-DD"},
		{"point unit", tenant("members: [{id: 1, point_unit: 1.555, point_unit_price: 1}]"), "shop.yaml:4: point_unit of a member: \"1.555\" is not a decimal number with at most two places\nshop.yaml:4: point_unit_price of a member: point_unit_price and point_unit are given together or not at all"},
		{"half a point unit", tenant("members: [{id: 1, point_unit: 1.5}]"), "shop.yaml:4: point_unit of a member: point_unit_price and point_unit are given together or not at all"},
		{"active and left", tenant("members:", "  - id: 1", "    leave_date: 2026-01-01", "    status: ACTIVE"), "shop.yaml:6: leave_date of a member: an ACTIVE member has no leave date"},
		{"left without a date", tenant("members: [{id: 1, status: LEFT, leave_date: null}]"), "shop.yaml:4: leave_date of a member: a member who LEFT has a leave date; leave the key out for today"},
		{"address twice", tenant("members: [{id: 1, prefecture: 東京都, address: 東京都千代田区}]"), "shop.yaml:4: address of a member: this is prefecture, address1 and address2 as one text; give either it or those"},
		{"rank by name", tenant("ranks: [{id: 1, name: Gold}]", "members: [{id: 1, rank: Silver}]"), "shop.yaml:5: rank of a member: \"Silver\" is none of this tenant's ranks"},
		{"rank by id", tenant("members: [{id: 1, rank: 2}]", "ranks: [{id: 1, name: Gold}]"), "shop.yaml:4: rank of a member: 2 is none of this tenant's ranks"},
		{"staff rank", tenant("staff_ranks: [{id: 1, name: 社員}]", "members: [{id: 1, staff_rank: 店長}]"), "shop.yaml:5: staff_rank of a member: \"店長\" is none of this tenant's staff_ranks"},
		{"store by name", tenant("members: [{id: 1, store: 本店}]"), "shop.yaml:4: store of a member: there is no store named \"本店\" in this tenant's stores"},
		{"store of two", tenant("stores: [{id: 1, name: a}, {id: 2, name: a}]", "members: [{id: 1, store: a}]"), "shop.yaml:5: store of a member: 2 stores are named \"a\"; give the id"},
		{"warehouse", tenant("stores: [{id: 1, name: 倉庫, kind: warehouse}]", "members: [{id: 1, store: 1}]"), "shop.yaml:5: store of a member: \"倉庫\" is of the kind warehouse; a member belongs to a shop"},
		{"purchase without anything", tenant("purchases: [{}]"), "shop.yaml:4: a purchase needs member\nshop.yaml:4: a purchase needs id\nshop.yaml:4: a purchase needs amount\nshop.yaml:4: a purchase needs at"},
		{"purchase without a zone", tenant("purchases: [{member: a, id: b, amount: 1, at: 2026-11-01T10:00:00}]"), "shop.yaml:4: at of a purchase: \"2026-11-01T10:00:00\" is no time of the form 2026-11-01T10:00:00+09:00"},
		{"purchase twice", tenant("purchases:", "  - {member: a, id: b, amount: 1, at: 2026-11-01T10:00:00Z}", "  - {member: a, id: b, amount: 1, at: 2026-11-01T10:00:00Z}"), "shop.yaml:6: the id \"b\" of a purchase is given twice; the first is in line 5"},
		{"amount", tenant("purchases: [{member: a, id: b, amount: 1.5, at: 2026-11-01T10:00:00Z}]"), "shop.yaml:4: amount of a purchase: this is a whole number in plain digits, not 1.5"},
	}
}

// wrongAccess have something wrong in who may call or sign in.
func wrongAccess() []scenario {
	return []scenario{
		{"shopify", tenant("shopify: {secret: a}"), "shop.yaml:4: unknown key \"secret\" of shopify; known are webhook_secret"},
		{"console role", tenant("console_users: [{login: a, password: b, role: root}]"), "shop.yaml:4: role of a console user: \"root\" is not known; known are viewer, staff, admin"},
		{"login twice", tenant("console_users:", "  - {login: a, password: b}", "  - {login: a, password: c}"), "shop.yaml:6: the login \"a\" is given twice; the first is in line 5"},
		{"dialect", tenant("clients: [{name: a, dialect: smareji, client_id: b}]"), "shop.yaml:4: dialect of a client: \"smareji\" is not known; did you mean \"smaregi\"?"},
		{"client without dialect", tenant("clients: [{name: a}]"), "shop.yaml:4: a client needs dialect"},
		{"client twice", tenant("clients:", "  - {name: a, dialect: recore}", "  - {name: a, dialect: smaregi}"), "shop.yaml:6: the name \"a\" of a client is given twice; the first is in line 5"},
		{"key of another dialect", tenant("clients: [{name: a, dialect: easypoints, client_id: b}]"), "shop.yaml:4: unknown key \"client_id\" of a client of easypoints; known are name, dialect, store, scopes, public_key, secret_key"},
		{"scope", tenant("clients:", "  - name: a", "    dialect: smaregi", "    scopes:", "      - pos.customer:write"), "shop.yaml:8: scopes of a client of smaregi: \"pos.customer:write\" is not known; did you mean \"pos.customers:write\"?"},
		{"scope of another dialect", tenant("clients: [{name: a, dialect: recore, scopes: [\"pos.stock:read\"]}]"), "shop.yaml:4: scopes of a client of recore: \"pos.stock:read\" is not known"},
		{"kind", tenant("clients: [{name: a, dialect: smaregi, kind: person}]"), "shop.yaml:4: kind of a client of smaregi: \"person\" is not known; known are app, user"},
		{"webhook secret", tenant("clients: [{name: a, dialect: smaregi, webhook_secret: change-me}]"), "shop.yaml:4: webhook_secret of a client of smaregi: this is whsec_ and then base64; leave the key out to have one made"},
		{"token of an app", tenant("clients: [{name: a, dialect: smaregi, access_token: b}]"), "shop.yaml:4: access_token of a client of smaregi: only a client of the kind user has one; an app asks for its tokens"},
		{
			"key of another tenant", "tenants:\n  - {id: a, name: a, clients: [{name: a, dialect: smaregi, client_id: x}, {name: b, dialect: easypoints, public_key: x}]}\n" +
				"  - {id: b, name: b, clients: [{name: a, dialect: smaregi, client_id: x}]}\n",
			"shop.yaml:3: the client_id \"x\" is given twice; the first is in line 2",
		},
		{"token twice", tenant("clients:", "  - {name: a, dialect: smaregi, kind: user, access_token: secret}", "  - {name: b, dialect: smaregi, kind: user, access_token: secret}"), "shop.yaml:6: this access_token is given twice; the first is in line 5"},
	}
}

// wrongInMany have several things wrong, which are told at once and by line.
func wrongInMany() []scenario {
	return []scenario{
		{
			"several", tenant("plan: gold", "members:", "  - {id: 1, rnk: a}", "  - {id: 1, status: GONE}", "curency: JPY"),
			"shop.yaml:4: plan of a tenant: \"gold\" is not known; known are starter, standard, premium, premium_plus, food_business, retail_business\n" +
				"shop.yaml:6: unknown key \"rnk\" of a member; did you mean \"rank\"?\n" +
				"shop.yaml:7: status of a member: \"GONE\" is not known; known are TENTATIVE, ACTIVE, SUSPENDED, LOST, LEFT, MERGED\n" +
				"shop.yaml:7: the id 1 of a member is given twice; the first is in line 6\n" +
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
		b.WriteString(Problem{"shop.yaml", line, "a member needs an id or a code; without either, each run would make another one"}.Error() + "\n")
	}
	return b.String() + "… and 10 more"
}
