package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// bucket stores each file as an object prefix/tenant/key in an S3 bucket.
type bucket struct {
	client *minio.Client
	name   string
	prefix string // "" or ending with a slash
}

// partSize is the size of the parts of an upload, in bytes. The size of a file is unknown when it starts, so the client
// buffers one part in memory.
const partSize = 8 << 20

// openBucket opens the bucket of an s3:// address. It does not contact the server: a bucket that is unreachable now may be
// reachable when the first file arrives.
func openBucket(u *url.URL, key, secret string) (Store, error) {
	name, prefix, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
	if u.Host == "" || name == "" {
		return nil, errors.New("the address of the files needs a host and a bucket: s3://key:secret@host/bucket")
	}
	if prefix != "" {
		prefix += "/"
	}
	for parameter := range u.Query() {
		// One with a typing mistake would be left out in silence, and what it asks for with it.
		if parameter != "region" && parameter != "insecure" {
			return nil, errors.New("the address of the files may have the parameters region and insecure, and no others")
		}
	}
	options := &minio.Options{Region: u.Query().Get("region"), Secure: u.Query().Get("insecure") != "true"}
	if key != "" {
		options.Creds = credentials.NewStaticV4(key, secret, "")
	} else {
		options.Creds = credentials.NewEnvAWS() // so that an operator can keep the secret out of the command line
	}
	client, err := minio.New(u.Host, options)
	if err != nil {
		return nil, fmt.Errorf("preparing the S3 bucket of the files: %w", err)
	}
	return &bucket{client, name, prefix}, nil
}

// Put implements Store. It needs no draft: S3 makes an object visible only once it is complete.
func (b *bucket) Put(ctx context.Context, name string, r io.Reader) (int64, error) {
	if !valid(name) {
		return 0, errName(name)
	}
	// -1: the size is unknown, so the client uploads in parts.
	failing := &remembering{r: r}
	info, err := b.client.PutObject(ctx, b.name, b.prefix+name, failing, -1, minio.PutObjectOptions{
		ContentType: "application/octet-stream", PartSize: partSize,
	})
	if failing.err != nil {
		return 0, failing.err
	}
	if err != nil {
		return 0, fmt.Errorf("storing a file in the bucket: %w", err)
	}
	return info.Size, nil
}

// remembering keeps the error of its reader, because the S3 client returns an error of its own instead, and callers need
// the cause, such as a body that is too large.
type remembering struct {
	r   io.Reader
	err error
}

// Read implements io.Reader.
func (r *remembering) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

// Open implements Store.
func (b *bucket) Open(ctx context.Context, name string) (io.ReadCloser, int64, error) {
	if !valid(name) {
		return nil, 0, fs.ErrNotExist
	}
	object, err := b.client.GetObject(ctx, b.name, b.prefix+name, minio.GetObjectOptions{})
	if err != nil {
		return nil, 0, fmt.Errorf("reading a file from the bucket: %w", err)
	}
	// GetObject sends no request yet: whether the object exists shows here.
	info, err := object.Stat()
	if err != nil {
		_ = object.Close() // nothing was read, so nothing can be lost
		if minio.ToErrorResponse(err).StatusCode == http.StatusNotFound {
			return nil, 0, fs.ErrNotExist
		}
		return nil, 0, fmt.Errorf("reading a file from the bucket: %w", err)
	}
	return object, info.Size, nil
}

// Remove implements Store. For S3, removing a missing object is not an error.
func (b *bucket) Remove(ctx context.Context, name string) error {
	if !valid(name) {
		return errName(name)
	}
	if err := b.client.RemoveObject(ctx, b.name, b.prefix+name, minio.RemoveObjectOptions{}); err != nil {
		return fmt.Errorf("removing a file from the bucket: %w", err)
	}
	return nil
}

// Check implements Store.
func (b *bucket) Check(ctx context.Context) error {
	switch there, err := b.client.BucketExists(ctx, b.name); {
	case err != nil:
		return fmt.Errorf("asking for the bucket: %w", err)
	case !there:
		return fmt.Errorf("there is no bucket %s", b.name)
	}
	return nil
}

// Close implements Store. The client keeps nothing that must be closed.
func (b *bucket) Close() error { return nil }

// Buffer implements Store.
func (b *bucket) Buffer() int64 { return partSize }
