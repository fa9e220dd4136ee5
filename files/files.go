// Package files stores the bytes of attachments in a directory or an S3 bucket, and signs the temporary addresses that
// serve them. It knows neither members nor requests: a file is a name and its bytes.
package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"strings"
	"unicode"
)

// Store stores files by name. A name has the form tenant/key; both consist of letters, digits, '.', '_' and '-' and do not
// start with '.'. A Store is safe for concurrent use.
type Store interface {
	// Put stores the bytes of r, durably and all or nothing, and returns their number. An error of r is returned
	// unchanged, and then nothing is stored. An existing file of that name is replaced.
	Put(ctx context.Context, name string, r io.Reader) (int64, error)
	// Open returns the file's bytes and their number. The error is fs.ErrNotExist if there is no such file.
	Open(ctx context.Context, name string) (io.ReadCloser, int64, error)
	// Remove removes the file. A missing file is not an error.
	Remove(ctx context.Context, name string) error
	// Check returns nil if files can be stored now.
	Check(ctx context.Context) error
	// Buffer is how much memory Put takes, in bytes.
	Buffer() int64
	// Close releases the store. Files that were opened stay readable.
	Close() error
}

// Open opens the store at place: a directory, which is created if missing, or an S3 bucket, written as
// s3://key:secret@host/bucket/prefix?region=…&insecure=true.
func Open(place string) (Store, error) {
	if !isAddress(place) {
		return openDirectory(place)
	}
	scheme, rest, whole := strings.Cut(place, "://")
	switch {
	case !whole || !strings.EqualFold(scheme, "s3"):
		// Not a directory of that name, and not repeated: an address with a typing mistake may hold a secret.
		return nil, errors.New("must be a directory or s3://KEY:SECRET@HOST/BUCKET/PREFIX; " +
			"a directory with a colon in its name needs ./ before it")
	case strings.ContainsFunc(place, unicode.IsControl):
		return nil, errMalformed
	}
	u, key, secret, err := bucketAddress(rest)
	if err != nil {
		return nil, err
	}
	return openBucket(u, key, secret)
}

// CheckPlace returns the error of Open as far as it is known without making or contacting anything.
func CheckPlace(place string) error {
	if !isAddress(place) {
		return nil
	}
	store, err := Open(place)
	if err == nil {
		err = store.Close()
	}
	return err
}

// isAddress reports whether a place is written as an address, with a scheme of whatever kind, such as s3:, gs: or https:, and not as
// a file or directory. One letter is a drive of Windows.
func isAddress(place string) bool {
	return regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]+(:|//)`).MatchString(place)
}

// bucketAddress parses what follows s3://. The key and its secret are taken as they are: secrets may contain a slash or a
// plus sign. The last at sign ends the secret, because a prefix hardly contains one.
func bucketAddress(rest string) (u *url.URL, key, secret string, err error) {
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		key, secret, _ = strings.Cut(rest[:at], ":")
		rest = rest[at+1:]
	}
	if u, err = url.Parse("s3://" + rest); err != nil {
		return nil, "", "", errMalformed
	}
	return u, unescaped(key), unescaped(secret), nil
}

// errMalformed does not say what is wrong: the cause could contain the secret.
var errMalformed = errors.New("the S3 address of the files is malformed")

// unescaped decodes percent-encoding, in which secrets could always be written. No secret that S3 issues contains a percent
// sign; one that is not followed by two digits is taken as it is.
func unescaped(s string) string {
	if plain, err := url.PathUnescape(s); err == nil {
		return plain
	}
	return s
}

// valid reports whether name has the form of Store. No other name reaches a file system, so neither .. nor a slash can
// lead out of a tenant's directory.
func valid(name string) bool {
	tenant, key, ok := strings.Cut(name, "/")
	return ok && plain(tenant) && plain(key)
}

// plain reports whether s can be one half of a name.
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

// errName is the error for a name that is not valid.
func errName(name string) error { return fmt.Errorf("%q is not the name of a file", name) }
