package console

import (
	"bytes"
	"html"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	encodings "golang.org/x/text/encoding/japanese"

	"noren/csvfile"
)

// upload sends a file like the page does, and returns the redirect's location, or the page.
func (w *browser) upload(kind, name, content string) (location, body string) {
	w.Helper()
	var form bytes.Buffer
	m := multipart.NewWriter(&form)
	_ = m.WriteField("kind", kind)
	part, err := m.CreateFormFile("file", name)
	if err != nil {
		w.Fatal(err)
	}
	_, _ = part.Write([]byte(content))
	_ = m.Close()
	a := w.do(http.MethodPost, "/console/imports", &form, "Content-Type: "+m.FormDataContentType(), "Sec-Fetch-Site: same-origin")
	if a.Code >= http.StatusInternalServerError {
		w.Fatalf("%s: %d %s", name, a.Code, textOf(a))
	}
	return a.Header().Get("Location"), a.Body.String()
}

// work runs the waiting imports, as the worker does.
func (b *bundle) work() {
	b.Helper()
	for {
		tenants, err := b.rooms.Imports.Waiting(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		if len(tenants) == 0 {
			return
		}
		for _, tenant := range tenants {
			if _, err := b.rooms.Imports.Step(b.Context(), tenant); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func inShiftJIS(t *testing.T, text string) string {
	t.Helper()
	encoded, err := encodings.ShiftJIS.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

// TestImport follows a file with bad lines from the form to the download of the refused lines.
func TestImport(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.as("admin")
	w.shows("/console/imports", "まだ取り込みはありません", `enctype="multipart/form-data"`)
	page, body := w.upload("members", "会員.csv", inShiftJIS(t, "会員コード,姓,名,謎の列,生年月日\nM1,山口,葉子,x,1990-01-02\nN1,田中,一郎,y,1985-12-31\nN2,悪井,行子,z,1990-02-30\n"))
	if page == "" {
		t.Fatal(body)
	}
	path := strings.TrimPrefix(page, "/console")
	w.shows("/console"+path, "Shift_JIS", "会員コード", "謎の列", "取り込まない", "山口", "1990-02-30", "日付ではありません", "エラー: 1件")
	w.shows("/console/members?q=M1", "山田") // nothing has changed
	form := url.Values{"column-1": {"code"}, "column-2": {"last_name"}, "column-3": {"first_name"}, "column-4": {""}, "column-5": {"birth_date"}}
	form.Set("deed", deedPreview)
	form.Set("column-4", "code")
	if a := w.post(page, form); a.Code != http.StatusUnprocessableEntity || !strings.Contains(a.Body.String(), "「会員コード」にはすでにほかの列が対応しています") {
		t.Errorf("two columns of one field: %d %s", a.Code, textOf(a))
	}
	form.Set("column-4", "")
	form.Set("deed", deedSave)
	if a := w.post(page, form); a.Code != http.StatusSeeOther {
		t.Fatalf("%d %s", a.Code, textOf(a))
	}
	w.shows(page, "開始待ち", `hx-trigger="every 1s"`)
	b.work()
	w.lacks(w.shows(page, "完了", "3行中3行を処理", "取り込めなかった行をダウンロード", "取り込めなかった行: 1行", "生年月日「1990-02-30」: 日付ではありません",
		"登録されている氏名と異なります"), "hx-trigger")
	w.shows("/console/imports", "会員.csv", "admin")
	w.shows("/console/members?q=M1", "山口")
	a := w.get(page + "/refused")
	if got := a.Body.String(); !strings.Contains(got, "N2,悪井,行子,z,1990-02-30,4,") || !strings.HasPrefix(got, "\ufeff") ||
		!strings.Contains(a.Header().Get("Content-Disposition"), "attachment") {
		t.Errorf("the refused lines: %v\n%s", a.Header(), got)
	}
}

// TestOtherNameIsTold: a line whose code is that of a member with another name replaces the name in a shop's own file of members, and is
// refused in a file of points. The page says which of the two.
func TestOtherNameIsTold(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.as("admin")
	page, body := w.upload("members", "会員.csv", "会員コード,姓,名\nM1,佐藤,次郎\n")
	if page == "" {
		t.Fatal(body)
	}
	w.lacks(w.shows(page, "会員コードが一致する行は、氏名を書き換えて取り込みます", "「山田 花子」の名前で登録されています。この行の氏名に書き換わるため"), "エラー:")
	page, body = w.upload("points", "ポイント.csv", "会員コード,姓,名,ポイント\nM1,佐藤,次郎,100\n")
	if page == "" {
		t.Fatal(body)
	}
	w.lacks(w.shows(page, "会員IDや会員コードが一致しても氏名が異なる行は", "エラー: 1件"), "書き換え")
}

// TestRefusalTellsBothNames: who corrects a line whose number is somebody else's sees both names and what to do.
func TestRefusalTellsBothNames(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.as("admin")
	page, body := w.upload("members", "会員.csv", "会員ID,姓,名\n1,佐藤,次郎\n")
	if page == "" {
		t.Fatal(body)
	}
	w.shows(page, "「1 佐藤 次郎」: この値の会員は「山田 花子」の名前で登録されています。別の会員ならこの欄を空欄に")
}

// TestImportIsTheTenants keeps an import from the console of another tenant.
func TestImportIsTheTenants(t *testing.T) {
	t.Parallel()
	b := setup(t)
	page, _ := b.as("admin").upload("products", "p.csv", "id,code,name\n7,P7,羊羹\n")
	other := b.browser()
	other.signIn(stranger, "admin", password, http.StatusSeeOther)
	for _, a := range []int{
		other.get(page).Code, other.get(page + "/refused").Code, other.post(page, url.Values{"deed": {deedSave}}).Code,
		other.post(page+"/cancel", nil).Code,
	} {
		if a != http.StatusNotFound {
			t.Errorf("another tenant gets %d", a)
		}
	}
	if a := b.as("admin").post(page+"/cancel", nil); a.Code != http.StatusSeeOther {
		t.Errorf("throwing it away: %d %s", a.Code, textOf(a))
	}
}

// TestUploadOfAnything uploads files that cannot be imported, which are refused with a message.
func TestUploadOfAnything(t *testing.T) {
	t.Parallel()
	w := setup(t).as("admin")
	for name, content := range map[string]string{
		"empty": "", "binary": "\x00\x01\x02\xff\xfe", "header": "会員コード,姓\n", "line": strings.Repeat("x", 100<<10),
		"hostile": "<script>alert(1)</script>,code\n=cmd,\"un\nclosed",
	} {
		page, body := w.upload("members", "<i>"+name, content)
		if page != "" {
			body = w.shows(page)
		}
		w.lacks(body, "<script>alert", "<i>")
	}
	for content, told := range map[string]string{
		"":                              "このファイルは読み取れませんでした: ファイルが空です。",
		"PK\x03\x04":                    "表計算ソフトでCSV形式で保存し直してください。",
		strings.Repeat("a,", 300) + "a": "列が301列あります。取り込めるのは200列までです。",
		"\"code\n":                      "見出し行の引用符",
		strings.Repeat("長", 20_000):     "1行目が長すぎます。",
		"co\xff\xffde\nM1\n":            "見出し行がShift_JISの文字ではありません。",
	} {
		if page, body := w.upload("members", "a.csv", content); page != "" || !strings.Contains(html.UnescapeString(body), told) {
			t.Errorf("%.20q is not told %q: %s", content, told, body)
		}
	}
	if page, body := w.upload("nonsense", "a.csv", "code\nM1\n"); page != "" {
		t.Errorf("an import of nonsense: %s", body)
	}
	if a := w.post("/console/imports", url.Values{"kind": {"members"}}); a.Code != http.StatusBadRequest {
		t.Errorf("no file: %d", a.Code)
	}
	if testing.Short() {
		return
	}
	if page, body := w.upload("members", "large.csv", "code\n"+strings.Repeat("M1\n", csvfile.MaxBytes/3)); page != "" || !strings.Contains(body, "64MB") {
		t.Errorf("too large a file: %s", body)
	}
}
