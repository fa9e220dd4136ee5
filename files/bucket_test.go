package files_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"noren/files"
)

// bucket is a store in a bucket of an S3 server that keeps everything in memory.
type bucket struct {
	files.Store
	backend *s3mem.Backend
	place   string

	mu   sync.Mutex
	down bool // it returns only errors
}

func setupBucket(t *testing.T, prefix string) *bucket {
	t.Helper()
	b := &bucket{backend: s3mem.New()}
	if err := b.backend.CreateBucket("photos"); err != nil {
		t.Fatal(err)
	}
	handler := gofakes3.New(b.backend).Server()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		down := b.down
		b.mu.Unlock()
		if down {
			w.WriteHeader(http.StatusForbidden) // the client does not retry this
			return
		}
		handler.ServeHTTP(w, unchunked(t, r))
	}))
	t.Cleanup(server.Close)
	b.place = "s3://key:hunter2@" + server.Listener.Addr().String() + "/photos" + prefix + "?region=us-east-1&insecure=true"
	var err error
	if b.Store, err = files.Open(b.place); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// unchunked extracts a body from the signed chunks that clients send over plain HTTP. The test server understands them only
// for whole objects, not for parts.
func unchunked(t *testing.T, r *http.Request) *http.Request {
	const header = "X-Amz-Content-Sha256"
	if r.Header.Get(header) != "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" {
		return r
	}
	var body bytes.Buffer
	for in := bufio.NewReader(r.Body); ; {
		var size int64
		if _, err := fmt.Fscanf(in, "%x;chunk-signature=", &size); err != nil {
			t.Errorf("a chunk of a body: %v", err)
			break
		}
		if _, err := in.ReadString('\n'); err != nil || size == 0 {
			break
		}
		if _, err := io.CopyN(&body, in, size); err != nil {
			t.Errorf("a chunk of a body: %v", err)
			break
		}
		_, _ = in.ReadString('\n')
	}
	r = r.Clone(r.Context())
	r.Header.Set(header, "UNSIGNED-PAYLOAD")
	r.Header.Set("Content-Length", strconv.Itoa(body.Len()))
	r.ContentLength, r.Body = int64(body.Len()), io.NopCloser(&body)
	return r
}

