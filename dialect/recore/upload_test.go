package recore

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"regexp"
	"strings"
	"testing"
	"time"

	"noren/files"
)

func TestTypesOfUploads(t *testing.T) {
	t.Parallel()
	b := setup(t)
	riff := "RIFF\x04\x00\x00\x00WEBPVP8 "
	for _, tt := range []struct{ declared, bytes, extension string }{
		{"image/jpeg", "\xff\xd8\xff\xe0 photo", "jpg"},
		{"text/html", "\x89PNG\r\n\x1a\n photo", "png"},
		{"", "GIF89a photo", "gif"},
		{"image/webp", riff, "webp"},
		{"application/pdf", "%PDF-1.7 paper", "pdf"},
		{"text/plain", "a,b\r\n", "txt"},
		{"text/csv; charset=Shift_JIS", "\x96\xbc\x91\x4f,a\r\n", "csv"},
		{"image/jpeg", "<html><script>alert(1)</script>", ""},
		{"text/csv", "<!DOCTYPE html>", ""},
		{"image/svg+xml", `<?xml version="1.0"?><svg/>`, ""},
		{"image/png", "MZ\x90\x00\x03\x00\x00\x00", ""},
		{"text/plain", "", ""},
		{"multipart/form-data", "x", ""},
	} {
		for _, path := range []string{"/upload/public", "/upload/private"} {
			a := b.Do(request{Method: "POST", Path: path, As: "a", Body: tt.bytes, Header: map[string]string{"Content-Type": tt.declared}})
			switch {
			case tt.extension == "":
				if a.Status != http.StatusBadRequest || !strings.Contains(a.Body, `"VALIDATE_FAILED"`) {
					t.Errorf("%s %q: %d %s", tt.declared, tt.bytes, a.Status, a.Body)
				}
			case a.Status != http.StatusOK || !regexp.MustCompile(`^{"file_key":"[0-9A-Za-z]{40}\.`+tt.extension+`"}$`).MatchString(a.Body):
				t.Errorf("%s %q: %d %s", tt.declared, tt.bytes, a.Status, a.Body)
			}
		}
	}
}

