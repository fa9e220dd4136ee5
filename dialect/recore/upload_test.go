package recore

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"noren"
	"noren/app/members"
	"noren/app/unit"
	"noren/files"
	"noren/wire"
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
		{"text/csv", "BM,LP\r\n1,2\r\n", "csv"},               // not a bitmap
		{"text/plain", strings.Repeat("a", 34) + "LP", "txt"}, // nor a font
		{"image/bmp", "BM\x00\x00\x01", ""},
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

// TestNamesOfUploads: the name of a file must be one that its content may have, in the form and where it is attached.
func TestNamesOfUploads(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const text, picture, pdf = "MZ: a text\n", "\x89PNG\r\n\x1a\n photo", "%PDF-1.7 paper"
	for _, tt := range []struct{ name, bytes, key string }{
		{"x.txt", text, "txt"},
		{"一覧.csv", text, "csv"},
		{"x", text, "txt"},
		{"見積 ver.2", text, "txt"},
		{"x.jpg", picture, "png"},
		{"x.pdf", pdf, "pdf"},
		{"x.exe", text, ""},
		{"x.TXT.exe", text, ""},
		{"x.html", text, ""},
		{"x.pdf", picture, ""},
		{"x.png", text, ""},
		{"x.txt", pdf, ""},
		{"x.js. ", text, ""},
	} {
		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		part, err := w.CreateFormFile("file", tt.name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = part.Write([]byte(tt.bytes))
		_ = w.Close()
		form := map[string]string{"Content-Type": w.FormDataContentType()}
		a := b.Do(request{Method: "POST", Path: "/upload/private", As: "a", Body: body.String(), Header: form})
		if tt.key == "" {
			if a.Status != http.StatusBadRequest || !strings.Contains(a.Body, "must not be named .") {
				t.Errorf("%s: %d %s", tt.name, a.Status, a.Body)
			}
		} else if a.Status != http.StatusOK || !strings.Contains(a.Body, "."+tt.key+`"`) {
			t.Errorf("%s: %d %s", tt.name, a.Status, a.Body)
		}
		// The same, where the bytes come alone and the name with the attachment.
		a = b.Do(request{Method: "POST", Path: "/upload/private", As: "a", Body: tt.bytes})
		var sent struct {
			FileKey string `json:"file_key"`
		}
		if err := json.Unmarshal([]byte(a.Body), &sent); err != nil {
			t.Fatal(a.Body, err)
		}
		attach, err := json.Marshal(map[string]string{"file_key": sent.FileKey, "tag": "GENERAL", "file_name": tt.name})
		if err != nil {
			t.Fatal(err)
		}
		a = b.Do(request{Method: "POST", Path: "/members/1/attachments", As: "a", Body: string(attach)})
		if refused := a.Status == http.StatusBadRequest && strings.Contains(a.Body, "file_name"); refused != (tt.key == "") || !refused && a.Status != http.StatusOK {
			t.Errorf("attached as %s: %d %s", tt.name, a.Status, a.Body)
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

// stored lists the uploaded files of the first tenant that are in the directory.
func (b *bundle) stored() (names []string) {
	b.Helper()
	list, err := os.ReadDir(filepath.Join(b.files, shopA))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		b.Fatal(err)
	}
	for _, f := range list {
		names = append(names, f.Name())
	}
	return names
}

// keyOf returns the key in an upload's response.
func (b *bundle) keyOf(a answer) string {
	b.Helper()
	var answered struct {
		FileKey string `json:"file_key"`
	}
	if err := json.Unmarshal([]byte(a.Body), &answered); err != nil || a.Status != http.StatusOK || answered.FileKey == "" {
		b.Errorf("%d %s", a.Status, a.Body)
	}
	return answered.FileKey
}

// An upload that is sent again is stored once. What counts is the file, not the form around it.
func TestUploadOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	send := func(path, text string, inForm bool) answer {
		contentType := "text/plain"
		if inForm {
			text, contentType = form(t, fieldFile, text)
		}
		return b.Do(request{
			Method: "POST", Path: path, As: "a", Body: text, Header: map[string]string{"Content-Type": contentType, "Idempotency-Key": "k"},
		})
	}
	large := strings.Repeat("x", 1<<20)
	first := b.keyOf(send("/upload/public", large, false))
	for _, inForm := range []bool{false, true, true} { // each form has its own boundary
		a := send("/upload/public", large, inForm)
		if got := b.keyOf(a); got != first || a.Header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("sent again it has the key %s, replayed %q; first it had %s", got, a.Header.Get("Idempotent-Replayed"), first)
		}
	}
	for _, other := range []string{large + "x", large[1:], "\x00"} {
		if a := send("/upload/public", other, false); a.Status != http.StatusConflict || !strings.Contains(a.Body, wordsKeyReused) {
			t.Errorf("%d bytes: %d %s", len(other), a.Status, a.Body)
		}
	}
	second := b.keyOf(send("/upload/private", large, false))
	if diff := cmp.Diff(slices.Sorted(slices.Values([]string{first, second})), b.stored()); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	b.Clock.Advance(unit.KeyHeld)
	if third := b.keyOf(send("/upload/public", large, false)); third == first {
		t.Error("the answer is kept for longer than a day")
	}
}

// reading is a body that does something when it has been read.
type reading struct {
	io.Reader
	done func()
}

func (r reading) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		r.done()
	}
	return n, err
}

