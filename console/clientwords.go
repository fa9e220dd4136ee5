package console

import (
	"slices"
	"strings"
	"unicode"

	"noren"
)

// fieldMoreScopes has the scopes that a form cannot list, because only how they begin is known.
const fieldMoreScopes = "more_scopes"

// betweenScopes reports whether the character separates scopes that somebody has typed.
func betweenScopes(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(",、，", r) }

// scopeWord is the message that says what a scope opens.
const scopeWord = "scope."

// scopesBy are the scopes to choose from, in three groups: those that open something here, those that open nothing, and those that
// only stand for others.
func (p *page) scopesBy(form clientForm) (served, others, open []string) {
	for _, scope := range form.scopes {
		switch _, described := p.console.words[scopeWord+scope]; {
		case noren.IsOpenScope(scope):
			open = append(open, scope)
		case described:
			served = append(served, scope)
		default:
			others = append(others, scope)
		}
	}
	return served, others, open
}

// opens says what the scope opens; "" if that is nothing.
func (p *page) opens(scope string) string {
	if _, described := p.console.words[scopeWord+scope]; !described {
		return ""
	}
	return p.T(scopeWord + scope)
}

// openForms shows how scopes look that open ones stand for: order-shipment.○○:read.
func openForms(open []string) string {
	forms := make([]string, 0, 2*len(open))
	for _, scope := range open {
		family := strings.TrimSuffix(scope, "*")
		forms = append(forms, family+"…:read", family+"…:write")
	}
	return strings.Join(forms, ", ")
}

// choosesOther reports whether the form has to show the scopes that open nothing.
func (p *page) choosesOther(form clientForm, others []string) bool {
	return p.typed(fieldMoreScopes, form.more) != "" ||
		slices.ContainsFunc(others, func(scope string) bool { return p.ticks("scope", scope, slices.Contains(form.client.Scopes, scope)) })
}

// lastUsed is the time of a client's last request.
func (p *page) lastUsed(c noren.Client) string {
	if c.LastUsedAt == nil {
		return p.T("clients.never_used")
	}
	return p.at(*c.LastUsedAt)
}

// numberOr is the number in the form of a field; "" for nil.
func numberOr(n *int64) string {
	if n == nil {
		return ""
	}
	return number(*n)
}

// formNumber is a positive number from a field of the form; 0 if it is not one.
func (p *page) formNumber(name string) int64 {
	return positive(p.field(name))
}

// scopeWords say what each scope opens that an endpoint here requires.
func scopeWords() map[string]text {
	return map[string]text{
		"scope.pos.customers:read":     {"会員を参照する", "See members"},
		"scope.pos.customers:write":    {"会員を一括で更新し、その結果を見る", "Update members in bulk and see the results"},
		"scope.pos.stock:read":         {"在庫数を参照する", "See quantities in stock"},
		"scope.pos.stock:write":        {"在庫数を一括で更新し、その結果を見る", "Set quantities in bulk and see the results"},
		"scope.pos.stock-changes:read": {"在庫の変動履歴を参照する", "See movements of stock"},
		"scope.pos.stores:read":        {"店舗を参照する", "See stores"},
		"scope.pos.products:read":      {"商品を参照する", "See products"},

		"scope.member:index":              {"会員を検索する", "Search members"},
		"scope.member:show":               {"会員を1人ずつ参照する", "See one member at a time"},
		"scope.member:store":              {"会員を登録する", "Add members"},
		"scope.member:update":             {"会員情報を変更する", "Change members"},
		"scope.member:bulk:store":         {"会員を一括で登録する", "Add members in bulk"},
		"scope.member:bulk:update":        {"会員情報を一括で変更する", "Change members in bulk"},
		"scope.member:point:update":       {"ポイントを付与・減算する", "Give and deduct points"},
		"scope.member:note:index":         {"会員のメモを参照する", "See notes"},
		"scope.member:note:store":         {"会員にメモを追加する", "Add notes"},
		"scope.member:note:destroy":       {"会員のメモを削除する", "Delete notes"},
		"scope.member:attachment:store":   {"ファイルをアップロードし、会員に登録する", "Upload files and attach them to members"},
		"scope.member:attachment:destroy": {"会員のファイルを削除する", "Delete members' files"},
		"scope.staff:index":               {"スタッフを検索する", "Search staff"},
		"scope.staff:show":                {"スタッフを1人ずつ参照する", "See one member of staff at a time"},

		"scope.read_point_balances":  {"ポイント残高、会員ランク、ポイント履歴を参照する", "See balances, ranks and movements of points"},
		"scope.write_point_balances": {"ポイントの付与・減算、残高と会員ランクの設定を行う", "Give and deduct points, set balances and ranks"},
		"scope.read_point_histories": {"ポイント履歴だけを参照する", "See movements of points only"},

		"scope.person:read":  {"会員1人分の保有データをすべて取り出す", "Take out everything stored of a member"},
		"scope.person:erase": {"会員の個人データを消去する", "Erase a member's personal data"},
	}
}
