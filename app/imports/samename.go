package imports

import (
	"strings"

	"golang.org/x/text/unicode/norm"

	"noren"
	"noren/lenient"
)

// disagrees reports whether the name that a file gives is not that of the member. What one of them does not have is not compared.
func disagrees(last, first string, m noren.Member) bool {
	differs := func(given string, stored *string) bool {
		return given != "" && noren.Deref(stored) != "" && foldPerson(given) != foldPerson(*stored)
	}
	if last != "" && first == "" && noren.Deref(m.FirstName) != "" && foldPerson(last) == foldPerson(noren.Deref(m.LastName)+*m.FirstName) {
		return false // the whole name in one column
	}
	return differs(last, m.LastName) || differs(first, m.FirstName)
}

// agrees reports whether the file gives a name, and all of it is the member's.
func agrees(last, first string, m noren.Member) bool {
	return !disagrees(last, first, m) && (last != "" && noren.Deref(m.LastName) != "" || first != "" && noren.Deref(m.FirstName) != "")
}

// variants are kanji that are written in several ways in one and the same name.
var variants = strings.NewReplacer("髙", "高", "﨑", "崎", "邊", "辺", "邉", "辺", "齋", "斉", "斎", "斉", "齊", "斉", "𠮷", "吉", "澤", "沢", "廣", "広",
	"濱", "浜", "國", "国", "嶋", "島", "嶌", "島", "櫻", "桜", "眞", "真", "德", "徳", "瀨", "瀬", "榮", "栄", "惠", "恵", "龍", "竜")

// foldPerson is the form in which names of persons are compared: without width, case, blanks and the variants of kanji.
func foldPerson(name string) string {
	name = variants.Replace(strings.ToLower(norm.NFKC.String(lenient.Kana(name))))
	return strings.Join(strings.Fields(name), "")
}
