package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"noren"
	"noren/app"
	"noren/app/imports"
	"noren/csvfile"
)

// importCmd is `noren import`. It works beside a running server, which may process some of the lines, and finishes the
// import if this command is killed.
type importCmd struct {
	databaseFlag
	Kind      string            `arg:"" enum:"members,products,stock,purchases,points" help:"Type of the lines: members, products, stock, purchases or points."`
	File      string            `arg:"" help:"CSV file with a header, in UTF-8, UTF-16, Shift_JIS, EUC-JP or another encoding; - reads standard input."`
	Tenant    string            `placeholder:"CONTRACT" help:"Tenant to import into; required if the database has several."`
	Source    string            `placeholder:"NAME" help:"Where purchases and points come from; their IDs are unique per source. By default shopify for orders exported from Shopify, and csv otherwise."`
	Map       map[string]string `mapsep:"none" placeholder:"HEADER=FIELD" help:"Import the column HEADER as FIELD; HEADER= leaves it out. Can be repeated."`
	Encoding  string            `placeholder:"NAME" help:"Encoding of the file, such as utf-8, shift_jis, euc-jp or utf-16le; detected by default."`
	Delimiter string            `enum:",comma,tab,semicolon,pipe" default:"" placeholder:"NAME" help:"Delimiter: comma, tab, semicolon or pipe; all but pipe are detected by default."`
	By        string            `enum:",id,code" default:"" placeholder:"COLUMN" help:"Name members by id, or code, whatever else the lines say: also where the member has another name, or a code is like that of another."`
	Refused   string            `placeholder:"FILE" help:"Write refused lines to this CSV file, each with its reason."`
	DryRun    bool              `help:"Only show what would happen, field by field, and how many points members would have."`
}

// Help is the text of `noren import --help` above the flags.
func (importCmd) Help() string {
	return "Each line is imported or refused by itself; refused lines are listed. If a column identifies the member or " +
		"product, importing the same file again changes nothing. The exit code is 1 if any line was refused."
}

// collectLess has garbage collected half as often while a file of an ordinary size is imported, unless GOGC says how often: a quarter
// of the processor's time went there. It takes some 100 MB more for 100,000 members.
func collectLess(size int) {
	if os.Getenv("GOGC") == "" && size <= 64<<20 {
		debug.SetGCPercent(200)
	}
}

// Run imports the file and reports every refused line.
func (c *importCmd) Run(ctx context.Context, std streams) error {
	name, data, err := c.read(std.in)
	if err != nil {
		return err
	}
	collectLess(len(data))
	choice := csvfile.Choice{Encoding: c.Encoding, Delimiter: c.delimiter(), Most: csvfile.MaxLocal}
	f, err := csvfile.ReadAs(noren.ImportKind(c.Kind), name, data, choice)
	if unreadable, ok := errors.AsType[*csvfile.Error](err); ok && std.japanese {
		return usageError{fmt.Errorf("%s: %s", name, unreadable.Japanese())}
	} else if err != nil {
		return usageError{fmt.Errorf("%s: %w", name, err)}
	}
	if _, err := c.setup(f.Header, f.Fields); err != nil {
		return err
	}
	h, tenant, err := tenantFlags{c.databaseFlag, c.Tenant}.openTenant(ctx)
	if err != nil {
		return err
	}
	defer h.close()
	// The caller is the operator: the audit log shows the command line instead of a login.
	run := importing{rooms: h.rooms, std: std, caller: noren.Caller{Tenant: tenant, Client: noren.Client{Dialect: noren.Operator}}}
	draft, err := run.rooms.Imports.Draft(ctx, run.caller, noren.ImportKind(c.Kind), f)
	if err != nil {
		return fmt.Errorf("storing %s: %w", name, err)
	}
	// Columns are mapped as they were when such a file was imported last, such as that of which these are the refused lines.
	fields := make([]string, len(draft.Columns))
	for i, column := range draft.Columns {
		fields[i] = column.Field
	}
	setup, err := c.setup(f.Header, fields)
	if err != nil {
		return run.abandon(ctx, draft.ID, err)
	}
	if c.DryRun {
		return run.preview(ctx, draft, setup)
	}
	started, err := run.rooms.Imports.Start(ctx, run.caller, draft.ID, setup)
	if err != nil {
		return run.abandon(ctx, draft.ID, unusable(std, draft.Kind, err))
	}
	done, err := run.finish(ctx, started)
	if err != nil {
		return fmt.Errorf("import %d of %s: %w; a server on this database will continue it", started.ID, tenant.Contract, err)
	}
	return run.report(ctx, done, c.Refused)
}

// read returns the file and the name used for it in messages. It stops one byte after the limit, which is enough for
// csvfile to reject the file.
func (c *importCmd) read(in io.Reader) (name string, data []byte, err error) {
	name = "standard input"
	if c.File != "-" {
		name = c.File
		f, err := os.Open(name)
		if err != nil {
			return "", nil, usageError{err}
		}
		defer f.Close()
		in = f
	}
	data, err = io.ReadAll(io.LimitReader(in, csvfile.MaxLocal+1))
	return name, data, err
}

// delimiter returns the chosen delimiter; 0: none.
func (c *importCmd) delimiter() rune {
	return map[string]rune{"comma": ',', "tab": '\t', "semicolon": ';', "pipe": '|'}[c.Delimiter]
}

