package main

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"noren/app"
	"noren/app/members"
	"noren/files"
	"noren/sqlstore"
)

// What a backup holds, in this order. It is an uncompressed tar archive, which every system can look into.
const (
	backupDatabase = "noren.db"
	backupFiles    = "files/"
	// backupSums has the SHA-256 of everything before it, as sha256sum reads it. A backup that was cut off lacks it.
	backupSums = "SHA256SUMS"
)

// backupCmd is `noren backup`.
type backupCmd struct {
	databaseFlag
	filesFlag
	File string `arg:"" help:"File to create; it must not exist yet."`
}

// Help is the text of `noren backup --help` above the flags.
func (backupCmd) Help() string {
	return "The file gets a consistent copy of a SQLite database and every attachment that it refers to. A server may run " +
		"meanwhile, and is not held up. The name appears when the backup is complete. It contains secrets: protect it like " +
		"passwords. PostgreSQL is backed up with its own tools; the command says how."
}

// Run makes the backup.
func (c *backupCmd) Run(ctx context.Context, std streams) error {
	if !isPath(c.File) {
		return usageError{errors.New("FILE must be a file on this machine")}
	}
	if err := c.mustExist(); err != nil {
		return err
	}
	if !strings.HasPrefix(c.Database, "sqlite:") {
		return withOwnTools("pg_dump", "pg_dump --format=custom --file=noren.dump \"$NOREN_DATABASE\"")
	}
	store, err := c.open()
	if err != nil {
		return err
	}
	defer store.Close()
	made, err := backUp(ctx, c.Database, store, c.File)
	if err != nil {
		return err
	}
	say(std.out, "%s: the database, %s, and %s files\n", c.File, megabytes(made.database), number(int64(made.files)))
	if made.missing > 0 {
		say(std.out, "  %s files that the database refers to are not stored any more\n", number(int64(made.missing)))
	}
	return nil
}

// withOwnTools is the error of a command that leaves PostgreSQL to one of its own programs.
func withOwnTools(program, command string) error {
	where, err := exec.LookPath(program)
	if err != nil {
		where = "which is not installed here (Debian: apt-get install postgresql-client)"
	}
	return usageError{fmt.Errorf("--database (NOREN_DATABASE): PostgreSQL comes with its own program for this: %s, %s\n  %s\n"+
		"The attachments are in NOREN_FILES: copy them after the database", program, where, command)}
}

func megabytes(bytes int64) string { return fmt.Sprintf("%.1f MB", float64(bytes)/1e6) }

// backup says what a backup has.
type backup struct {
	database int64 // bytes
	files    int
	missing  int // files that the database refers to and the store does not have
}

// backUp makes a backup in a file that does not exist yet. Everything is durable before the file gets its name, so a file of
// that name is a complete backup.
func backUp(ctx context.Context, database string, store files.Store, file string) (made backup, err error) {
	if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
		return made, errors.Join(usageError{fmt.Errorf("%s is there already; a backup makes a new file", file)}, err)
	}
	partial := file + ".partial"
	copied := partial + ".db"
	remove := func() error { return errors.Join(os.RemoveAll(partial), os.RemoveAll(copied)) }
	if err := remove(); err != nil { // of one that was interrupted
		return made, fmt.Errorf("removing an unfinished backup: %w", err)
	}
	defer func() { err = errors.Join(err, remove()) }()
	if err := sqlstore.Copy(ctx, database, copied); err != nil {
		return made, err
	}
	if err := made.write(ctx, partial, copied, store); err != nil {
		return made, err
	}
	if err := os.Rename(partial, file); err != nil {
		return made, fmt.Errorf("naming the backup: %w", err)
	}
	return made, synced(filepath.Dir(file))
}

