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

// staticFiles are sent as they are. static/fetch.sh tells where those in lib are from.
//
//go:embed static/*.css static/*.js static/*.svg static/lib/*.css static/lib/*.js static/lib/*.svg
var staticFiles embed.FS

// assets are the files that pages refer to. Their addresses carry one hash of them all, so that a browser may keep them
// for ever and the style sheets' own references need no rewriting.
type assets struct {
	version string
	byName  map[string]*asset
}

type asset struct {
	contentType string
	body        []byte
	compressed  func() []byte
}

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
			contentType = "text/javascript; charset=utf-8" // whatever the machine's own table says
		}
		list.byName[path.Base(name)] = &asset{contentType, body, sync.OnceValue(func() []byte { return compressed(body) })}
		return nil
	})
	list.version = hex.EncodeToString(sum.Sum(nil))[:16]
	return list, err
}

// compressed is done once for each file, when it is first asked for.
func compressed(body []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is one that there is
	_, _ = w.Write(body)                                  // to memory
	_ = w.Close()
	return b.Bytes()
}

// asset answers a file. One that was asked for under another version's address, as by a page that was loaded before the
// server was replaced, is answered too, but not to be kept.
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

// static is the address of a file.
func (p *page) static(name string) templ.SafeURL {
	return p.link("/static/" + p.console.assets.version + "/" + name)
}
