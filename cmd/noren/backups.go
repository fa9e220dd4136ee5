package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"noren/files"
)

// backupsFlags let a server back itself up.
type backupsFlags struct {
	Backups     string `placeholder:"DIR" variable:"NOREN_BACKUPS" help:"Directory for the backups that the server makes (SQLite only); by default it makes none."`
	BackupEvery string `default:"24h" placeholder:"TIME" variable:"NOREN_BACKUP_EVERY" help:"Interval between backups, such as 6h."`
	BackupsKept string `default:"7" placeholder:"NUMBER" variable:"NOREN_BACKUPS_KEPT" help:"Number of backups to keep; older ones are removed."`
}

// backups makes backups in a directory.
type backups struct {
	database  string
	store     files.Store
	directory string
	every     time.Duration
	kept      int
	log       *slog.Logger
	now       func() time.Time
}

// plan returns the backups that the server is to make; nil: none.
func (f backupsFlags) plan(database string) (*backups, error) {
	if f.Backups == "" {
		return nil, nil
	}
	if !strings.HasPrefix(database, "sqlite:") {
		return nil, wrong("backups", "NOREN_BACKUPS", "only for SQLite; PostgreSQL is backed up with pg_dump")
	}
	if !isPath(f.Backups) {
		return nil, wrong("backups", "NOREN_BACKUPS", "must be a directory")
	}
	b := &backups{database: database, directory: f.Backups, now: time.Now}
	var err error
	if b.every, err = time.ParseDuration(f.BackupEvery); err != nil || b.every < time.Minute {
		return nil, wrong("backup-every", "NOREN_BACKUP_EVERY", "must be a time of at least a minute, such as 6h, not %q", f.BackupEvery)
	}
	if b.kept, err = strconv.Atoi(f.BackupsKept); err != nil || b.kept < 1 {
		return nil, wrong("backups-kept", "NOREN_BACKUPS_KEPT", "must be a whole number, 1 or more, not %q", f.BackupsKept)
	}
	if err := os.MkdirAll(b.directory, 0o700); err != nil {
		return nil, wrong("backups", "NOREN_BACKUPS", "%v", err)
	}
	return b, nil
}

// The names of backups sort by time.
const (
	backupPrefix = "noren-"
	backupStamp  = "20060102T150405Z.tar"
)

// backupRetry is how long to wait after a backup that failed.
const backupRetry = 10 * time.Minute

// run makes backups until ctx ends: the first as soon as the last is old enough, and then by the monotonic clock.
func (b *backups) run(ctx context.Context) {
	for wait := b.untilNext(); ; wait = b.every {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		for !b.make(ctx) {
			select {
			case <-ctx.Done():
				return
			case <-time.After(min(backupRetry, b.every)):
			}
		}
	}
}

// untilNext is how long the newest backup is new enough. One from the future was made by a wrong clock.
func (b *backups) untilNext() time.Duration {
	list := b.list()
	if len(list) == 0 {
		return 0
	}
	made, err := time.Parse(backupStamp, strings.TrimPrefix(list[len(list)-1], backupPrefix))
	age := b.now().Sub(made)
	if err != nil || age < 0 {
		return 0
	}
	return max(0, b.every-age)
}

// list is the names of the backups, the oldest first.
func (b *backups) list() (names []string) {
	entries, _ := os.ReadDir(b.directory) // making the next backup shows what is wrong
	for _, e := range entries {
		stamp, ours := strings.CutPrefix(e.Name(), backupPrefix)
		if _, err := time.Parse(backupStamp, stamp); ours && err == nil && e.Type().IsRegular() {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names
}

// make makes a backup and removes the oldest. It reports whether it has succeeded.
func (b *backups) make(ctx context.Context) bool {
	name := filepath.Join(b.directory, backupPrefix+b.now().UTC().Format(backupStamp))
	began := time.Now()
	made, err := backUp(ctx, b.database, b.store, name)
	switch {
	case err != nil && ctx.Err() != nil:
		return false
	case err != nil:
		b.log.ErrorContext(ctx, "making a backup", "file", name, "error", err)
		return false
	}
	b.log.InfoContext(ctx, "a backup was made", "file", name, "database", megabytes(made.database), "attachments", made.files,
		"missing_attachments", made.missing, "took", time.Since(began).Round(time.Millisecond))
	list := b.list()
	for _, old := range list[:max(0, len(list)-b.kept)] {
		if err := os.Remove(filepath.Join(b.directory, old)); err != nil {
			b.log.ErrorContext(ctx, "removing an old backup", "error", errors.Join(fmt.Errorf("removing %s", old), err))
		}
	}
	return true
}
