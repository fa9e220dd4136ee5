package members

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"noren"
	"noren/app/unit"
)

// FileStore stores the bytes of uploaded files by name; FileName defines the names.
type FileStore interface {
	// Put stores what r returns, all or nothing, and returns the number of bytes. An error of r is returned unchanged.
	Put(ctx context.Context, name string, r io.Reader) (int64, error)
	// Open returns the file's bytes and their number; fs.ErrNotExist if there is no such file.
	Open(ctx context.Context, name string) (io.ReadCloser, int64, error)
	// Remove removes the file. A missing file is not an error.
	Remove(ctx context.Context, name string) error
}

// MaxUpload is the largest upload, in bytes, including what a form adds to the file.
const MaxUpload = 20 << 20

// FileName returns the name under which a tenant's file is stored.
func FileName(contract, fileKey string) string { return contract + "/" + fileKey }

// FileType is a type of file that may be uploaded.
type FileType struct {
	MIME      string
	Extension string
	also      []string // other extensions that its files have
}

// fits returns Invalid, with ReasonFileName and the ending as Value, if files of another kind have names like this. A picture may be called
// by another type of picture, which harms nobody; a name without an ending tells nothing.
func (t FileType) fits(name, field string) *noren.Error {
	ending := noren.FileEnding(name)
	kind := func(t FileType) string { kind, _, _ := strings.Cut(t.MIME, "/"); return kind }
	if ending == "" || slices.ContainsFunc(FileTypes(), func(o FileType) bool {
		return kind(o) == kind(t) && (o.Extension == ending || slices.Contains(o.also, ending))
	}) {
		return nil
	}
	return &noren.Error{
		Kind: noren.Invalid, Reason: noren.ReasonFileName, Field: field, Value: ending,
		Message: "must not be named ." + ending + ", because it is a file of type " + t.MIME,
	}
}

// FileTypes lists every type that may be uploaded: none that a browser would run.
func FileTypes() []FileType {
	return []FileType{
		{"image/jpeg", "jpg", []string{"jpeg", "jpe", "jfif"}},
		{"image/png", "png", nil},
		{"image/gif", "gif", nil},
		{"image/webp", "webp", nil},
		{"application/pdf", "pdf", nil},
		{"text/plain", "txt", []string{"text"}},
		{typeCSV, "csv", []string{"tsv"}},
	}
}

const typeCSV = "text/csv"

// sniffed is how many bytes of a file determine its type.
const sniffed = 512

// fileTypeOf determines the type from the first bytes. The sender's declaration and the file's name are trusted in one case only, where the
// bytes cannot tell: whether a text is CSV.
func fileTypeOf(head []byte, declared, name string) (FileType, bool) {
	found, _, _ := strings.Cut(http.DetectContentType(head), ";")
	// Two letters are enough for it to find other types: BM at the beginning of a text, LP at its 35th byte.
	if _, known := typeNamed(found); !known && !strings.HasPrefix(found, "text/") && isText(head) {
		found = "text/plain"
	}
	declared, _, err := mime.ParseMediaType(declared)
	if found == "text/plain" && (err == nil && declared == typeCSV || noren.FileEnding(name) == "csv") {
		found = typeCSV
	}
	return typeNamed(found)
}

func typeNamed(mime string) (FileType, bool) {
	for _, t := range FileTypes() {
		if t.MIME == mime {
			return t, true
		}
	}
	return FileType{}, false
}

// isText reports whether the bytes are those of a text in any encoding: without bytes that no text has.
func isText(head []byte) bool {
	return !slices.ContainsFunc(head, func(c byte) bool {
		return c < 0x20 && c != '\t' && c != '\n' && c != '\f' && c != '\r' && c != 0x1b // ISO-2022-JP
	})
}

// NewFile is a file that a caller sends.
type NewFile struct {
	Bytes    io.Reader
	Declared string // the media type that the sender declares
	Name     string // that the file has at the sender's; "": it has none
	Public   bool
}