// objects lists what is in the bucket.
func (b *bucket) objects(t *testing.T) (keys []string) {
	t.Helper()
	list, err := b.backend.ListBucket("photos", nil, gofakes3.ListBucketPage{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list.Contents {
		keys = append(keys, c.Key)
	}
	return keys
}

func TestBucketPutOpenRemove(t *testing.T) {
	t.Parallel()
	for prefix, object := range map[string]string{
		"": "shop/photo.jpg", "/": "shop/photo.jpg", "/noren": "noren/shop/photo.jpg", "/a/b/": "a/b/shop/photo.jpg",
	} {
		t.Run("prefix "+prefix, func(t *testing.T) {
			t.Parallel()
			b := setupBucket(t, prefix)
			for _, size := range []int{1, 9 << 20} { // of one part, and of more than one
				want := bytes.Repeat([]byte("x"), size)
				if n, err := b.Put(t.Context(), "shop/photo.jpg", bytes.NewReader(want)); err != nil || n != int64(size) {
					t.Fatalf("Put of %d = %d, %v", size, n, err)
				}
				if got := b.objects(t); !slices.Equal(got, []string{object}) {
					t.Errorf("the bucket has %v", got)
				}
				r, n, err := b.Open(t.Context(), "shop/photo.jpg")
				if err != nil {
					t.Fatal(err)
				}
				if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want) || n != int64(size) {
					t.Errorf("read %d bytes of %d, %v", len(got), n, err)
				}
				if err := r.Close(); err != nil {
					t.Error(err)
				}
			}
			for range 2 {
				if err := b.Remove(t.Context(), "shop/photo.jpg"); err != nil {
					t.Errorf("Remove: %v", err)
				}
			}
			if _, _, err := b.Open(t.Context(), "shop/photo.jpg"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("Open after Remove: %v", err)
			}
		})
	}
}

// A reader that fails gets its own error back, however far the upload has come, and leaves no object.
func TestBucketPutIsAllOrNothing(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int64{"in the first part": 100, "in the second part": 9 << 20} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setupBucket(t, "")
			broken := errors.New("the client hung up")
			half := io.LimitReader(zeros{}, size)
			if _, err := b.Put(t.Context(), "shop/a.jpg", io.MultiReader(half, iotest.ErrReader(broken))); !errors.Is(err, broken) {
				t.Errorf("Put = %v", err)
			}
			if left := b.objects(t); left != nil {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestBucketNamesThatAreNoFiles(t *testing.T) {
	t.Parallel()
	b := setupBucket(t, "/noren")
	for _, name := range []string{"", "a", "../secret", "shop/../../secret", "shop/a/b", "shop/.hidden", "shop/"} {
		if _, _, err := b.Open(t.Context(), name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Open(%q) = %v", name, err)
		}
		if _, err := b.Put(t.Context(), name, strings.NewReader("x")); err == nil {
			t.Errorf("Put(%q) is taken", name)
		}
		if err := b.Remove(t.Context(), name); err == nil {
			t.Errorf("Remove(%q) is taken", name)
		}
	}
}

// Errors of the server are errors, not missing files, and do not repeat the secret.
func TestBucketIsAway(t *testing.T) {
	t.Parallel()
	b := setupBucket(t, "")
	b.mu.Lock()
	b.down = true
	b.mu.Unlock()
	_, put := b.Put(t.Context(), "shop/a.jpg", strings.NewReader("x"))
	_, _, open := b.Open(t.Context(), "shop/a.jpg")
	for what, err := range map[string]error{"Put": put, "Open": open, "Remove": b.Remove(t.Context(), "shop/a.jpg")} {
		if err == nil || errors.Is(err, fs.ErrNotExist) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s = %v", what, err)
		}
	}
}

// Opening does not contact the server, so Noren starts even if the bucket is unreachable.
func TestBucketAddresses(t *testing.T) {
	t.Parallel()
	for place, ok := range map[string]bool{
		"s3://key:hunter2@s3.example.com/photos": true, "s3://s3.example.com/photos/a/b?region=ap-northeast-1": true,
		"s3://key:hunter2@s3.example.com": false, "s3://key:hunter2@s3.example.com/": false, "s3:///photos": false,
		"s3://key:hunter2\x00@host/photos": false, "s3://key:hunter2@host:port/photos": false,
		"S3://key:hunter2@s3.example.com/photos": true, "s4://key:hunter2@s3.example.com/photos": false,
		"https://key:hunter2@s3.example.com/photos": false, "s3:key:hunter2@s3.example.com/photos": false, "s3:photos": false,
		"S3:/key:hunter2@s3.example.com/photos": false, "s3//key:hunter2@s3.example.com/photos": false, "gs:hunter2": false,
		"s3://key:hunter2@s3.example.com/photos?regoin=x": false,
	} {
		s, err := files.Open(place)
		if (err == nil) != ok {
			t.Errorf("Open(%q) = %v", place, err)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Open(%q) repeats the secret: %v", place, err)
		}
		if err == nil {
			s.Close()
		}
	}
}

// TestBucketSecrets signs with secrets as S3 issues them, with slashes and plus signs, written as they are and escaped.
func TestBucketSecrets(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]string{
		"AKID:wJalr/XUtn+FEMI/K7MDENG": "AKID wJalr/XUtn+FEMI/K7MDENG", "AKID:wJalr%2FXUtn%2BFEMI": "AKID wJalr/XUtn+FEMI",
		"AKID:a@b?c#d:e%": "AKID a@b?c#d:e%",
	} {
		key, secret, host, err := files.Credentials("s3://" + written + "@s3.example.com/photos/a?region=x")
		if err != nil || key+" "+secret != want || host != "s3.example.com" {
			t.Errorf("%s: %s %s at %s, %v", written, key, secret, host, err)
		}
	}
}
