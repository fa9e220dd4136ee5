package recore

import (
	"strings"
	"time"

	"noren"
	"noren/wire"
)

// maxKeyword is the longest keyword, in characters; no searched column is longer.
const maxKeyword = 256

// idsFilter is a comma-separated list of integers.
func idsFilter[F any](name, label string, ref func(*F) *[]int64) filter[F] {
	facts := wire.Facts{Name: name, Type: wire.TypeText, Max: maxID, MaxItems: noren.MaxNamed, Description: label + "。カンマ区切りで複数指定可能"}
	return filter[F]{facts, func(f *F, text string, _ *time.Location) (string, wire.Code) {
		ids := []int64{}
		for part := range strings.SplitSeq(text, ",") {
			id, code := wire.CheckInteger(&facts, part)
			if code != "" {
				return part, code
			}
			if len(ids) == facts.MaxItems {
				return "", wire.TooManyItems
			}
			ids = append(ids, id)
		}
		*ref(f) = ids
		return "", ""
	}}
}

// textsFilter is a comma-separated list of texts.
func textsFilter[F any](name, label string, ref func(*F) *[]string) filter[F] {
	facts := wire.Facts{Name: name, Type: wire.TypeText, MaxItems: noren.MaxNamed, Description: label + "。カンマ区切りで複数指定可能"}
	return filter[F]{facts, func(f *F, text string, _ *time.Location) (string, wire.Code) {
		// Counted before it is split, so that a long list is refused without being copied.
		if strings.Count(text, ",") >= facts.MaxItems {
			return "", wire.TooManyItems
		}
		*ref(f) = strings.Split(text, ",")
		return "", ""
	}}
}

// spanFilters are name_from and name_to, in the tenant's zone. The end includes its whole second, because responses
// show times in seconds.
func spanFilters[F any](name, label string, ref func(*F) *noren.Span) []filter[F] {
	bound := func(suffix, label string, set func(*noren.Span, time.Time)) filter[F] {
		facts := wire.Facts{Name: name + suffix, Type: wire.TypeText, Description: label, Example: "2024-04-12 12:08:38"}
		return filter[F]{facts, func(f *F, text string, zone *time.Location) (string, wire.Code) {
			t, err := time.ParseInLocation(time.DateTime, text, zone)
			// Go's parser also takes fractions of a second behind the seconds, and hours of one digit. The page has one
			// form only.
			if err != nil || len(text) != len(time.DateTime) || t.Year() < 1 {
				return text, notATime
			}
			set(ref(f), t)
			return "", ""
		}}
	}
	return []filter[F]{
		bound("_from", label+"から", func(s *noren.Span, t time.Time) { s.From = t }),
		bound("_to", label+"まで", func(s *noren.Span, t time.Time) { s.To = t.Add(time.Second - time.Microsecond) }),
	}
}

// statusesFilter is a comma-separated list of this API's words. TENTATIVE also stands for suspended and lost members,
// who are shown so.
func statusesFilter() filter[noren.MemberFilter] {
	facts := wire.Facts{
		Name: "statuses", Type: wire.TypeText, Enum: wordsOf(statuses()),
		Description: "ステータス (" + strings.Join(wordsOf(statuses()), ", ") + ")。カンマ区切りで複数指定可能",
	}
	return filter[noren.MemberFilter]{facts, func(f *noren.MemberFilter, text string, _ *time.Location) (string, wire.Code) {
		f.Statuses = []noren.Status{}
		for part := range strings.SplitSeq(text, ",") {
			known := false
			// From the stored statuses to their words, and not back: several of them have the same word.
			for _, s := range noren.Statuses() {
				if word(statuses(), noren.ReCOREView.Status(s)) == part {
					f.Statuses = append(f.Statuses, s)
					known = true
				}
			}
			if !known {
				return part, wire.NotInEnum
			}
		}
		return "", ""
	}}
}

func memberList() list[noren.MemberFilter] {
	type f = noren.MemberFilter
	keyword := wire.Facts{
		Name: "keyword", Type: wire.TypeText, MaxLength: maxKeyword,
		Description: "キーワード。姓名、カナ、会社名、会員コード、代替会員コード、電話番号、メールアドレスの部分一致",
	}
	filters := []filter[f]{
		idsFilter("ids", "会員ID", func(f *f) *[]int64 { return &f.IDs }),
		textsFilter("codes", "会員コード", func(f *f) *[]string { return &f.Codes }),
		textsFilter("alias_codes", "代替会員コード", func(f *f) *[]string { return &f.AliasCodes }),
		statusesFilter(),
		{keyword, func(f *f, text string, _ *time.Location) (string, wire.Code) {
			f.Keyword = text
			return text, wire.CheckText(&keyword, text)
		}},
	}
	filters = append(filters, spanFilters("created_at", "作成日", func(f *f) *noren.Span { return &f.Created })...)
	filters = append(filters, spanFilters("updated_at", "更新日", func(f *f) *noren.Span { return &f.Updated })...)
	return list[f]{filters: filters, cursor: true}
}

func noteList() list[noren.NoteFilter] {
	type f = noren.NoteFilter
	return list[f]{filters: append([]filter[f]{
		idsFilter("ids", "会員メモID", func(f *f) *[]int64 { return &f.IDs }),
	}, spanFilters("created_at", "作成日", func(f *f) *noren.Span { return &f.Created })...)}
}

// staffFilter selects staff.
type staffFilter struct {
	ids   []int64
	codes []string
}

func staffList() list[staffFilter] {
	return list[staffFilter]{cursor: true, filters: []filter[staffFilter]{
		idsFilter("ids", "スタッフID", func(f *staffFilter) *[]int64 { return &f.ids }),
		textsFilter("codes", "スタッフコード", func(f *staffFilter) *[]string { return &f.codes }),
	}}
}
