package recore

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"noren"
	"noren/dialect"
	"noren/web"
	"noren/wire"
)

// All words that clients read are in this file. Those of single fields are the default messages of validate.js, whose
// output the documented example ("Pickup date can't be blank") matches word for word.

const (
	wordsInvalid     = "入力値が不正です"                               // documented
	wordsForbidden   = "アクセスが拒否されました"                           // seen by clients
	wordsMalformed   = "Invalid or malformed JSON was provided" // seen by clients
	wordsNotFound    = "対象のデータが見つかりません"
	wordsNoAPI       = "このURLのAPIはありません"
	wordsMethod      = "許可されていないメソッドです"
	wordsTooLarge    = "リクエストのサイズが上限を超えています"
	wordsTooMany     = "リクエスト数が上限を超えました"
	wordsUnavailable = "現在リクエストを処理できません。時間をおいて再度お試しください"
	wordsInternal    = "システムエラーが発生しました"
	wordsInFlight    = "同じIdempotency-Keyのリクエストを処理中です"
	wordsKeyReused   = "このIdempotency-Keyは別の内容のリクエストで使用されています"
)

func conflictWords(e *noren.Error) string {
	// Only the conflict that ends by itself says when to try again; a key that was used for another body stays used.
	if e.RetryAfter > 0 {
		return wordsInFlight
	}
	return wordsKeyReused
}

// keyBody is the key of detail for problems of the body as a whole; the pages call the rows of an array "*".
const keyBody = "*"

// sentence puts the field's name before the text, as validate.js does: tel becomes Tel, query.ids Query ids.
func sentence(field, text string) string {
	if field == keyBody {
		return "Body " + text
	}
	name := []rune(strings.ToLower(strings.NewReplacer(".", " ", "_", " ", "-", " ").Replace(field)))
	if len(name) > 0 {
		name[0] = unicode.ToUpper(name[0])
	}
	return string(name) + " " + text
}

// words says what is wrong with the value of a field or parameter.
func words(f *wire.Facts, code wire.Code, value string) string {
	if code == wire.NotInEnum {
		// The only message before which validate.js puts no name.
		return dialect.Cut(value) + " is not included in the list: " + strings.Join(f.Enum, ", ")
	}
	return sentence(f.Name, fieldWords(f, code, value))
}

func fieldWords(f *wire.Facts, code wire.Code, value string) string {
	switch code {
	case wire.Missing, wire.NullRefused, wire.EmptyRefused:
		return "can't be blank"
	case wire.TooLong:
		// A length that has to be met exactly is validate.js' rule "is", whose words differ from those of a maximum.
		if f.Pattern != nil && f.Pattern.Name == patternDigits {
			return fmt.Sprintf("is the wrong length (should be %d characters)", f.MaxLength)
		}
		return fmt.Sprintf("is too long (maximum is %d characters)", f.MaxLength)
	case wire.TooManyItems:
		return tooLong(f.MaxItems)
	case wire.BadPattern:
		switch {
		case f.Pattern.Name != patternDigits:
			return "is invalid, must have the form: " + f.Pattern.Name
		case utf8.RuneCountInString(value) != f.MaxLength:
			return fmt.Sprintf("is the wrong length (should be %d characters)", f.MaxLength)
		default:
			return fmt.Sprintf("is invalid, must be %d digits", f.MaxLength)
		}
	// Behind validate.js's own words stands the form that would be right: these say only that something is wrong.
	case wire.NotADate:
		return "must be a valid date, written as 2026-11-22"
	case notATime:
		return "must be a valid date, written as " + f.Example + " in the shop's own time"
	case wire.NotAnInteger:
		// validate.js asks for a number first and for a whole one second, so 1.5 gets other words than abc.
		if _, err := strconv.ParseFloat(value, 64); err != nil {
			return "is not a number" + numberForm(f)
		}
		return "must be an integer" + numberForm(f)
	case wire.NotInRange:
		return rangeWords(f, value)
	case wire.WrongType:
		return typeWords(f)
	default:
		return "is invalid"
	}
}

// numberForm says which number would be right, after the words that it is none.
func numberForm(f *wire.Facts) string {
	switch {
	case f.MaxItems > 0:
		return "; write numbers with commas between them, such as 1,2"
	case f.Type == wire.TypeWhole && f.Max > 0 && f.Max < maxID: // the largest ID is no limit that anybody meets
		return fmt.Sprintf(" from %d to %d", f.Min, f.Max)
	default:
		return ""
	}
}

// parameterWords says which parameters the endpoint does not have, and which it has.
func parameterWords(u dialect.UnknownParameters) (wrong dialect.Complaints) {
	text := "is not a parameter of this endpoint, which has none"
	if len(u.Known) > 0 {
		text = "is not a parameter of this endpoint, which has " + strings.Join(u.Known, ", ")
	}
	for _, name := range u.Names {
		wrong.Add(name, sentence(name, text))
	}
	return wrong
}

// tooLong is said of a list.
func tooLong(most int) string { return fmt.Sprintf("is too long (maximum is %d items)", most) }

// rangeWords names the limit that was exceeded. A number that does not fit into 64 bits exceeds both.
func rangeWords(f *wire.Facts, value string) string {
	n, err := strconv.ParseInt(value, 10, 64)
	if strings.HasPrefix(value, "-") || err == nil && n < f.Min {
		return fmt.Sprintf("must be greater than or equal to %d", f.Min)
	}
	return fmt.Sprintf("must be less than or equal to %d", f.Max)
}

func typeWords(f *wire.Facts) string {
	switch f.Type {
	case wire.TypeWhole:
		return "is not a number" + numberForm(f) + ", written without quotes"
	case wire.TypeFlag:
		return "must be of type boolean"
	case wire.TypeObject:
		return "must be of type object"
	case wire.TypeArray:
		if f.Items != nil && f.Items.Type == wire.TypeWhole {
			return "must be of type array of integers"
		}
		if f.Items != nil {
			return "must be of type array of strings"
		}
		return "must be of type array"
	default:
		return "must be of type string"
	}
}

// refusalWords words what the domain has refused.
func refusalWords(list noren.Refusals) (wrong dialect.Complaints) {
	for _, e := range list {
		field := fieldOf(e)
		wrong.Add(field, sentence(field, reasonWords(e)))
	}
	return wrong
}

// fieldOf returns this API's name of the field that the domain refused.
func fieldOf(e *noren.Error) string {
	switch e.Field {
	case "", web.FieldBody:
		return keyBody
	// Requests name the rank by its id and responses show it as an object, so this API has two names for the column.
	case "rank":
		return "member_rank_id"
	default:
		return e.Field
	}
}

func reasonWords(e *noren.Error) string {
	switch e.Reason {
	case noren.ReasonRankUnknown, noren.ReasonStaffUnknown, noren.ReasonFileUnknown:
		return "does not exist"
	case noren.ReasonMemberUnknown:
		return dialect.Cut(e.Value) + " does not exist"
	case noren.ReasonDuplicate:
		return e.Value + " is given more than once"
	case noren.ReasonPast:
		return "must be no earlier than today"
	case noren.ReasonTooMany:
		return tooLong(noren.MaxNamed)
	case noren.ReasonTooFewPoints:
		return "is more than the points of the member " + e.Value
	case noren.ReasonPointsOff:
		return "cannot be processed because points are switched off"
	}
	// Of single fields only a value that somebody else has already is a conflict.
	if e.Kind == noren.Conflict {
		return "has already been taken"
	}
	if e.Message == "" {
		return "is invalid"
	}
	return e.Message
}
