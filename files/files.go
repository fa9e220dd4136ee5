// Package files keeps the bytes of attachments, in a directory or in an S3 bucket, and signs the temporary addresses
// by which they are fetched. It knows neither members nor requests: a file is a name and its bytes.
package files

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strings"
)

// Store keeps files by name. Names have the form tenant/key, both of letters, digits, '.', '_' and '-'.
// It is safe for concurrent use.
type Store interface {
	// Put stores what r gives, durably and all or nothing, and answers how many bytes that were. An error of r is
	// answered as it is, and nothing is stored.
	Put(ctx context.Context, name string, r io.Reader) (int64, error)
	// Open answers the file's bytes and their number. The error is fs.ErrNotExist where there is no such file.
	Open(ctx context.Context, name string) (io.ReadCloser, int64, error)
	// Remove removes the file. One that is not there is no error.
	Remove(ctx context.Context, name string) error
	Close() error
}

// Open opens the store that place names: a directory, which is made where it is missing, or
// s3://key:secret@host/bucket/prefix?region=…&insecure=true for an S3 bucket.
func Open(place string) (Store, error) {
	if !strings.HasPrefix(place, "s3://") {
		return openDirectory(place)
	}
	u, err := url.Parse(place)
	if err != nil {
		return nil, fmt.Errorf("the S3 address of the files is malformed") // the cause would repeat the secret
	}
	return openBucket(u)
}

// valid reports whether name is of the form that stores take. Nothing else ever reaches a file system.
func valid(name string) bool {
	tenant, key, ok := strings.Cut(name, "/")
	return ok && plain(tenant) && plain(key)
}

func plain(s string) bool {
	for _, c := range []byte(s) {
		switch {
		case c >= '0' && c <= '9', c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c == '.', c == '_', c == '-':
		default:
			return false
		}
	}
	return s != "" && s[0] != '.'
}

// errName is the answer to a name that no store takes.
func errName(name string) error { return fmt.Errorf("%q is not the name of a file", name) }
