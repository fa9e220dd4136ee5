package smaregi

import (
	"strings"
	"time"

	"noren"
	"noren/wire"
)

// textFilter is a parameter that is compared as text.
func textFilter[F any](name, label string, most int, ref func(*F) *string) filter[F] {
	facts := wire.Facts{Name: name, Type: wire.TypeText, MaxLength: most, Description: label}
	return filter[F]{facts, func(f *F, text string, _ *time.Location) wire.Code {
		*ref(f) = text
		return wire.CheckText(&facts, text)
	}}
}

// integerFilter is a parameter that is an integer between the two limits.
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
				// Times are shown without their fraction: what is shown as this second belongs to it.
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
		if _, err := noren.ParseDate(text); err != nil {
			return wire.NotADate
		}
		from, err := time.ParseInLocation(time.DateOnly, text, zone)
		if err != nil {
			return wire.NotADate
		}
		*span(f) = noren.Span{From: from, To: from.AddDate(0, 0, 1).Add(-time.Microsecond)}
		return ""
	}}
}

// parseTime reads YYYY-MM-DDThh:mm:ssTZD. A plus sign that was not escaped arrives as a space, and is put right.
func parseTime(text string) (time.Time, wire.Code) {
	t, err := time.Parse(time.RFC3339, strings.Replace(text, " ", "+", 1))
	if err != nil {
		return time.Time{}, notATime
	}
	return t, ""
}
