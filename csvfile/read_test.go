package csvfile_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"

	"noren"
	"noren/app/imports"
	"noren/csvfile"
)

// TestNames: a file that is named like one of another type is none for an import, whatever is in it.
func TestNames(t *testing.T) {
	t.Parallel()
	for name, good := range map[string]bool{
		"a.csv": true, "A.CSV": true, "会員.tsv": true, "a.txt": true, "a": true, "-": true, "export.2026": true, "/srv/shop.d/members": true,
		"a.exe": false, "a.csv.exe": false, "a.pdf": false, "a.html": false,
	} {
		_, err := csvfile.Read(noren.ImportMembers, name, []byte("code,last_name\nM1,山田\n"))
		if (err == nil) != good || err != nil && !strings.Contains(err.Error(), "name it .csv") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// encoded returns the text in an encoding.
func encoded(t testing.TB, e encoding.Encoding, text string) []byte {
	t.Helper()
	data, err := e.NewEncoder().Bytes([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// read reads a valid file of members with its lines.
func read(t testing.TB, data []byte) (noren.ImportFile, []noren.ImportLine) {
	t.Helper()
	f, err := csvfile.Read(noren.ImportMembers, "file.csv", data)
	if err != nil {
		t.Fatal(err)
	}
	lines := []noren.ImportLine{}
	for line, err := range f.Lines {
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	return f, lines
}

func same(t testing.TB, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", what, diff)
	}
}

// line is one that can be read.
func line(number int, cells ...string) noren.ImportLine {
	return noren.ImportLine{Number: number, Cells: cells}
}

func TestEncodingsAndDelimiters(t *testing.T) {
	t.Parallel()
	const text = "会員コード,姓,備考\r\nM1,髙橋,\"①〜\"\r\n\r\nM2,\"山\n田\",x\r\n,,\r\nM3,,\r\n"
	tabbed := strings.ReplaceAll(text, ",", "\t")
	for _, c := range []struct {
		name, encoding string
		data           []byte
	}{
		{"UTF-8", "UTF-8", []byte(text)},
		{"UTF-8 with a byte order mark", "UTF-8 (BOM)", []byte("\ufeff" + text)},
		{"Shift_JIS", "Shift_JIS", encoded(t, japanese.ShiftJIS, strings.ReplaceAll(text, "〜", "～"))},
		{"EUC-JP", "EUC-JP", encoded(t, japanese.EUCJP, strings.ReplaceAll(text, "〜", "～"))},
		{"ISO-2022-JP", "ISO-2022-JP", encoded(t, japanese.ISO2022JP, strings.ReplaceAll(text, "〜", "～"))},
		{"UTF-16, little end first", "UTF-16", encoded(t, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), tabbed)},
		{"UTF-16, big end first", "UTF-16", encoded(t, unicode.UTF16(unicode.BigEndian, unicode.UseBOM), text)},
		{"tabs", "UTF-8", []byte(tabbed)},
		{"semicolons", "UTF-8", []byte(strings.ReplaceAll(text, ",", ";"))},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f, lines := read(t, c.data)
			same(t, "the encoding", c.encoding, f.Encoding)
			same(t, "the header", []string{"会員コード", "姓", "備考"}, f.Header)
			same(t, "the fields", []string{"code", "last_name", "note"}, f.Fields)
			for i := range lines {
				for j := range lines[i].Cells {
					lines[i].Cells[j] = strings.ReplaceAll(lines[i].Cells[j], "～", "〜")
				}
			}
			same(t, "the lines", []noren.ImportLine{line(2, "M1", "髙橋", "①〜"), line(4, "M2", "山\n田", "x"), line(7, "M3", "", "")}, lines)
		})
	}
}

// TestEncodingsThatLookAlike: text in EUC-JP is some text in Shift_JIS, and half-width kana in Shift_JIS are some kanji in EUC-JP.
func TestEncodingsThatLookAlike(t *testing.T) {
	t.Parallel()
	names := "会員番号,氏名,フリガナ,住所\n1,山田花子,ヤマダハナコ,東京都千代田区\n2,佐藤次郎,サトウジロウ,大阪府大阪市\n"
	kanji := "氏名,住所\n山田花子,東京都千代田区丸の内\n鈴木一郎,愛知県名古屋市中区栄\n清水健,北海道札幌市\n"
	for _, c := range []struct {
		name, encoding string
		data           []byte
	}{
		{"names", "EUC-JP", encoded(t, japanese.EUCJP, names)},
		{"names", "Shift_JIS", encoded(t, japanese.ShiftJIS, names)},
		{"kanji", "EUC-JP", encoded(t, japanese.EUCJP, kanji)},
		{"kanji", "Shift_JIS", encoded(t, japanese.ShiftJIS, kanji)},
		{"what may be either", "Shift_JIS", encoded(t, japanese.EUCJP, "code,name\nA1,山田様\n")}, // ｻｳﾅﾄﾍﾍ: a person chooses
		{"a damaged byte", "EUC-JP", append(encoded(t, japanese.EUCJP, names), "3,x\xff,y,z\n"...)},
		{"a damaged byte", "Shift_JIS", append(encoded(t, japanese.ShiftJIS, names), "3,x\xff,y,z\n"...)},
		{"a damaged byte", "UTF-8", append([]byte(names), "3,x\xff,y,z\n"...)},
		{"half-width kana", "Shift_JIS", encoded(t, japanese.ShiftJIS, "code,kana\n1,ﾔﾏﾀﾞ\n2,ｻﾄｳ ｼﾞﾛｳ\n3,ﾔﾏﾀﾞ･ｴﾐﾘｰ\n4,ﾊﾅｺ｡ﾌﾘｶﾞﾅ\n")},
		{"half-width kana among kanji", "Shift_JIS", encoded(t, japanese.ShiftJIS, "会員コード,住所\n1,港区ﾊｲﾂ山田ﾋﾞﾙ2F\n2,ｶ)山田商店､ﾎﾝﾃﾝ\n")},
		{"a long file", "EUC-JP", encoded(t, japanese.EUCJP, strings.Repeat("code,"+names, 20_000))},
	} {
		f, err := csvfile.Read(noren.ImportMembers, "file.csv", c.data)
		if err != nil || f.Encoding != c.encoding {
			t.Errorf("%s in %s: read as %s, %v", c.name, c.encoding, f.Encoding, err)
		}
	}
}

func TestCells(t *testing.T) {
	t.Parallel()
	_, lines := read(t, []byte("code,note,extra,\n M1 ,\u3000'=1+1,'it\nM2\nM3,a,b,,,\n"))
	same(t, "the lines", []noren.ImportLine{line(2, "M1", "=1+1", "'it"), line(3, "M2", "", ""), line(4, "M3", "a", "b")}, lines)
}

// TestBrokenLines: a problem of one line is recorded in it, and the other lines are read.
func TestBrokenLines(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("長", 30_000)
	for _, c := range []struct {
		name, text, says string
		line             int
	}{
		{"too many cells", "code,note\nM1,a\nM2,b,c\nM3,d\n", "has 3 cells, but the header has 2", 3},
		{"quotes", "code,note\nM1,a\nM2,b\"c\"\nM3,d\n", "quotes are wrong", 3},
		{"too long", "code,note\nM1,a\nM2," + long + "\nM3,d\n", "longer than 64 KiB", 3},
		{"NUL", "code,note\nM1,a\nM2,b\x00\nM3,d\n", "cell 2 has a NUL", 3},
		{"no UTF-8", "code,note\nM1,日本語\nM2,\xff\nM3,d\n", "cell 2 has bytes that are not text", 3},
		{"no Shift_JIS", "code,note\nM1,\x93\xfa\x96\x7b\nM2,\x93\xfa\xff\nM3,d\n", "cell 2 has bytes that are not text", 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, lines := read(t, []byte(c.text))
			if len(lines) != 3 || lines[0].Broken != nil || lines[2].Broken != nil || lines[2].Cells[0] != "M3" {
				t.Fatalf("read %d lines: %+v", len(lines), lines)
			}
			b := lines[1].Broken
			if b == nil || b.Reason == noren.ReasonNotText && b.Column != 2 || !strings.Contains(b.Message, c.says) || lines[1].Number != c.line {
				t.Errorf("line %d: %+v, want %q", lines[1].Number, b, c.says)
			}
			if size := len(strings.Join(lines[1].Cells, "")); size > 1000 {
				t.Errorf("%d bytes of a broken line are kept", size)
			}
		})
	}
}

// TestUnclosedQuote: an unclosed quote swallows the rest of the file, like a cell of many lines; the message says where it
// began.
func TestUnclosedQuote(t *testing.T) {
	t.Parallel()
	_, lines := read(t, []byte("code,note\nM1,a\nM2,\"b\nM3,c\n"))
	if len(lines) != 2 || lines[1].Broken == nil || lines[1].Number != 3 || !strings.Contains(lines[1].Broken.Message, "never closed") {
		t.Errorf("read %+v", lines)
	}
}

func TestNoFileOfLines(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, data, says string
		kind             noren.Kind
	}{
		{"empty", "", "the file is empty", noren.Invalid},
		{"blank", "\n\n\r\n", "the file is empty", noren.Invalid},
		{"a workbook", "PK\x03\x04rest", "save it as CSV", noren.Invalid},
		{"an old workbook", "\xd0\xcf\x11\xe0rest", "save it as CSV", noren.Invalid},
		{"many columns", strings.Repeat("a,", 200) + "b\n", "201 columns; at most 200", noren.Invalid},
		{"a picture", "\xff\x00\xfe\x80\x81,\x00\n", "not text", noren.Invalid},
		{"no header", "\"", "the header cannot be read", noren.Invalid},
		{"one long line", strings.Repeat("x", 100_000), "too long for a header", noren.Invalid},
		{"too large", strings.Repeat("code,note\n", 7_000_000), "more than 64 MB", noren.TooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := csvfile.Read(noren.ImportMembers, "f", []byte(c.data))
			if err == nil || noren.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want %q", err, c.says)
			}
		})
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, header string
		kind         noren.ImportKind
		fields       string
		view         noren.View
	}{
		{
			"the admin's labels", "会員ID,会員コード,会員番号,会員ランク,姓,名,フリガナ（姓）,フリガナ（名）,郵便番号,住所,電話番号,ＦＡＸ番号,携帯電話番号,メールアドレス,メールアドレス２,性別,生年月日,案内メール受取許可フラグ,会員状態区分,対象店舗ID,ポイント",
			noren.ImportMembers, "id,code,customer_no,rank,last_name,first_name,last_kana,first_kana,postal_code,address,phone,fax,mobile,email,email2,sex,birth_date,mail_opt_in,status,store_id,points",
			noren.SmaregiView,
		},
		{
			"the Smaregi API's names", "customerId,customerCode,lastName,firstKana,mailAddress3,managerialPosition,pointGivingUnit,status,storeId",
			noren.ImportMembers, "id,code,last_name,first_kana,email3,position,point_unit,status,store_id", noren.SmaregiView,
		},
		{
			"the ReCORE API's names", "id,code,alias_code,last_name,tel,birthdate,is_optout,company_name,status,invoice_provider_number,rank.id",
			noren.ImportMembers, "id,code,alias_code,last_name,phone,birth_date,mail_opt_out,company,status,invoice_number,rank_id", noren.ReCOREView,
		},
		{"our own names", "code,last_name,status,shopify_customer_id,rank", noren.ImportMembers, "code,last_name,status,shopify_customer_id,rank", noren.Canonical},
		{"marks and spaces", "会員コード （必須）, Last Name ,※備考", noren.ImportMembers, "code,last_name,note", noren.Canonical},
		{"one field twice", "会員コード,customerCode", noren.ImportMembers, "code,", noren.Canonical},
		{"products", "商品ID,商品コード,商品名,価格", noren.ImportProducts, "id,code,name,", noren.Canonical},
		{"stock", "商品コード,店舗名,在庫数,メモ", noren.ImportStock, "product_code,store,amount,memo", noren.Canonical},
		{"stock by our own names", "product,store,amount", noren.ImportStock, "product,store,amount", noren.Canonical},
		{"purchases", "注文番号,会員コード,購入金額,購入日時", noren.ImportPurchases, "id,member,amount,at", noren.Canonical},
		{"purchases by our own names", "id,member,amount,at,currency,refund_of", noren.ImportPurchases, "id,member,amount,at,currency,refund_of", noren.Canonical},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f, err := csvfile.Read(c.kind, "f", []byte(c.header+"\n"))
			if err != nil {
				t.Fatal(err)
			}
			same(t, "the fields", c.fields, strings.Join(f.Fields, ","))
			same(t, "the view", c.view, f.View)
		})
	}
}