// While a file arrives, another server handles the same key: nothing of ours remains.
func TestUploadAnsweredElsewhere(t *testing.T) {
	t.Parallel()
	for text, status := range map[string]int{"the same": http.StatusOK, "not the same": http.StatusConflict} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			caller, err := b.Rooms.Access.CallerByKey(t.Context(), noren.ReCORE, "app-A")
			if err != nil {
				t.Fatal(err)
			}
			theirs := noren.Upload{FileKey: members.NewFileKey("txt"), MIMEType: "text/plain"}
			answerElsewhere := sync.OnceFunc(func() {
				_, err := b.Rooms.Members.AddUpload(t.Context(), caller, theirs, &unit.Once{
					Key:      noren.IdempotencyKey{ClientID: caller.Client.ID, Route: "POST /upload/private", Key: "k"},
					BodyHash: noren.HashSecret("the same"),
					Render: func(any) noren.KeptAnswer {
						return noren.KeptAnswer{Status: http.StatusOK, ContentType: wire.MediaJSON, Body: []byte(`{"file_key":"` + theirs.FileKey + `"}`)}
					},
				})
				if err != nil {
					t.Error(err)
				}
			})
			body := reading{strings.NewReader(text), answerElsewhere}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.URL+"/upload/private", body)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set(headerKey, b.Keys["a"])
			req.Header.Set("Idempotency-Key", "k")
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			got, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != status || status == http.StatusOK && b.keyOf(answer{Status: resp.StatusCode, Header: resp.Header, Body: string(got)}) != theirs.FileKey {
				t.Errorf("%d %s, want %d and %s", resp.StatusCode, got, status, theirs.FileKey)
			}
			if files := b.stored(); len(files) > 0 {
				t.Errorf("%s is stored and not recorded", files)
			}
		})
	}
}

// lostCommits is an engine that runs each closure again after its commit once it is switched on; or it fails instead.
type lostCommits struct {
	noren.Engine
	on   *atomic.Bool
	fail bool
}

func (e lostCommits) Update(ctx context.Context, tenant noren.TenantID, fn func(tx noren.Tx) error) error {
	err := e.Engine.Update(ctx, tenant, func(tx noren.Tx) error { return fn(doubtfulRun{tx, false}) })
	switch {
	case err != nil || !e.on.Load():
		return err
	case e.fail:
		return &noren.Error{Kind: noren.Unavailable}
	}
	return e.Engine.Update(ctx, tenant, func(tx noren.Tx) error { return fn(doubtfulRun{tx, true}) })
}

