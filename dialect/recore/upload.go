package recore

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"noren"
	"noren/web"
	"noren/wire"
)

// maxUpload is the largest file, with the few bytes that a multipart body has around it.
const maxUpload = 20 << 20

// fieldFile is the field of a multipart body, and the key under which is said what is wrong with a file.
const fieldFile = "file"

// sniffed is how many bytes of a file tell its type.
const sniffed = 512

// fileType is a type of file that may be uploaded.
type fileType struct{ mime, extension string }

// fileTypes is every type that may be uploaded: none that a browser would run.
func fileTypes() []fileType {
	return []fileType{
		{"image/jpeg", "jpg"},
		{"image/png", "png"},
		{"image/gif", "gif"},
		{"image/webp", "webp"},
		{"application/pdf", "pdf"},
		{"text/plain", "txt"},
		{"text/csv", "csv"},
	}
}

// sniff finds the type in the first bytes. What the client declares is believed in one case only, where the bytes
// cannot tell: whether a text is CSV.
func sniff(head []byte, declared string) (fileType, bool) {
	found, _, _ := strings.Cut(http.DetectContentType(head), ";")
	if declared, _, err := mime.ParseMediaType(declared); err == nil && found == "text/plain" && declared == "text/csv" {
		found = declared
	}
	for _, t := range fileTypes() {
		if t.mime == found {
			return t, true
		}
	}
	return fileType{}, false
}

// postUpload is POST /upload/public and /upload/private ファイルアップロード. The file goes from the socket to the store
// without being held in memory.
func (d *Dialect) postUpload(public bool) handler {
	return func(ctx context.Context, x *web.Request) (web.Answer, error) {
		file, declared, err := openUpload(x.HTTP)
		if err != nil {
			return web.Answer{}, err
		}
		u, err := d.Keep(ctx, x.Caller, declared, file, public)
		if err != nil {
			return web.Answer{}, err
		}
		return ok(wire.JSON(wire.Map{wire.P("file_key", u.FileKey)})), nil
	}
}

// Keep stores a file of the caller's tenant and answers what is known of it. Invalid where the file is empty or of a type
// that is not taken; declared is the type that the sender gives it. The console's uploads come here too: files are the
// same whoever sends them.
func (d *Dialect) Keep(ctx context.Context, c noren.Caller, declared string, file io.Reader, public bool) (noren.Upload, error) {
	head := make([]byte, sniffed)
	n, err := io.ReadFull(file, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return noren.Upload{}, unreadable(err)
	}
	head = head[:n]
	if n == 0 {
		return noren.Upload{}, invalid{{fieldFile, sentence(fieldFile, "can't be blank")}}
	}
	t, allowed := sniff(head, declared)
	if !allowed {
		return noren.Upload{}, invalid{{fieldFile, sentence(fieldFile, "must be of type "+typeNames())}}
	}
	u := noren.Upload{FileKey: noren.NewFileKey(t.extension), MIMEType: t.mime, Public: public}
	return u, d.store(ctx, c, u, io.MultiReader(bytes.NewReader(head), file))
}

// store keeps the bytes and then records the file, so that no record is without its bytes.
func (d *Dialect) store(ctx context.Context, c noren.Caller, u noren.Upload, r io.Reader) (err error) {
	name := FileName(c.Tenant.Contract, u.FileKey)
	source := &source{Reader: r}
	u.Size, err = d.Files.Put(ctx, name, source)
	if source.err != nil {
		return unreadable(source.err)
	}
	if err != nil {
		return err
	}
	if _, err := d.Service.AddUpload(ctx, c, u, nil); err != nil {
		// Without a record nobody would ever sweep the file.
		return errors.Join(err, d.Files.Remove(context.WithoutCancel(ctx), name))
	}
	return nil
}

// source remembers the error of its reader, to tell what was wrong with the request from what is wrong with the store.
type source struct {
	io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

// openUpload finds the file in the body: all of it, or the field file of a multipart one.
func openUpload(r *http.Request) (file io.Reader, declared string, err error) {
	declared = r.Header.Get("Content-Type")
	if kind, _, _ := mime.ParseMediaType(declared); kind != "multipart/form-data" {
		return r.Body, declared, nil
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, "", invalid{{keyBody, sentence(keyBody, "is not a valid multipart form")}}
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, "", invalid{{fieldFile, sentence(fieldFile, "can't be blank")}}
		}
		if err != nil {
			return nil, "", unreadable(err)
		}
		if part.FormName() == fieldFile {
			return part, part.Header.Get("Content-Type"), nil
		}
	}
}

// unreadable is an error of reading the body: one that web has found already, or a form that breaks off.
func unreadable(err error) error {
	if e, known := errors.AsType[*noren.Error](err); known {
		return e
	}
	return invalid{{keyBody, sentence(keyBody, "is not a valid multipart form")}}
}

func typeNames() string {
	names := make([]string, len(fileTypes()))
	for i, t := range fileTypes() {
		names[i] = t.mime
	}
	return strings.Join(names, ", ")
}
