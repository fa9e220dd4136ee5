package smaregi

import (
	"slices"
	"strings"
	"time"

	"noren"
	"noren/wire"
)

// textFilter is a parameter that is compared as text.
func textFilter[F any](name, label string, most int, ref func(*F) *string) filter[F] {
	facts := wire.Facts{Name: name, Type: wire.TypeText, MaxLength: most, Description: label}
	return filter[F]{facts, func(f *F, text string, _ *time.Location) wire.Code {
		if text == "" {
			return wire.EmptyRefused // a client whose variable is empty would get everybody
		}
		*ref(f) = text
		return wire.CheckText(&facts, text)
	}}
}

// integerFilter is a parameter that is an integer within the two limits.
func integerFilter[F any](name, label string, lowest, highest int64, set func(*F, int64)) filter[F] {
	facts := wire.Facts{Name: name, Type: wire.TypeInteger, Min: lowest, Max: highest, Description: label}
	return filter[F]{facts, func(f *F, text string, _ *time.Location) wire.Code {
		n, code := wire.CheckInteger(&facts, text)
		if code == "" {
			set(f, n)
		}
		return code
	}}
}

// updatedFilters are upd_date_time-from and -to.
func updatedFilters[F any](span func(*F) *noren.Span) []filter[F] {
	facts := func(name, label string) wire.Facts {
		return wire.Facts{
			Name: name, Type: wire.TypeText, Format: "date-time",
			Description: label + "。YYYY-MM-DDThh:mm:ssTZD。from〜toの期間は最大31日",
		}
	}
	return []filter[F]{
		{facts("upd_date_time-from", "更新日時の下限"), func(f *F, text string, _ *time.Location) (code wire.Code) {
			span(f).From, code = parseTime(text)
			return code
		}},
		{facts("upd_date_time-to", "更新日時の上限"), func(f *F, text string, _ *time.Location) (code wire.Code) {
			t, code := parseTime(text)
			if code == "" {
				// Times are shown without their fraction, so the whole of the shown second is included.
				span(f).To = t.Add(time.Second - time.Microsecond)
			}
			return code
		}},
	}
}

// dayFilter is a parameter that is a day in the tenant's zone.
func dayFilter[F any](name, label string, span func(*F) *noren.Span) filter[F] {
	facts := wire.Facts{Name: name, Type: wire.TypeDate, Format: "date", Description: label}
	return filter[F]{facts, func(f *F, text string, zone *time.Location) wire.Code {
		// As for any day of a member, so that the year 0 is refused here too.
		if _, err := noren.ParseDate(text); err != nil {
			return wire.NotADate
		}
		from, err := time.ParseInLocation(time.DateOnly, text, zone)
		if err != nil {
			return wire.NotADate
		}
		// The next midnight by the calendar and not 24 hours later: a day on which clocks are changed is longer or
		// shorter. Stored times have microseconds.
		*span(f) = noren.Span{From: from, To: from.AddDate(0, 0, 1).Add(-time.Microsecond)}
		return ""
	}}
}

// parseTime parses YYYY-MM-DDThh:mm:ssTZD. A plus sign that was not escaped arrives as a space and is restored.
func parseTime(text string) (time.Time, wire.Code) {
	// There is no other blank in the form, so nothing that is wrong becomes right by this.
	text = strings.Replace(text, " ", "+", 1)
	// Some languages write the zone without its colon: +0900.
	for _, form := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700"} {
		if t, err := time.Parse(form, text); err == nil {
			return t, ""
		}
	}
	return time.Time{}, notATime
}

// constantFilter is a parameter that asks about a property of which every entry has the same value. Asked for another value, it
// finds none, and calls none.
func constantFilter[F any](name, label, constant string, words []string, none func(*F)) filter[F] {
	facts := wire.Facts{Name: name, Type: wire.TypeEnum, Enum: words, Description: label}
	return filter[F]{facts, func(f *F, text string, _ *time.Location) wire.Code {
		if !slices.Contains(words, text) {
			return wire.NotInEnum
		}
		if text != constant {
			none(f)
		}
		return ""
	}}
}
