package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"

	"noren"
	"noren/app/imports"
	"noren/csvfile"
)

// tell prints a text in the language of the terminal.
func (r importing) tell(ja, en string, args ...any) { say(r.std.out, r.std.words(ja, en), args...) }

// line prints the line in the language of the terminal.
func (r importing) line(ja, en string) { say(r.std.out, "%s\n", r.std.words(ja, en)) }

// kindNames are the kinds of lines in Japanese.
func kindNames() map[noren.ImportKind]string {
	return map[noren.ImportKind]string{
		noren.ImportMembers: "会員", noren.ImportProducts: "商品", noren.ImportStock: "在庫", noren.ImportPurchases: "購入",
		noren.ImportPoints: "ポイント",
	}
}

// oneOf is what one line of the kind is about.
func (r importing) oneOf(k noren.ImportKind) string {
	return r.std.words(kindNames()[k], strings.TrimSuffix(string(k), "s"))
}

// field is a field for people. In English it is the one that --map takes.
func (r importing) field(k noren.ImportKind, name string) string {
	return r.std.words(cmp.Or(csvfile.Labels(k)[name], name), name)
}

// head prints how the columns were mapped and the counts of lines.
func (r importing) head(i noren.Import, would bool) {
	contract := r.caller.Tenant.Contract
	r.line(fmt.Sprintf("%s: %sから%sを%s行読み取りました(%s)", contract, i.FileName, kindNames()[i.Kind], number(i.Total), i.Encoding),
		fmt.Sprintf("%s: %s of %s from %s (%s)", contract, counted(i.Total, "line", "lines"), i.Kind, i.FileName, i.Encoding))
	for _, c := range i.Columns {
		if field := r.field(i.Kind, c.Field); c.Field != "" && field != c.Header {
			say(r.std.out, "  %s → %s\n", c.Header, field)
		} else if c.Field == "" {
			r.tell("  %s: 取り込まない\n", "  %s: not imported\n", c.Header)
		}
	}
	counts := []any{number(i.Created), number(i.Updated), number(i.Unchanged), number(i.Refused)}
	if would {
		r.tell("  見込み: 新規%s行、更新%s行、変更なし%s行、取り込めない行%s行\n",
			"  %s would be created, %s updated, %s unchanged, %s refused\n", counts...)
		return
	}
	r.tell("  新規%s行、更新%s行、変更なし%s行、取り込めない行%s行\n", "  %s created, %s updated, %s unchanged, %s refused\n", counts...)
}

// fields prints how members would change, field by field, with some of them.
func (r importing) fields(k noren.ImportKind, list []imports.FieldChange) {
	for _, f := range list {
		r.line(fmt.Sprintf("  変更される項目: %s(会員%s人)", r.field(k, f.Field), number(f.Members)),
			fmt.Sprintf("  %s would change for %s:", f.Field, counted(f.Members, "member", "members")))
		for _, s := range f.Samples {
			words := f.Words
			if s.Before == s.After { // they are sensitive, and left out
				words = imports.AsTheyAre
			}
			say(r.std.out, "    %s: %q → %q\n", s.Member, r.value(words, s.Before), r.value(words, s.After))
		}
	}
}

// value is a value of a field for people.
func (r importing) value(words imports.Words, value string) string {
	if w, ok := csvfile.ValueWords()[value]; ok && words != imports.AsTheyAre {
		return r.std.words(w.Japanese, w.English)
	}
	return value
}

// points prints the totals of points.
func (r importing) points(t *imports.Totals) {
	if t == nil {
		return
	}
	r.line(fmt.Sprintf("  ファイルの会員のポイント合計: 取り込み前 %d(登録済みの会員%s人)、取り込み後 %d(新規の会員を含む)", t.Before, number(t.Members), t.After),
		fmt.Sprintf("  points of the file's members: %d before (of %s), %d after (with new ones)",
			t.Before, counted(t.Members, "stored member", "stored members"), t.After))
	if t.Later > 0 {
		r.tell("  そのうち後日から使えるポイント: %d\n", "  of these, points that can be used from a later day on: %d\n", t.Later)
	}
	if t.File > 0 {
		r.tell("  ファイルに書かれたポイントの合計(取り込めない行を除く): %d\n", "  points in the file, without refused lines: %d\n", t.File)
	}
}

