package console

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"

	"github.com/a-h/templ"

	"noren"
	"noren/web"
)

// staticFiles are served unchanged. static/fetch.sh documents the origin of those in lib.
//
//go:embed static/*.css static/*.js static/*.svg static/lib/*.css static/lib/*.js static/lib/*.svg
var staticFiles embed.FS

// assets are the static files by name. Their addresses contain one hash of all of them, so that browsers can cache them for
// ever, and the relative references inside style sheets need no rewriting.
type assets struct {
	version string
	byName  map[string]*asset
}

// asset is one static file.
type asset struct {
	contentType string
	body        []byte
	compressed  func() []byte
}

// newAssets reads the embedded files and computes their common hash.
func newAssets() (*assets, error) {
	list := &assets{byName: make(map[string]*asset)}
	sum := sha256.New()
	err := fs.WalkDir(staticFiles, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := staticFiles.ReadFile(name)
		if err != nil {
			return err
		}
		_, _ = sum.Write([]byte(name))
		_, _ = sum.Write(body)
		contentType := mime.TypeByExtension(path.Ext(name))
		if strings.HasSuffix(name, ".js") {
			contentType = "text/javascript; charset=utf-8" // tables of MIME types differ between machines
		}
		list.byName[path.Base(name)] = &asset{contentType, body, sync.OnceValue(func() []byte { return compressed(body) })}
		return nil
	})
	list.version = hex.EncodeToString(sum.Sum(nil))[:16]
	return list, err
}

// compressed compresses a file. It runs once for each file, at its first request.
func compressed(body []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // this level is valid
	_, _ = w.Write(body)                                  // writing to memory cannot fail
	_ = w.Close()
	return b.Bytes()
}

// asset returns a file. The address may be of another version, in a page that was loaded before an upgrade. Then the
// current file is returned without permission to cache it.
func (d *Console) asset(_ context.Context, p *page) (web.Answer, error) {
	file := d.assets.byName[p.x.Vars["name"]]
	if file == nil {
		return web.Answer{}, &noren.Error{Kind: noren.NotFound, Field: "name", Value: p.x.Vars["name"]}
	}
	a := web.Answer{Status: http.StatusOK, ContentType: file.contentType, Body: file.body}
	if p.acceptsGzip() {
		a.Body = file.compressed()
		a = a.With("Content-Encoding", "gzip")
	}
	if p.x.Vars["version"] == d.assets.version {
		a = a.With("Cache-Control", "public, max-age=31536000, immutable")
	}
	return a, nil
}

// static is the address of a static file.
func (p *page) static(name string) templ.SafeURL {
	return p.link("/static/" + p.console.assets.version + "/" + name)
}