// setup maps columns as --map says, and the others to the fields.
func (c *importCmd) setup(headers, fields []string) (imports.Setup, error) {
	fields = slices.Clone(fields)
	for header, field := range c.Map {
		found := false
		for i, h := range headers {
			if h == header {
				fields[i], found = field, true
			} else if fields[i] == field {
				fields[i] = "" // --map overrides what was recognised
			}
		}
		if !found {
			return imports.Setup{}, usageError{fmt.Errorf(
				"--map: no column %q in the file; its columns are %s", header, strings.Join(headers, ", "))}
		}
	}
	return imports.Setup{Fields: fields, Source: c.Source, By: c.By, All: true}, nil
}

// importing is an import in progress.
type importing struct {
	rooms  *app.App
	std    streams
	caller noren.Caller
}

// abandon cancels a draft that will not be started, and returns err. A draft left behind would keep its lines stored.
func (r importing) abandon(ctx context.Context, id int64, err error) error {
	_, cancelErr := r.rooms.Imports.Cancel(ctx, r.caller, id)
	return errors.Join(err, cancelErr)
}

// preview prints what would happen.
func (r importing) preview(ctx context.Context, draft noren.Import, setup imports.Setup) error {
	p, err := r.rooms.Imports.Preview(ctx, r.caller, draft.ID, setup)
	if err = r.abandon(ctx, draft.ID, unusable(r.std, draft.Kind, err)); err != nil {
		return err
	}
	i := p.Import
	i.Created, i.Updated, i.Unchanged, i.Refused = p.Created, p.Updated, p.Unchanged, p.Refused
	r.head(i, true)
	if p.Judged < i.Total {
		r.tell("  先頭の%s行を確認しました\n", "  based on the first %s lines\n", number(p.Judged))
	}
	if p.Keyless {
		r.tell("  %sを特定できる列がありません。同じファイルをもう一度取り込むと、重複して登録されます\n",
			"  no column identifies the %s: importing the file again would create everything twice\n", r.oneOf(i.Kind))
	}
	r.fields(i.Kind, p.Fields)
	r.points(p.Points)
	r.told(i.Kind, p.Remarks, p.Told)
	if len(p.Problems) == 0 {
		return nil
	}
	w := r.problemTable(false)
	for _, problem := range p.Problems {
		r.printProblem(w, i.Kind, problem)
	}
	if more := p.ProblemsTotal - len(p.Problems); more > 0 {
		say(w, r.std.words("  ほか%s件\n", "  and %s more\n"), number(more))
	}
	return errors.Join(errReported, w.Flush())
}

// The pauses between two looks at an import: while another process works on it, and while the database is unreachable.
const (
	importPoll = 50 * time.Millisecond
	importRest = time.Second
)

// finish works on the tenant's imports until this one has ended. Imports of a tenant run in order, so it may have to
// finish others first; while another process holds the work, it only follows the progress.
func (r importing) finish(ctx context.Context, i noren.Import) (noren.Import, error) {
	bar := r.bar(i)
	// Each step is a transaction of its own, so the command can be killed at any moment.
	for {
		stepped, err := r.rooms.Imports.Step(ctx, r.caller.Tenant.ID)
		switch {
		case err != nil && ctx.Err() != nil:
			return i, err
		case err != nil: // retried; after a few failures the import itself is marked failed
			time.Sleep(importRest)
		case stepped == nil:
			time.Sleep(importPoll)
		}
		if err == nil && stepped != nil && stepped.ID == i.ID {
			i = *stepped
		} else if i, err = r.rooms.Imports.Get(ctx, r.caller, i.ID); err != nil {
			return i, err
		}
		if bar != nil {
			_ = bar.Set(i.Processed) // a failure to draw is not worth reporting
		}
		if i.State.Ended() {
			return i, nil
		}
	}
}

// bar returns a progress bar on a terminal, otherwise nil.
func (r importing) bar(i noren.Import) *progressbar.ProgressBar {
	file, ok := underneath(r.std.err).(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return nil
	}
	return progressbar.NewOptions(i.Total, progressbar.OptionSetWriter(file), progressbar.OptionSetDescription(i.FileName),
		progressbar.OptionShowCount(), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
}

// report prints what was done and every refused line.
func (r importing) report(ctx context.Context, i noren.Import, to string) (err error) {
	r.head(i, false)
	r.told(i.Kind, i.Remarks, i.Told)
	if i.State != noren.ImportDone {
		err = fmt.Errorf("import %d: %s after %s of %s lines", i.ID, i.State, number(i.Processed), number(i.Total))
	}
	if i.Refused == 0 {
		return err
	}
	var file *os.File
	if to != "" {
		var openErr error
		// Members' data: only the user who runs the command may read it.
		if file, openErr = os.OpenFile(to, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600); openErr != nil {
			return errors.Join(err, usageError{fmt.Errorf("--refused: %w", openErr)})
		}
	}
	if printErr := r.refused(ctx, i, file); printErr != nil {
		return errors.Join(err, printErr)
	}
	if err == nil {
		err = errReported
	}
	return err
}

// refused prints the refused lines, and writes them to file unless it is nil.
func (r importing) refused(ctx context.Context, i noren.Import, file *os.File) error {
	w := r.problemTable(false)
	var out *csvfile.RefusedWriter
	if file != nil {
		out = csvfile.NewRefusedWriter(file, i, r.explain(i.Kind))
	}
	err := r.rooms.Imports.RefusedLines(ctx, r.caller, i.ID, func(lines []noren.RefusedLine) error {
		for _, line := range lines {
			for _, p := range line.Problems {
				r.printProblem(w, i.Kind, p)
			}
		}
		if out == nil {
			return nil
		}
		return out.Write(lines)
	})
	err = errors.Join(err, w.Flush())
	if out != nil {
		err = errors.Join(err, out.Close(), file.Close())
	}
	return err
}