// told prints what there is to say about lines that are not refused for it.
func (r importing) told(k noren.ImportKind, remarks []noren.ImportProblem, all int) {
	if all == 0 {
		return
	}
	w := r.problemTable(true)
	for _, p := range remarks {
		r.printProblem(w, k, p)
	}
	if more := all - len(remarks); more > 0 {
		say(w, r.std.words("  ほか%s件\n", "  and %s more\n"), number(more))
	}
	_ = w.Flush() // to a terminal or a pipe: there is nobody to tell
}

// problemTable begins the table of refused lines, or of remarks about others.
func (r importing) problemTable(remarks bool) *table {
	w := newTable(r.std.out)
	if remarks {
		say(w, "%s", r.std.words("  行\t項目\t確認事項\n", "  LINE\tFIELD\tNOTE\n"))
		return w
	}
	say(w, "%s", r.std.words("  行\t項目\t理由\n", "  LINE\tFIELD\tREASON\n"))
	return w
}

// printProblem prints one problem. A line with several problems has several rows.
func (r importing) printProblem(w io.Writer, k noren.ImportKind, p noren.ImportProblem) {
	field := cmp.Or(p.Field, "-")
	if p.Field != "" {
		field = r.field(k, p.Field)
	}
	switch reason := r.reason(k, p); {
	case p.Value == "":
		say(w, "  %d\t%s\t%s\n", p.Line, field, reason)
	case r.std.japanese:
		say(w, "  %d\t%s\t「%s」: %s\n", p.Line, field, p.Value, reason)
	default:
		say(w, "  %d\t%s\t%q: %s\n", p.Line, field, p.Value, reason)
	}
}

// reason is why a line is refused, and in which form it would not be.
func (r importing) reason(k noren.ImportKind, p noren.ImportProblem) string {
	if !r.std.japanese {
		return p.Message
	}
	words := csvfile.JapaneseSentence(p)
	switch p.Reason {
	case noren.ReasonOtherPerson, noren.ReasonNumberAlone:
		by := imports.ByID
		if p.Field == "code" || p.Field == "member" { // of members, or of points
			by = imports.ByCode
		}
		other := "別の会員であればこの欄を空欄にしてください"
		if p.Field == "id" {
			other = "別の会員であればこの欄を空欄にするか、--by code を指定してください"
		}
		return words + "。行を修正するか、" + other + "。同じ会員であれば --by " + by + " を指定してください"
	case noren.ReasonDiffers:
		if k == noren.ImportPoints {
			words += "。追加のポイントには別の付与IDを指定してください"
		}
		return words
	case noren.ReasonAlike:
		way := map[noren.ImportKind]string{
			noren.ImportMembers:  "修正するか、別の会員であれば --by " + imports.ByCode + " を指定してください",
			noren.ImportProducts: "修正するか、別の商品であれば商品IDを指定してください",
		}
		return words + "。登録されているとおりに" + cmp.Or(way[k], "修正してください")
	default:
		return words
	}
}

// explain words the reasons in the file of refused lines; nil: as the file does itself.
func (r importing) explain(k noren.ImportKind) func(noren.ImportProblem) string {
	if !r.std.japanese {
		return nil
	}
	return func(p noren.ImportProblem) string {
		words := r.reason(k, p)
		if p.Value != "" {
			words = "「" + p.Value + "」: " + words
		}
		if p.Field != "" {
			words = r.field(k, p.Field) + ": " + words
		}
		return words
	}
}

// unusable turns what is wrong with the column mapping into a usage error.
func unusable(std streams, k noren.ImportKind, err error) error {
	list, ok := errors.AsType[noren.Refusals](err)
	switch {
	case !ok:
		return err
	case !std.japanese:
		return usageError{fmt.Errorf("%w; map columns with --map HEADER=FIELD", list)}
	}
	var words []string
	for _, e := range list {
		field := "「" + cmp.Or(csvfile.Labels(k)[e.Field], e.Field) + "」(" + e.Field + ")"
		switch {
		case e.Reason == noren.ReasonMissing && e.Field == "fields":
			words = append(words, "取り込む項目に対応する列がありません")
		case e.Reason == noren.ReasonMissing:
			words = append(words, field+"に対応する列がありません")
		case e.Reason == noren.ReasonDuplicate:
			words = append(words, field+"に対応する列が複数あります")
		case e.Reason == noren.ReasonUnknownWord && e.Field == "fields":
			words = append(words, "「"+e.Value+"」という項目はありません")
		default:
			words = append(words, e.Error())
		}
	}
	return usageError{errors.New(strings.Join(words, "、") + "。--map 見出し=項目 で対応を指定してください")}
}
