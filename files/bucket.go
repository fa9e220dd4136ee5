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

// bucket keeps each file as an object prefix/tenant/key of an S3 bucket.
type bucket struct {
	client *minio.Client
	name   string
	prefix string // "" or ending with a slash
}

// partSize bounds the memory that one upload takes: the size of a file is not known when it begins.
const partSize = 8 << 20

func openBucket(u *url.URL) (Store, error) {
	name, prefix, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
	if u.Host == "" || name == "" {
		return nil, errors.New("the address of the files needs a host and a bucket: s3://key:secret@host/bucket")
	}
	if prefix != "" {
		prefix += "/"
	}
	options := &minio.Options{Region: u.Query().Get("region"), Secure: u.Query().Get("insecure") != "true"}
	if key := u.User.Username(); key != "" {
		secret, _ := u.User.Password()
		options.Creds = credentials.NewStaticV4(key, secret, "")
	} else {
		options.Creds = credentials.NewEnvAWS()
	}
	client, err := minio.New(u.Host, options)
	if err != nil {
		return nil, fmt.Errorf("preparing the S3 bucket of the files: %w", err)
	}
	return &bucket{client, name, prefix}, nil
}

// Put implements Store. S3 shows an object only when all of it has arrived.
func (b *bucket) Put(ctx context.Context, name string, r io.Reader) (int64, error) {
	if !valid(name) {
		return 0, errName(name)
	}
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

// remembering keeps the error of its reader, which the S3 client words anew.
type remembering struct {
	r   io.Reader
	err error
}

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
	info, err := object.Stat()
	if err != nil {
		_ = object.Close() // nothing of it was read
		if minio.ToErrorResponse(err).StatusCode == http.StatusNotFound {
			return nil, 0, fs.ErrNotExist
		}
		return nil, 0, fmt.Errorf("reading a file from the bucket: %w", err)
	}
	return object, info.Size, nil
}

// Remove implements Store. S3 does not mind an object that is not there.
func (b *bucket) Remove(ctx context.Context, name string) error {
	if !valid(name) {
		return errName(name)
	}
	if err := b.client.RemoveObject(ctx, b.name, b.prefix+name, minio.RemoveObjectOptions{}); err != nil {
		return fmt.Errorf("removing a file from the bucket: %w", err)
	}
	return nil
}

// Close implements Store.
func (b *bucket) Close() error { return nil }