// write writes the copied database, and then what it refers to: every such file is there by then.
func (b *backup) write(ctx context.Context, name, copied string, store files.Store) (err error) {
	out, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("making the backup: %w", err)
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	archive := &summed{Writer: tar.NewWriter(out)}
	from, err := os.Open(copied)
	if err != nil {
		return err
	}
	defer from.Close()
	info, err := from.Stat()
	if err != nil {
		return err
	}
	b.database = info.Size()
	if err := archive.add(backupDatabase, from, info.Size()); err != nil {
		return err
	}
	db, err := sqlstore.Open(ctx, sqlstore.Config{URL: "sqlite:" + copied, ReadOnly: true})
	if err != nil {
		return err
	}
	defer db.Close()
	err = db.StoredFiles(ctx, func(contract, fileKey string) error {
		name := members.FileName(contract, fileKey)
		in, size, err := store.Open(ctx, name)
		if errors.Is(err, fs.ErrNotExist) {
			b.missing++ // removed since, or lost before
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading the file %s: %w", name, err)
		}
		b.files++
		return errors.Join(archive.add(backupFiles+name, in, size), in.Close())
	})
	if err == nil {
		sums := archive.sums.String()
		err = archive.add(backupSums, strings.NewReader(sums), int64(len(sums)))
	}
	if err = errors.Join(err, archive.Close()); err != nil {
		return err
	}
	if err := out.Sync(); err != nil {
		return fmt.Errorf("writing the backup to the disk: %w", err)
	}
	return nil
}

// summed is an archive with the sums of what is in it.
type summed struct {
	*tar.Writer
	sums strings.Builder
}

// add adds a file to the archive.
func (a *summed) add(name string, from io.Reader, size int64) error {
	err := a.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: size})
	sum := sha256.New()
	if err == nil {
		_, err = io.Copy(a, io.TeeReader(from, sum))
	}
	if err != nil {
		return fmt.Errorf("writing %s into the backup: %w", name, err)
	}
	a.sums.WriteString(sumLine(sum, name))
	return nil
}

// sumLine is a line of backupSums.
func sumLine(sum hash.Hash, name string) string { return fmt.Sprintf("%x  %s\n", sum.Sum(nil), name) }

// synced makes the names in a directory durable.
func synced(directory string) error {
	f, err := os.Open(directory)
	if err == nil {
		err = errors.Join(f.Sync(), f.Close())
	}
	if err != nil {
		return fmt.Errorf("writing %s to the disk: %w", directory, err)
	}
	return nil
}

// restoreCmd is `noren restore`.
type restoreCmd struct {
	databaseFlag
	filesFlag
	File string `arg:"" help:"File made by noren backup."`
}

// Help is the text of `noren restore --help` above the flags.
func (restoreCmd) Help() string {
	return "The database must not exist yet: move a damaged one away first, with its files -wal and -shm. Afterwards everything " +
		"is checked as by noren verify. The backup stays as it is."
}

// Run copies the backup to where a server expects it, the database last: if it is interrupted, it can be run again.
func (c *restoreCmd) Run(ctx context.Context, std streams) error {
	if err := c.databaseFlag.check(); err != nil {
		return err
	}
	if err := c.filesFlag.check(); err != nil {
		return err
	}
	path, isFile := strings.CutPrefix(c.Database, "sqlite:")
	if !isFile {
		return withOwnTools("pg_restore", "pg_restore --dbname=\"$NOREN_DATABASE\" noren.dump")
	}
	path, _, _ = strings.Cut(path, "?")
	for _, name := range []string{path, path + "-wal"} {
		if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
			return errors.Join(wrong("database", "NOREN_DATABASE", "%s is there already; move it away first", name), err)
		}
	}
	restored, err := c.restore(ctx, path)
	if err != nil {
		return err
	}
	say(std.out, "%s is restored with %s files.\n", path, number(int64(restored)))
	h, err := openConfigured(ctx, sqlstore.Config{URL: c.Database, ReadOnly: true}, app.Config{}, slog.New(slog.DiscardHandler))
	if err != nil {
		say(std.out, "It was not checked: %v. Start a server, and run noren verify.\n", err)
		return nil
	}
	defer h.close()
	checks, err := h.engine.Verify(ctx)
	if err != nil {
		return fmt.Errorf("checking what was restored: %w", err)
	}
	return printChecks(std.out, checks)
}

