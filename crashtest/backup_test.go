//go:build linux

package crashtest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"noren"
	"noren/app"
	"noren/sqlstore"
)

// TestBackupUnderLoad backs a server up while it is written to as fast as it can, again and again, and restores each
// backup. It has everything that was acknowledged before it began, and keeps every invariant.
func TestBackupUnderLoad(t *testing.T) {
	t.Parallel()
	in := install(t, sqliteURL(t), 1)
	dir := t.TempDir()
	in.settings = []string{"NOREN_FILES=" + filepath.Join(dir, "files"), "NOREN_BACKUPS=" + filepath.Join(dir, "scheduled")}
	key := ""
	for _, c := range in.apply(stormClients("shop", 1)) {
		if c.Dialect == noren.ReCORE {
			key = c.Identification
		}
	}
	l := newLoad(t, in)
	s := in.serve()
	stop := l.start()
	up := newUploads(t, in.address, key)
	times := 3
	if testing.Short() {
		times = 1
	}
	for i := range times {
		l.awaitMore(100, http.StatusAccepted)
		acknowledged, files := l.acknowledged(), up.all()
		backup := filepath.Join(dir, fmt.Sprintf("backup%d.tar", i))
		began := time.Now()
		in.run("backup", backup)
		t.Logf("a backup of %d requests and %d files took %v", len(acknowledged), len(files), time.Since(began))
		restored := *in
		restored.database = "sqlite:" + filepath.Join(dir, fmt.Sprint("restored", i, ".db"))
		restored.settings = []string{"NOREN_FILES=" + filepath.Join(dir, fmt.Sprint("restored", i))}
		if out := string(restored.run("restore", backup)); !strings.Contains(out, "invariants hold") {
			t.Errorf("noren restore says\n%s", out)
		}
		if missing := restored.missing(acknowledged); len(missing) > 0 {
			t.Errorf("%d of %d requests are missing: %v", len(missing), len(acknowledged), missing)
		}
		for name, content := range files {
			got, err := os.ReadFile(filepath.Join(dir, fmt.Sprint("restored", i), "shop1", name))
			if err != nil || string(got) != content {
				t.Errorf("the file %s has %d bytes, want %d: %v", name, len(got), len(content), err)
			}
		}
	}
	stop()
	up.stop()
	l.settle()
	s.stop()
	l.check(t)
	if list, err := os.ReadDir(filepath.Join(dir, "scheduled")); err != nil || len(list) != 1 {
		t.Errorf("the server itself has made %v, %v", list, err)
	}
}

// acknowledged lists the requests that were accepted so far.
func (l *load) acknowledged() (ids []int64) {
	l.count(func(o *order) bool {
		if o.status == http.StatusAccepted {
			ids = append(ids, o.requestID)
		}
		return false
	})
	return ids
}

// missing lists those of the requests that are not stored.
func (in *installation) missing(ids []int64) (missing []int64) {
	in.t.Helper()
	engine, err := sqlstore.Open(in.t.Context(), sqlstore.Config{URL: in.database, ReadOnly: true})
	if err != nil {
		in.t.Fatal(err)
	}
	defer engine.Close()
	rooms := app.New(app.Config{Engine: engine})
	tenants, err := rooms.Access.Tenants(in.t.Context())
	if err != nil || len(tenants) != 1 {
		in.t.Fatal(tenants, err)
	}
	for _, id := range ids {
		if _, err := rooms.Bulk.Status(in.t.Context(), noren.Caller{Tenant: tenants[0]}, id); err != nil {
			missing = append(missing, id)
		}
	}
	return missing
}

// uploads sends files one after another.
type uploads struct {
	stop   func()
	mayEnd atomic.Bool // the server may be killed

	mu    sync.Mutex
	files map[string]string // content by key
}

func newUploads(t *testing.T, address, key string) *uploads {
	u := &uploads{files: make(map[string]string)}
	end, ended := make(chan struct{}), make(chan struct{})
	u.stop = sync.OnceFunc(func() { close(end); <-ended })
	t.Cleanup(u.stop)
	go func() {
		defer close(ended)
		for n := 0; ; n++ {
			select {
			case <-end:
				return
			case <-time.After(5 * time.Millisecond):
			}
			if err := u.send(address, key, strings.Repeat(fmt.Sprintln("file", n), 500)); err != nil && !u.mayEnd.Load() {
				t.Error(err)
				return
			}
		}
	}()
	return u
}

func (u *uploads) send(address, key, content string) error {
	r, err := http.NewRequest(http.MethodPost, "http://"+address+"/upload/private", strings.NewReader(content))
	if err != nil {
		return err
	}
	r.Header.Set("X-Identification", key)
	r.Header.Set("Content-Type", "text/plain")
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer got.Body.Close()
	body, err := io.ReadAll(got.Body)
	if err != nil || got.StatusCode != http.StatusOK {
		return fmt.Errorf("an upload got %d %s: %w", got.StatusCode, body, err)
	}
	var file struct {
		Key string `json:"file_key"`
	}
	if err := json.Unmarshal(body, &file); err != nil {
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.files[file.Key] = content
	return nil
}

// all is what was acknowledged so far.
func (u *uploads) all() map[string]string {
	u.mu.Lock()
	defer u.mu.Unlock()
	copied := make(map[string]string, len(u.files))
	maps.Copy(copied, u.files)
	return copied
}
