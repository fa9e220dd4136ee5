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
		u, file, err := examine(x.Stream, x.Stream.ContentType, public)
		if err != nil {
			return web.Answer{}, err
		}
		return d.store(ctx, x, u, file)
	}
}

// examine finds out what a file is, and answers it again from its beginning.
func examine(file io.Reader, declared string, public bool) (noren.Upload, io.Reader, error) {
	head := make([]byte, sniffed)
	n, err := io.ReadFull(file, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return noren.Upload{}, nil, unreadable(err)
	}
	head = head[:n]
	if n == 0 {
		return noren.Upload{}, nil, invalid{{fieldFile, sentence(fieldFile, "can't be blank")}}
	}
	t, allowed := sniff(head, declared)
	if !allowed {
		return noren.Upload{}, nil, invalid{{fieldFile, sentence(fieldFile, "must be of type "+typeNames())}}
	}
	u := noren.Upload{FileKey: noren.NewFileKey(t.extension), MIMEType: t.mime, Public: public}
	return u, io.MultiReader(bytes.NewReader(head), file), nil
}

// Keep stores a file of the caller's tenant and answers what is known of it. Invalid where the file is empty or of a type
// that is not taken; declared is the type that the sender gives it. Files of the console come here, for they are the
// same whoever sends them.
func (d *Dialect) Keep(ctx context.Context, c noren.Caller, declared string, file io.Reader, public bool) (noren.Upload, error) {
	u, file, err := examine(file, declared, public)
	if err == nil {
		err = d.put(ctx, c, &u, file)
	}
	if err != nil {
		return noren.Upload{}, err
	}
	if _, err := d.Service.AddUpload(ctx, c, u, nil); err != nil {
		return noren.Upload{}, errors.Join(err, d.discard(context.WithoutCancel(ctx), c, u))
	}
	return u, nil
}

// put keeps the bytes, and tells how many there were.
func (d *Dialect) put(ctx context.Context, c noren.Caller, u *noren.Upload, r io.Reader) (err error) {
	source := &source{Reader: r}
	u.Size, err = d.Files.Put(ctx, FileName(c.Tenant.Contract, u.FileKey), source)
	if source.err != nil {
		return unreadable(source.err)
	}
	return err
}

// store keeps the bytes and then records the file together with the answer, so that no record is without its bytes.
func (d *Dialect) store(ctx context.Context, x *web.Request, u noren.Upload, r io.Reader) (a web.Answer, err error) {
	if err := d.put(ctx, x.Caller, &u, r); err != nil {
		return a, err
	}
	answer := func(any) web.Answer { return ok(wire.JSON(wire.Map{wire.P("file_key", u.FileKey)})) }
	kept, err := d.Service.AddUpload(ctx, x.Caller, u, x.Once(answer))
	if kept == nil && err == nil {
		return answer(u), nil
	}
	if err := errors.Join(err, d.discard(context.WithoutCancel(ctx), x.Caller, u)); err != nil {
		return a, err
	}
	return web.Replayed(kept), nil
}

// discard removes the bytes of a file that was not recorded, because another server has answered its Idempotency-Key
// meanwhile, or because of an error: without a record nobody would ever sweep them. A record there may be all the same,
// where the answer to a commit was lost, and where it cannot be looked for the bytes stay.
func (d *Dialect) discard(ctx context.Context, c noren.Caller, u noren.Upload) error {
	_, err := d.Service.Upload(ctx, c.Tenant.ID, u.FileKey)
	if noren.KindOf(err) == noren.NotFound {
		return d.Files.Remove(ctx, FileName(c.Tenant.Contract, u.FileKey))
	}
	return err
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
func openUpload(r *http.Request) (web.Stream, error) {
	declared := r.Header.Get("Content-Type")
	if kind, _, _ := mime.ParseMediaType(declared); kind != "multipart/form-data" {
		return web.Stream{Reader: r.Body, ContentType: declared}, nil
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return web.Stream{}, invalid{{keyBody, sentence(keyBody, "is not a valid multipart form")}}
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return web.Stream{}, invalid{{fieldFile, sentence(fieldFile, "can't be blank")}}
		}
		if err != nil {
			return web.Stream{}, unreadable(err)
		}
		if part.FormName() == fieldFile {
			return web.Stream{Reader: part, ContentType: part.Header.Get("Content-Type")}, nil
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
