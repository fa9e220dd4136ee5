package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestReadAgain reads the file of a draft in other ways, without sending it again, until it is read rightly; then it is imported.
func TestReadAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.as("admin")
	// Text in EUC-JP that is valid Shift_JIS too, and a delimiter that is not detected.
	page, body := w.upload("members", "会員.csv", "code|last_name\nX1|\xbb\xb3\xc5\xc4\nX2|\xbb\xb3\xb2\xbc\n")
	if page == "" {
		t.Fatal(body)
	}
	body = w.get(page).Body.String() // nothing is mapped, which is told
	for _, has := range []string{"Shift_JIS", "code|last_name", "X1|ｻｳﾅﾄ", "この設定で読み直す", `hx-trigger="change"`} {
		if !strings.Contains(body, has) {
			t.Errorf("the draft lacks %q: %s", has, body)
		}
	}
	read := func(encoding, delimiter string) (location, body string) {
		a := w.post(page, url.Values{"deed": {"read"}, "encoding": {encoding}, "delimiter": {delimiter}})
		return strings.TrimPrefix(a.Header().Get("Location"), "/console"), a.Body.String()
	}
	if at, body := read("utf-16le", ""); at != "" || !strings.Contains(body, "このファイルは読み取れませんでした") || !strings.Contains(body, "X1|ｻｳﾅﾄ") {
		t.Errorf("in an encoding in which it cannot be read: %q %s", at, body)
	}
	at, _ := read("shift_jis", "pipe")
	w.shows("/console"+at, "ｻｳﾅﾄ", "姓", `<option value="pipe" selected>`)
	at, _ = read("euc-jp", "pipe")
	w.lacks(w.shows("/console"+at, "EUC-JP", "山田", "山下", `<option value="euc-jp" selected>`), "ｻｳﾅﾄ")
	// A preview of another mapping keeps how the file is read.
	mapping := url.Values{"deed": {deedPreview}, "column-1": {"code"}, "column-2": {"company"}, "encoding": {"euc-jp"}, "delimiter": {"pipe"}}
	if a := w.post(page, mapping); a.Code != http.StatusOK || !strings.Contains(a.Body.String(), `<option value="euc-jp" selected>`) {
		t.Errorf("another mapping: %d %s", a.Code, textOf(a))
	}
	if a := w.post(page, url.Values{"deed": {deedSave}, "column-1": {"code"}, "column-2": {"last_name"}}); a.Code != http.StatusSeeOther {
		t.Fatalf("starting: %d %s", a.Code, textOf(a))
	}
	if _, body := read("utf-8", ""); !strings.Contains(body, "もう一度アップロードしてください") {
		t.Errorf("read again after the start: %s", body)
	}
	b.work()
	w.shows("/console/members?q=X2", "山下")
}
