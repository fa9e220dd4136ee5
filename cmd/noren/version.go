package main

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// versionCmd is `noren version`. Its output is what a bug report should start with.
type versionCmd struct {
	databaseFlag
	SBOM bool `name:"sbom" help:"Print the software bill of materials (CycloneDX JSON) instead."`
}

// Run prints versions. An unreachable database is not an error: that is when the rest is needed most.
func (c *versionCmd) Run(ctx context.Context, std streams) error {
	if c.SBOM {
		return printSBOM(std.out)
	}
	if err := c.check(); err != nil {
		return err
	}
	w := newTable(std.out)
	say(w, "noren\t%s\n", buildVersion())
	say(w, "commit\t%s\n", commit())
	say(w, "go\t%s %s/%s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH)
	// SQLite is compiled in, so an empty database in memory can report its version.
	sqlite, err := askVersion(ctx, "sqlite", ":memory:", "SELECT sqlite_version()")
	if err != nil {
		return fmt.Errorf("asking SQLite for its version: %w", err)
	}
	say(w, "sqlite\t%s (driver modernc.org/sqlite %s)\n", sqlite, moduleVersion("modernc.org/sqlite"))
	say(w, "postgres\t(driver github.com/jackc/pgx/v5 %s)\n", moduleVersion("github.com/jackc/pgx/v5"))
	say(w, "database\t%s\n", c.engine(ctx, sqlite))
	return w.Flush()
}

// engine names the engine of the configured database. It creates no file and changes no schema.
func (c *versionCmd) engine(ctx context.Context, sqlite string) string {
	// SQLite's version is that of the library, so an existing file need not be opened.
	if path, isFile := strings.CutPrefix(c.Database, "sqlite:"); isFile {
		if err := c.mustExist(); err != nil {
			return fmt.Sprintf("SQLite %s, %s does not exist yet", sqlite, path)
		}
		return fmt.Sprintf("SQLite %s, %s", sqlite, path)
	}
	version, err := askVersion(ctx, "pgx", c.Database, "SELECT version()")
	if err != nil {
		return "PostgreSQL is unreachable: " + err.Error()
	}
	return version
}

// versionTimeout bounds the wait for a database server that may not be there.
const versionTimeout = 5 * time.Second

// askVersion reads an engine's version over a separate connection: opening it through sqlstore would migrate the schema.
// The drivers are the ones sqlstore registers.
func askVersion(ctx context.Context, driver, source, query string) (version string, err error) {
	ctx, cancel := context.WithTimeout(ctx, versionTimeout)
	defer cancel()
	db, err := sql.Open(driver, source)
	if err != nil {
		return "", err
	}
	defer db.Close()
	err = db.QueryRowContext(ctx, query).Scan(&version)
	return version, err
}

// buildVersion is the version that the Go command recorded: a tag, or (devel).
func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return cmp.Or(info.Main.Version, "(devel)")
}

// commit is the commit that the program was built from, with its date.
func commit() string {
	info, _ := debug.ReadBuildInfo()
	settings := make(map[string]string)
	if info != nil {
		for _, s := range info.Settings {
			settings[s.Key] = s.Value
		}
	}
	text := cmp.Or(settings["vcs.revision"], "unknown")
	if day, _, ok := strings.Cut(settings["vcs.time"], "T"); ok {
		text += " of " + day
	}
	if settings["vcs.modified"] == "true" {
		text += ", with changes"
	}
	return text
}

// moduleVersion is the version of a module that the program was built with.
func moduleVersion(path string) string {
	info, _ := debug.ReadBuildInfo()
	if info != nil {
		for _, m := range info.Deps {
			if m.Path == path {
				return m.Version
			}
		}
	}
	return "unknown"
}