// TestEveryFieldHasALabel: every field that can be mapped has a Japanese label that is recognised, and nothing else has one.
func TestEveryFieldHasALabel(t *testing.T) {
	t.Parallel()
	for _, kind := range noren.ImportKinds() {
		labels := csvfile.Labels(kind)
		for _, field := range imports.ImportFields(kind) {
			for _, header := range []string{field.Name, labels[field.Name]} {
				f, err := csvfile.Read(kind, "f", []byte(header+"\n"))
				if err != nil || f.Fields[0] != field.Name {
					t.Errorf("%s: the header %q is taken for %q (%v), want %q", kind, header, f.Fields, err, field.Name)
				}
			}
			delete(labels, field.Name)
		}
		for field := range labels {
			t.Errorf("%s have no field %q", kind, field)
		}
	}
}

func TestRefusedLinesComeBack(t *testing.T) {
	t.Parallel()
	cells := []string{"=cmd|' /C calc'!A0", "+81-3", "-1", "@x", "a,\"b\"\nc", "'quoted"}
	var out bytes.Buffer
	im := noren.Import{}
	for i := range cells {
		im.Columns = append(im.Columns, noren.ImportColumn{Header: fmt.Sprint("h", i)})
	}
	w := csvfile.NewRefusedWriter(&out, im, nil)
	problem := noren.ImportProblem{Line: 7, Field: "phone", Value: "+81-3", Message: "this is wrong"}
	if err := w.Write([]noren.RefusedLine{{Line: 7, Cells: cells, Problems: []noren.ImportProblem{problem, problem}}}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for c := range strings.SplitSeq(out.String(), "\n") {
		if strings.HasPrefix(c, "=") || strings.Contains(c, ",=") || strings.Contains(c, ",+") || strings.Contains(c, ",@") {
			t.Errorf("a spreadsheet would calculate %q", c)
		}
	}
	f, lines := read(t, out.Bytes())
	same(t, "the header", []string{"h0", "h1", "h2", "h3", "h4", "h5", "line", "reason"}, f.Header)
	same(t, "the fields", make([]string, 8), f.Fields)
	reason := `phone: "+81-3": this is wrong`
	same(t, "the line", []noren.ImportLine{line(2, append(slices.Clone(cells), "7", reason+"; "+reason)...)}, lines)
}

// FuzzRead: whatever the bytes, reading ends, and each line has a cell for each column with text that a database can store.
func FuzzRead(f *testing.F) {
	f.Add([]byte("会員コード,姓\nM1,山田\n"))
	f.Add([]byte("\xff\xfea\x00,\x00b\x00\n\x00"))
	f.Add([]byte("\x89\xef\x88\xf5\n\x83\x52\x81,\"\n"))
	f.Add([]byte("a;b\n\"\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := csvfile.Read(noren.ImportMembers, "f", data)
		if err != nil {
			if kind := noren.KindOf(err); kind != noren.Invalid && kind != noren.TooLarge {
				t.Fatalf("error %v of kind %v", err, kind)
			}
			return
		}
		if len(file.Fields) != len(file.Header) {
			t.Fatalf("%d fields for %d columns", len(file.Fields), len(file.Header))
		}
		last := 0
		for line, err := range file.Lines {
			if err != nil {
				t.Fatal(err)
			}
			if line.Number <= last {
				t.Fatalf("line %d comes after line %d", line.Number, last)
			}
			last = line.Number
			if line.Broken == nil && len(line.Cells) != len(file.Header) {
				t.Fatalf("%d cells for %d columns", len(line.Cells), len(file.Header))
			}
			if strings.Contains(strings.Join(line.Cells, ""), "\x00") {
				t.Fatal("a cell has NUL")
			}
		}
	})
}
