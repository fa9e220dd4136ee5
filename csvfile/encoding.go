package csvfile

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// Encodings are the names of the encodings that a person may choose from. Others that a browser knows can be named too.
func Encodings() []string {
	return []string{"utf-8", "shift_jis", "euc-jp", "iso-2022-jp", "utf-16le", "utf-16be"}
}

// Signs of an encoding in bytes.
const (
	firstKanji = "\x1b$" // of ISO-2022-JP, in bytes that are ASCII
	sampled    = 1 << 20 // bytes that are looked at to tell two encodings apart
)

// detect detects the encoding: by the byte order mark; else UTF-8 if the file is valid UTF-8; else whichever of UTF-8, Shift_JIS and
// EUC-JP explains it best, so that one damaged line does not garble all others.
func detect(data []byte) form {
	utf16 := func(order unicode.Endianness, name string) form {
		return form{name: name, encoding: unicode.UTF16(order, unicode.IgnoreBOM), skip: 2}
	}
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		return form{name: "UTF-8 (BOM)", encoding: encoding.Nop, skip: 3}
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
		return utf16(unicode.LittleEndian, "UTF-16")
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		return utf16(unicode.BigEndian, "UTF-16")
	}
	utf := form{name: "UTF-8", encoding: encoding.Nop}
	if utf8.Valid(data) {
		jis := form{name: "ISO-2022-JP", encoding: japanese.ISO2022JP}
		if bytes.Contains(data, []byte(firstKanji)) && jis.unexplained(data) == 0 {
			return jis
		}
		return utf
	}
	sjis, euc := form{name: "Shift_JIS", encoding: japanese.ShiftJIS}, form{name: "EUC-JP", encoding: japanese.EUCJP}
	// Nearly all that is text in EUC-JP is some text in Shift_JIS too, if not one that anybody would write.
	sample := data[bytes.IndexFunc(data, func(r rune) bool { return r >= utf8.RuneSelf }):]
	sample = sample[:min(len(sample), sampled)]
	if unlikely, half := sjis.unlikely(sample); unlikely*10 > half && euc.unexplained(sample)*10 < unlikely {
		return euc
	}
	if utf.unexplained(data) < sjis.unexplained(data) {
		return utf
	}
	return sjis
}

// unlikely counts what nobody writes in Shift_JIS and what text in EUC-JP looks like there: invalid characters, those of a vendor,
// half-width punctuation, and half-width kana beside kanji. half is how many half-width kana there are.
func (f form) unlikely(data []byte) (unlikely, half int) {
	r := bufio.NewReader(f.open(data))
	var before rune
	for {
		c, _, err := r.ReadRune()
		if err != nil {
			return unlikely, half
		}
		narrow := func(r rune) bool { return r >= '｡' && r <= 'ﾟ' }
		switch kanji := func(r rune) bool { return r >= '一' && r <= '龠' }; {
		case c == utf8.RuneError, c >= '\ue000' && c <= '\uf8ff', c >= '｡' && c <= '･',
			narrow(c) && kanji(before), kanji(c) && narrow(before):
			unlikely++
		}
		if narrow(c) {
			half++
		}
		before = c
	}
}

// chosen returns the form with what a person has chosen instead of what was detected.
func (f form) chosen(c Choice) (form, error) {
	name := strings.ToLower(strings.TrimSpace(c.Encoding))
	if name == "" {
		return f, nil
	}
	marked := max(f.skip, 0) // length of a byte order mark, which is no text in any encoding
	var chosen encoding.Encoding
	switch strings.NewReplacer("_", "", "-", "", " ", "").Replace(name) {
	case "utf8", "utf8bom", "utf8sig":
		return form{name: "UTF-8", encoding: encoding.Nop, skip: marked}, nil
	case "sjis", "shiftjis", "cp932", "ms932", "windows31j", "mskanji":
		return form{name: "Shift_JIS", encoding: japanese.ShiftJIS}, nil
	case "utf16", "unicode", "utf16le":
		return form{name: "UTF-16", encoding: unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)}, nil
	case "utf16be":
		return form{name: "UTF-16", encoding: unicode.UTF16(unicode.BigEndian, unicode.UseBOM)}, nil
	}
	chosen, err := htmlindex.Get(name)
	if err != nil {
		return f, wrong(FaultEncodingName, "unknown encoding %q; use one of %s", c.Encoding, strings.Join(Encodings(), ", "))
	}
	canonical, err := htmlindex.Name(chosen)
	if err != nil {
		canonical = name
	}
	return form{name: strings.ToUpper(canonical), encoding: chosen}, nil
}

// loneReturns reports whether lines end with a carriage return alone, as old programs on the Mac wrote them.
func (f form) loneReturns(data []byte) bool {
	r := bufio.NewReader(f.open(data))
	returns := false
	for {
		c, _, err := r.ReadRune()
		switch {
		case err != nil:
			return returns
		case c == '\n':
			return false
		case c == '\r':
			returns = true
		}
	}
}

// returnsToFeeds turns carriage returns into line feeds.
type returnsToFeeds struct{ transform.NopResetter }

// Transform implements transform.Transformer.
func (returnsToFeeds) Transform(dst, src []byte, _ bool) (written, read int, err error) {
	n := copy(dst, src)
	for i := range n {
		if dst[i] == '\r' {
			dst[i] = '\n'
		}
	}
	if n < len(src) {
		return n, n, transform.ErrShortDst
	}
	return n, n, nil
}

// quotedTexts drops the sign from cells of the form ="A0012", by which programs keep spreadsheets from taking a code for a
// number. To a reader of CSV a quote inside a cell without quotes is an error.
type quotedTexts struct {
	text      *bufio.Reader
	delimiter rune
	quoted    bool // inside quotes
	start     bool // at the beginning of a cell
}

// Read implements io.Reader.
func (q *quotedTexts) Read(b []byte) (n int, err error) {
	for n < len(b) {
		c, err := q.text.ReadByte()
		if err != nil {
			if n > 0 && errors.Is(err, io.EOF) {
				return n, nil
			}
			return n, err
		}
		if q.start && c == '=' {
			if next, peekErr := q.text.Peek(1); peekErr == nil && next[0] == '"' {
				continue // still at the beginning
			}
		}
		switch {
		case c == '"':
			q.quoted = !q.quoted
			q.start = false
		case !q.quoted:
			q.start = rune(c) == q.delimiter || c == '\n'
		}
		b[n] = c
		n++
		if q.text.Buffered() == 0 {
			return n, nil
		}
	}
	return n, nil
}

// quotedText returns the text of a cell of the form ="A0012" that a spreadsheet program has written with quotes around it.
func quotedText(cell string) string {
	if rest, ok := strings.CutPrefix(cell, `="`); ok {
		if text, ok := strings.CutSuffix(rest, `"`); ok && !strings.Contains(text, `"`) {
			return text
		}
	}
	return cell
}