// restore copies the database to the path and the attachments to the store, and returns how many these are. The name of the
// database appears when everything else is there.
func (c *restoreCmd) restore(ctx context.Context, path string) (n int, err error) {
	in, err := os.Open(c.File)
	if err != nil {
		return 0, usageError{err}
	}
	defer in.Close()
	archive := tar.NewReader(in)
	first, err := archive.Next()
	if isCutOff(err) {
		return 0, usageError{fmt.Errorf("%s is not a backup that noren backup has made, or is cut off at its beginning", c.File)}
	}
	if err != nil || first.Name != backupDatabase || first.Typeflag != tar.TypeReg {
		return 0, usageError{fmt.Errorf("%s is not a backup that noren backup has made", c.File)}
	}
	partial := path + ".restoring"
	defer func() {
		for _, name := range []string{partial, partial + "-wal", partial + "-shm"} {
			err = errors.Join(err, os.RemoveAll(name)) // what is complete has its own name by then
		}
	}()
	var sums strings.Builder
	sum := sha256.New()
	if err := written(partial, io.TeeReader(archive, sum)); err != nil {
		return 0, c.unread("restoring the database", err)
	}
	sums.WriteString(sumLine(sum, backupDatabase))
	// Before anything is written beside those files that may be there.
	if err := isDatabase(ctx, partial); err != nil {
		return 0, usageError{fmt.Errorf("the database in %s is damaged, or none of noren: %w", c.File, err)}
	}
	store, err := c.open()
	if err != nil {
		return 0, err
	}
	defer store.Close()
	if n, err = c.restoreFiles(ctx, archive, store, &sums); err != nil {
		return n, err
	}
	if err := os.Rename(partial, path); err != nil {
		return n, fmt.Errorf("restoring the database: %w", err)
	}
	return n, synced(filepath.Dir(path))
}

// restoreFiles copies what comes behind the database, and returns how many files that were. sums has the sum of the database; all
// have to be those that the backup ends with.
func (c *restoreCmd) restoreFiles(ctx context.Context, archive *tar.Reader, store files.Store, sums *strings.Builder) (n int, err error) {
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return n, c.unread("reading it", io.ErrUnexpectedEOF)
		}
		if err != nil {
			return n, c.unread("reading it", err)
		}
		name, isFile := strings.CutPrefix(header.Name, backupFiles)
		switch {
		case header.Name == backupSums:
			want, err := io.ReadAll(io.LimitReader(archive, int64(sums.Len())+1))
			if err != nil {
				return n, c.unread("reading its checksums", err)
			}
			if string(want) != sums.String() {
				return n, usageError{fmt.Errorf("%s is damaged: its checksums are others than those of what it has", c.File)}
			}
			return n, nil
		case !isFile || !fs.ValidPath(name) || header.Typeflag != tar.TypeReg:
			return n, usageError{fmt.Errorf("%s has %q, which no backup has", c.File, header.Name)}
		}
		sum := sha256.New()
		if _, err := store.Put(ctx, name, io.TeeReader(archive, sum)); err != nil {
			return n, c.unread("restoring the file "+name, err)
		}
		sums.WriteString(sumLine(sum, header.Name))
		n++
	}
}

// unread words an error that came up while something of the backup was read and written: one that was cut off says so.
func (c *restoreCmd) unread(doing string, err error) error {
	switch {
	case isCutOff(err):
		return usageError{fmt.Errorf("%s is cut off: its end is missing, as after a copy that broke off or a full disk; take another backup, or "+
			"copy it again", c.File)}
	case errors.Is(err, tar.ErrHeader):
		return usageError{fmt.Errorf("%s is damaged: it is no archive from some place on; take another backup, or copy it again", c.File)}
	}
	return fmt.Errorf("%s: %s: %w", c.File, doing, err)
}

// isCutOff reports whether a reader came to an end where more must follow.
func isCutOff(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }

// isDatabase returns an error if the file is no database of noren. One of another version is; a server migrates it.
func isDatabase(ctx context.Context, path string) error {
	db, err := sqlstore.Open(ctx, sqlstore.Config{URL: "sqlite:" + path, ReadOnly: true})
	switch {
	case err == nil:
		return db.Close()
	case sqlstore.IsOtherVersion(err):
		return nil
	}
	return err
}

// written writes a file and makes it durable.
func written(name string, from io.Reader) error {
	out, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, from)
	return errors.Join(err, out.Sync(), out.Close())
}