type doubtfulRun struct {
	noren.Tx
	again bool
}

func (r doubtfulRun) Again() bool  { return r.again }
func (doubtfulRun) Doubtful() bool { return true }

// A commit is in doubt: the bytes of a recorded file stay, and the key returns the file.
func TestUploadWithLostCommit(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]bool{"found again": false, "given up": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var on atomic.Bool
			b := startOn(t, func(e noren.Engine) noren.Engine { return lostCommits{e, &on, fail} }, nil)
			r := request{Method: "POST", Path: "/upload/private", As: "a", Body: "text", Header: map[string]string{"Idempotency-Key": "k"}}
			on.Store(true)
			first := b.Do(r)
			on.Store(false)
			if fail != (first.Status == http.StatusServiceUnavailable) {
				t.Errorf("%d %s", first.Status, first.Body)
			}
			if key := b.keyOf(b.Do(r)); !slices.Equal(b.stored(), []string{key}) {
				t.Errorf("the file is %s, stored are %s", key, b.stored())
			}
		})
	}
}

func TestUploadsHaveALimit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	full := strings.Repeat("x", members.MaxUpload)
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

// Anybody with a temporary address gets the file until it expires, in a form that no browser runs.
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
		"/files/" + shopB + "/" + foreign + "?" + query, "/files/" + shopA + "/..%2f..%2fnoren.db?" + query, "/files/..%2f" + shopA + "/x?" + query, "/files/%00/x?" + query, "/files/%ff/x?" + query,
		path + "?" + query + "&expires=1", path + "?" + query + "&view=1", path + "?" + query + "&x=", path + "?%zz",
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

// Only files uploaded by the company can be attached. The tag alone makes a file a photo.
func TestAttachments(t *testing.T) {
	t.Parallel()
	b := setup(t)
	key := b.upload("a", "text")
	for _, tt := range []struct{ body, detail string }{
		{`{}`, `"file_key":["File key can't be blank"],"tag":["Tag can't be blank"]`},
		{`{"file_key":"../../../` + key + `","tag":"PHOTO"}`, `"file_key":["File key is invalid, must have the form: a file_key that an upload has returned"]`},
		{`{"file_key":"` + shopA + "/" + key + `","tag":"PHOTO"}`, `"file_key":["File key is invalid, must have the form: a file_key that an upload has returned"]`},
		{`{"file_key":"` + strings.Repeat("x", 40) + `.jpg","tag":"PHOTO"}`, `"file_key":["File key does not exist"]`},
		{
			`{"file_key":"` + key + `","tag":"FACE","file_name":"` + strings.Repeat("あ", 101) + `"}`,
			`"tag":["FACE is not included in the list: GENERAL, PHOTO"],"file_name":["File name is too long (maximum is 100 characters)"]`,
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
	_, address, _ := strings.Cut(list[1].(map[string]any)["url"].(string), "https://api.example.com")
	if a := b.Do(request{Method: "GET", Path: address}); a.Status != http.StatusOK {
		t.Errorf("an attached file: %d %s", a.Status, a.Body)
	}
	b.must("DELETE", "/members/1/attachments/2", "")
	if a := b.Do(request{Method: "GET", Path: address}); a.Status != http.StatusNotFound {
		t.Errorf("a file without an attachment any more: %d %s", a.Status, a.Body)
	}
	if m := b.members("[" + b.get("/members/1") + "]")[0]; m["photo_url"] != list[0].(map[string]any)["url"] {
		t.Errorf("%v", m)
	}
	for _, path := range []string{"/members/1/attachments/2", "/members/2/attachments/1", "/members/1/notes/1"} {
		if a := b.Do(request{Method: "DELETE", Path: path, As: "a"}); a.Status != http.StatusNotFound {
			t.Errorf("%s: %d %s", path, a.Status, a.Body)
		}
	}
}
