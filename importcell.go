package noren

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// maxProblemValue is how many characters of a value a problem repeats.
const maxProblemValue = 60

// problem is what is wrong with one cell, before it is known which line it is in.
type problem struct {
	reason         Reason
	limit, message string
}

// in makes it the problem of a cell.
func (p problem) in(line int, field, value string) ImportProblem {
	if runes := []rune(value); len(runes) > maxProblemValue {
		value = string(runes[:maxProblemValue]) + "…"
	}
	return ImportProblem{Line: line, Field: field, Value: value, Reason: p.reason, Limit: p.limit, Message: p.message}
}

// halfWidth turns full-width letters, digits and signs into plain ones: in numbers, dates and addresses for machines
// they are a matter of the keyboard and not of meaning.
func halfWidth(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '！' && r <= '～':
			return r - '！' + '!'
		case r == '　':
			return ' '
		case r == '−' || r == '‐' || r == '―':
			return '-'
		default:
			return r
		}
	}, s)
}

// cellInteger reads a whole number from least to most. Thousands may be parted by commas, as spreadsheets show them.
func cellInteger(cell string, least, most int64) (int64, *problem) {
	text := halfWidth(cell)
	if groupedDigits.MatchString(text) {
		text = strings.ReplaceAll(text, ",", "")
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil && !allDigits(strings.TrimPrefix(text, "-")) {
		return 0, &problem{ReasonNotNumber, "", "this is no whole number"}
	}
	if err != nil || n < least || n > most {
		return 0, &problem{ReasonOutOfRange, fmt.Sprintf("%d–%d", least, most), fmt.Sprintf("the number is not between %d and %d", least, most)}
	}
	return n, nil
}

// groupedDigits matches whole numbers with commas where thousands end.
var groupedDigits = regexp.MustCompile(`^-?[0-9]{1,3}(,[0-9]{3})+$`)

func allDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// cellDate reads a day as exports write it: 2026-11-02, 2026/11/2 or 20261102.
func cellDate(cell string) (Date, *problem) {
	text := halfWidth(cell)
	for _, layout := range []string{time.DateOnly, "2006/1/2", "2006-1-2", "20060102", "2006年1月2日"} {
		if t, err := time.Parse(layout, text); err == nil && t.Year() >= 1 {
			return Date(t.Format(time.DateOnly)), nil
		}
	}
	return "", &problem{ReasonNotDate, "", "this is no day of the form 2026-11-02"}
}

// cellTime reads a moment: RFC 3339, or a day with or without a time of it in the zone.
func cellTime(cell string, zone *time.Location) (time.Time, *problem) {
	text := halfWidth(cell)
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	for _, day := range []string{time.DateOnly, "2006/1/2"} {
		for _, clock := range []string{"", " 15:04", " 15:04:05", "T15:04", "T15:04:05"} {
			if t, err := time.ParseInLocation(day+clock, text, zone); err == nil {
				return t, nil
			}
		}
	}
	return time.Time{}, &problem{ReasonNotTime, "", "this is no time of the form 2026-11-02 10:00:00 or 2026-11-02T10:00:00+09:00"}
}

// cellFlag reads yes or no.
func cellFlag(cell string) (bool, *problem) {
	switch strings.ToLower(halfWidth(cell)) {
	case "1", "true", "yes", "y", "on", "はい", "有", "あり", "許可", "する", "希望する", "受信する", "○":
		return true, nil
	case "0", "false", "no", "n", "off", "いいえ", "無", "なし", "拒否", "しない", "希望しない", "受信しない", "×":
		return false, nil
	}
	return false, &problem{ReasonUnknownWord, "1, 0", "this is 1 or 0, true or false"}
}

// cellWord reads one of the words, whichever system's they are.
func cellWord[T any](cell string, words map[string]T, known string) (T, *problem) {
	if v, ok := words[strings.ToUpper(halfWidth(cell))]; ok {
		return v, nil
	}
	var none T
	return none, &problem{ReasonUnknownWord, known, "this is none of " + known}
}

// TextRule is what a text of one column has to look like.
type TextRule struct {
	Most  int            // characters; 0: no limit
	Like  *regexp.Regexp // nil: anything
	Shape string         // what Like asks for, in a few words
}

// check answers what is wrong with the text, or nil.
func (r TextRule) check(text string) *problem {
	if n := utf8.RuneCountInString(text); r.Most > 0 && n > r.Most {
		return &problem{ReasonTooLong, strconv.Itoa(r.Most), fmt.Sprintf("the text has %d characters, over %d", n, r.Most)}
	}
	if r.Like != nil && !r.Like.MatchString(text) {
		return &problem{ReasonForm, r.Shape, "this is not of the form: " + r.Shape}
	}
	return nil
}
