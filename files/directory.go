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
	"syscall"
)

// directory stores each file as root/tenant/key. os.Root keeps every access inside root, even through symbolic links.
type directory struct{ root *os.Root }

// openDirectory opens a directory, and creates it if missing. Only the server's user may enter it.
func openDirectory(name string) (Store, error) {
	if err := os.MkdirAll(name, 0o700); err != nil {
		return nil, fmt.Errorf("making the directory of the files: %w", err)
	}
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, fmt.Errorf("opening the directory of the files: %w", err)
	}
	d := &directory{root}
	// A disk that is full may have room again; one that is read-only is a mistake that is better told now.
	if err := d.Check(context.Background()); errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return nil, errors.Join(fmt.Errorf("the directory of the files cannot be written: %w", err), root.Close())
	}
	return d, nil
}

// Put implements Store. The bytes are durable under a draft name before the file is renamed, so a crash never leaves half
// a file under its own name.
func (d *directory) Put(ctx context.Context, name string, r io.Reader) (n int64, err error) {
	if !valid(name) {
		return 0, errName(name)
	}
	if err := d.root.Mkdir(path.Dir(name), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return 0, fmt.Errorf("making a tenant's directory: %w", err)
	}
	draft := path.Dir(name) + "/.draft-" + rand.Text() // no file name starts with a dot, so drafts cannot clash
	f, err := d.root.OpenFile(draft, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, fmt.Errorf("making a file: %w", err)
	}
	defer func() {
		if err != nil {
			_ = d.root.Remove(draft) // the original error matters more
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

// sync makes the names in a directory durable: without it, a rename can be lost in a power failure.
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

// Remove implements Store. A missing file is not an error, so removing can be retried.
func (d *directory) Remove(_ context.Context, name string) error {
	if !valid(name) {
		return errName(name)
	}
	if err := d.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Check implements Store. It writes a file as Put does, because only that shows that the disk is full, or that the directory
// has gone.
func (d *directory) Check(context.Context) error {
	name := ".check-" + rand.Text()
	f, err := d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("making a file: %w", err)
	}
	_, err = f.Write(make([]byte, 4096))
	return errors.Join(err, f.Sync(), f.Close(), d.root.Remove(name))
}

// Close implements Store.
func (d *directory) Close() error { return d.root.Close() }

// untilDone stops reading when its context ends: a client that hung up must not keep a copy running.
type untilDone struct {
	ctx context.Context //nolint:containedctx // of the copy, which io.Copy cannot be given
	r   io.Reader
}

// Read implements io.Reader.
func (u untilDone) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}

// Buffer implements Store. It is what copying takes.
func (d *directory) Buffer() int64 { return 32 << 10 }