// form is a multipart body with the file in the named field, behind another field.
func form(t *testing.T, field, text string) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if err := w.WriteField("note", "x"); err != nil {
		t.Fatal(err)
	}
	part, err := w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="` + field + `"; filename="../../etc/passwd"`}, "Content-Type": {"text/csv"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), w.FormDataContentType()
}

func TestMultipartUpload(t *testing.T) {
	t.Parallel()
	b := setup(t)
	send := func(body, contentType string) answer {
		return b.Do(request{Method: "POST", Path: "/upload/public", As: "a", Body: body, Header: map[string]string{"Content-Type": contentType}})
	}
	body, contentType := form(t, "file", "a,b")
	if a := send(body, contentType); a.Status != http.StatusOK || !strings.HasSuffix(a.Body, `.csv"}`) {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	for _, cut := range []int{len(body) - 20, len(body) / 2, 5, 0} {
		if a := send(body[:cut], contentType); a.Status != http.StatusBadRequest {
			t.Errorf("cut at %d: %d %s", cut, a.Status, a.Body)
		}
	}
	body, contentType = form(t, "other", "a,b")
	if a := send(body, contentType); a.Status != http.StatusBadRequest || !strings.Contains(a.Body, "File can't be blank") {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

func TestUploadsHaveALimit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	full := strings.Repeat("x", maxUpload)
	b.upload("a", full)
	form, contentType := form(t, "file", full)
	for _, r := range []request{
		{Body: full + "x"}, {Body: form, Header: map[string]string{"Content-Type": contentType}},
	} {
		r.Method, r.Path, r.As = "POST", "/upload/public", "a"
		if a := b.Do(r); a.Status != http.StatusRequestEntityTooLarge || !strings.Contains(a.Body, `"PAYLOAD_TOO_LARGE"`) {
			t.Errorf("%d %s", a.Status, a.Body)
		}
	}
	r := request{Method: "POST", Path: "/members", As: "a", Body: `{"address1":"` + strings.Repeat("x", 4<<20) + `"}`}
	if a := b.Do(r); a.Status != http.StatusRequestEntityTooLarge {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

// address is the path and query of the url that the member's only attachment has.
func (b *bundle) address() string {
	b.Helper()
	_, rest, _ := strings.Cut(b.get("/members/1"), `"url":"https://api.example.com`)
	address, _, found := strings.Cut(rest, `"`)
	if !found {
		b.Fatal("there is no url")
	}
	return address
}

// Whoever has a temporary address gets the file, as nothing that a browser would run, until it expires.
func TestTemporaryAddresses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	key := b.equip("a")
	address := b.address()
	a := b.Do(request{Method: "GET", Path: address})
	if a.Status != http.StatusOK || a.Body != "text of a" {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	for name, want := range map[string]string{
		"Content-Type": "text/plain", "Content-Disposition": `attachment; filename="` + key + `"`, "X-Content-Type-Options": "nosniff",
		"Content-Security-Policy": "default-src 'none'; sandbox", "Content-Length": "9", "Cache-Control": "no-store",
	} {
		if got := a.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if a := b.Do(request{Method: "HEAD", Path: address}); a.Status != http.StatusOK || a.Header.Get("Content-Length") != "9" {
		t.Errorf("HEAD: %d %v", a.Status, a.Header)
	}
	foreign := b.upload("b", "text of b")
	path, query, _ := strings.Cut(address, "?")
	for _, forged := range []string{
		path, path + "?" + strings.Replace(query, "expires=1", "expires=2", 1), path + "?" + query + "x",
		strings.Replace(address, shopA, shopB, 1), strings.Replace(address, shopA, "nobody", 1), strings.Replace(address, key, foreign, 1),
		"/files/" + shopB + "/" + foreign + "?" + query, "/files/" + shopA + "/..%2f..%2fnoren.db?" + query, "/files/..%2f" + shopA + "/x?" + query,
		path + "?" + query + "&expires=1", path + "?%zz",
	} {
		if a := b.Do(request{Method: "GET", Path: forged, As: "a"}); a.Status != http.StatusForbidden && a.Status != http.StatusNotFound {
			t.Errorf("%s: %d %s", forged, a.Status, a.Body)
		}
	}
	b.Clock.Advance(files.LinkLife + time.Minute)
	if a := b.Do(request{Method: "GET", Path: address}); a.Status != http.StatusForbidden || !strings.Contains(a.Body, `"FORBIDDEN"`) {
		t.Errorf("expired: %d %s", a.Status, a.Body)
	}
	if renewed := b.address(); renewed == address || b.Do(request{Method: "GET", Path: renewed}).Status != http.StatusOK {
		t.Errorf("%s", renewed)
	}
}

// Only what the company has uploaded can be attached, and a photo is a matter of its tag.
func TestAttachments(t *testing.T) {
	t.Parallel()
	b := setup(t)
	key := b.upload("a", "text")
	for _, tt := range []struct{ body, detail string }{
		{`{}`, `"file_key":["File key can't be blank"],"tag":["Tag can't be blank"]`},
		{`{"file_key":"../../../` + key + `","tag":"PHOTO"}`, `"file_key":["File key is invalid"]`},
		{`{"file_key":"` + shopA + "/" + key + `","tag":"PHOTO"}`, `"file_key":["File key is invalid"]`},
		{`{"file_key":"` + strings.Repeat("x", 40) + `.jpg","tag":"PHOTO"}`, `"file_key":["File key does not exist"]`},
		{
			`{"file_key":"` + key + `","tag":"FACE","file_name":"` + strings.Repeat("あ", 101) + `"}`,
			`"tag":["FACE is not included in the list"],"file_name":["File name is too long (maximum is 100 characters)"]`,
		},
	} {
		b.Want(request{Method: "POST", Path: "/members/1/attachments", As: "a", Body: tt.body}, 400, failed("{"+tt.detail+"}"))
	}
	attach := func(tag string) {
		b.post("/members/1/attachments", `{"file_key":"`+b.upload("a", tag)+`","tag":"`+tag+`"}`)
	}
	attach("PHOTO")
	attach("PHOTO")
	attach("GENERAL")
	m := b.members("[" + b.get("/members/1") + "]")[0]
	list := m["attachments"].([]any)
	if len(list) != 3 || m["photo_url"] != list[1].(map[string]any)["url"] {
		t.Errorf("%v", m)
	}
	b.must("DELETE", "/members/1/attachments/2", "")
	if m := b.members("[" + b.get("/members/1") + "]")[0]; m["photo_url"] != list[0].(map[string]any)["url"] {
		t.Errorf("%v", m)
	}
	for _, path := range []string{"/members/1/attachments/2", "/members/2/attachments/1", "/members/1/notes/1"} {
		if a := b.Do(request{Method: "DELETE", Path: path, As: "a"}); a.Status != http.StatusNotFound {
			t.Errorf("%s: %d %s", path, a.Status, a.Body)
		}
	}
}
