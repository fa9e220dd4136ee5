package files

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
)

// directory keeps each file under root/tenant/key. Nothing outside root can be reached, not even through links.
type directory struct{ root *os.Root }

func openDirectory(name string) (Store, error) {
	if err := os.MkdirAll(name, 0o700); err != nil {
		return nil, fmt.Errorf("making the directory of the files: %w", err)
	}
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, fmt.Errorf("opening the directory of the files: %w", err)
	}
	return &directory{root}, nil
}

// Put implements Store: the bytes are on disk under another name before they get theirs.
func (d *directory) Put(ctx context.Context, name string, r io.Reader) (n int64, err error) {
	if !valid(name) {
		return 0, errName(name)
	}
	if err := d.root.Mkdir(path.Dir(name), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return 0, fmt.Errorf("making a tenant's directory: %w", err)
	}
	draft := path.Dir(name) + "/.draft-" + rand.Text() // the dot keeps it apart from every file
	f, err := d.root.OpenFile(draft, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, fmt.Errorf("making a file: %w", err)
	}
	defer func() {
		if err != nil {
			_ = d.root.Remove(draft) // what was written is worth nothing
		}
	}()
	n, err = io.Copy(f, untilDone{ctx, r})
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return 0, err
	}
	if err = d.root.Rename(draft, name); err != nil {
		return 0, fmt.Errorf("naming a file: %w", err)
	}
	return n, d.sync(path.Dir(name))
}

// sync makes the names in a directory durable.
func (d *directory) sync(name string) error {
	f, err := d.root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Open implements Store.
func (d *directory) Open(_ context.Context, name string) (io.ReadCloser, int64, error) {
	if !valid(name) {
		return nil, 0, fs.ErrNotExist
	}
	f, err := d.root.Open(name)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, info.Size(), nil
}

// Remove implements Store.
func (d *directory) Remove(_ context.Context, name string) error {
	if !valid(name) {
		return errName(name)
	}
	if err := d.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Close implements Store.
func (d *directory) Close() error { return d.root.Close() }

// untilDone reads until its context ends.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

func (u untilDone) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}