// KeepFile puts a file of the caller's tenant into the store and records it, without holding it in memory. once may be
// nil; it is called after the file has been read, and its Render gets the Upload. Invalid, with the field file and
// ReasonMissing, ReasonFileType or ReasonFileName, if the file is empty, of a type that may not be uploaded, or named like one of another
// type, and with ReasonForm if it breaks off. An Error of reading it is returned as it is. Unavailable if the store cannot take it,
// as when its disk is full.
func (s *Service) KeepFile(
	ctx context.Context, c noren.Caller, store FileStore, f NewFile, once func() *unit.Once,
) (noren.Upload, *noren.KeptAnswer, error) {
	u, file, err := examine(f)
	if err != nil {
		return noren.Upload{}, nil, err
	}
	// Put returns one error for two culprits; source tells whether it was the sender or the store.
	source := &source{Reader: file}
	u.Size, err = store.Put(ctx, FileName(c.Tenant.Contract, u.FileKey), source)
	if source.err != nil {
		return noren.Upload{}, nil, brokenFile(source.err)
	}
	if err != nil {
		return noren.Upload{}, nil, FilesUnavailable(ctx, err)
	}
	// The bytes first, and then the record together with the reply, so that no record is without its bytes.
	var replay *unit.Once
	if once != nil {
		replay = once()
	}
	kept, err := s.AddUpload(ctx, c, u, replay)
	// Otherwise the record belongs to another file, or there is none: our bytes must not stay.
	if kept == nil && err == nil {
		return u, nil, nil
	}
	// Without the request's deadline: it may be the very reason for the error.
	return noren.Upload{}, kept, errors.Join(err, s.discard(context.WithoutCancel(ctx), c, store, u))
}

// filesRetry is when to try again after the store of files has failed. That takes an operator more often than not.
const filesRetry = 10 * time.Second

// FilesUnavailable is an error of a FileStore for whoever wanted the file: it may be there later. An error that ends with
// ctx stays as it is.
func FilesUnavailable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return err
	}
	return &noren.Error{Kind: noren.Unavailable, RetryAfter: filesRetry, Message: "the store of files is not available", Err: err}
}

// OpenFile opens a tenant's file for a caller that hands it on whole. The error is fs.ErrNotExist if there is no such file; any other, of
// reading too, is Unavailable.
func OpenFile(ctx context.Context, store FileStore, contract, fileKey string) (io.ReadCloser, error) {
	from, _, err := store.Open(ctx, FileName(contract, fileKey))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, err
	case err != nil:
		return nil, FilesUnavailable(ctx, err)
	}
	return storedFile{from, ctx}, nil
}

// storedFile is a file that is being read.
type storedFile struct {
	io.ReadCloser
	ctx context.Context //nolint:containedctx // of the request that reads it
}

// Read implements io.Reader.
func (f storedFile) Read(p []byte) (int, error) {
	n, err := f.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = FilesUnavailable(f.ctx, err)
	}
	return n, err
}

// examine determines what a file is, and returns it again from its beginning.
func examine(f NewFile) (noren.Upload, io.Reader, error) {
	head := make([]byte, sniffed)
	n, err := io.ReadFull(f.Bytes, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return noren.Upload{}, nil, brokenFile(err)
	}
	head = head[:n]
	if n == 0 {
		return noren.Upload{}, nil, &noren.Error{Kind: noren.Invalid, Reason: noren.ReasonMissing, Field: fieldFile, Message: "the file is empty"}
	}
	t, allowed := fileTypeOf(head, f.Declared, f.Name)
	if !allowed {
		return noren.Upload{}, nil, &noren.Error{
			Kind: noren.Invalid, Reason: noren.ReasonFileType, Field: fieldFile, Message: "files of this type may not be uploaded",
		}
	}
	if misnamed := t.fits(f.Name, fieldFile); misnamed != nil {
		return noren.Upload{}, nil, misnamed
	}
	// The extension follows the detected type, not the sender's file name.
	u := noren.Upload{FileKey: NewFileKey(t.Extension), MIMEType: t.MIME, Public: f.Public}
	return u, io.MultiReader(bytes.NewReader(head), f.Bytes), nil
}

const fieldFile = "file"

// brokenFile is an error of reading what is sent: one that is already known, such as for its size, or a file that
// breaks off.
func brokenFile(err error) error {
	if e, known := errors.AsType[*noren.Error](err); known {
		return e
	}
	return &noren.Error{Kind: noren.Invalid, Reason: noren.ReasonForm, Field: fieldFile, Message: "the file breaks off", Err: err}
}

// discard removes the bytes of a file that was not recorded, because another server has meanwhile handled the same
// Idempotency-Key, or because of an error: without a record nobody would ever sweep them. After a commit in doubt the
// record may exist all the same. If it cannot be looked up, the bytes stay.
func (s *Service) discard(ctx context.Context, c noren.Caller, store FileStore, u noren.Upload) error {
	_, err := s.Upload(ctx, c.Tenant.ID, u.FileKey)
	if noren.KindOf(err) == noren.NotFound {
		return store.Remove(ctx, FileName(c.Tenant.Contract, u.FileKey))
	}
	return err
}

// source remembers the error of its reader, which distinguishes an error of the request from one of the store.
type source struct {
	io.Reader
	err error
}

// Read implements io.Reader.
func (s *source) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}
