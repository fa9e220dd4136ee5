package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"noren"
	"noren/csvfile"
)

// importCmd is `noren import`. It works beside a running server, which may take over its lines, or finish them where
// this command is killed.
type importCmd struct {
	databaseFlag
	Kind    string            `arg:"" enum:"members,products,stock,purchases" help:"What the lines are: members, products, stock or purchases."`
	File    string            `arg:"" help:"The file, CSV with a header in UTF-8, UTF-16 or Shift_JIS; - is the standard input."`
	Tenant  string            `placeholder:"CONTRACT" help:"Whose they are; needed where the database has several tenants."`
	Source  string            `default:"csv" placeholder:"NAME" help:"Where purchases come from: ids of different sources do not clash."`
	Map     map[string]string `mapsep:"none" placeholder:"HEADER=FIELD" help:"Take a column for a field, whatever its header is; HEADER= leaves it out. Can be repeated."`
	Refused string            `placeholder:"FILE" help:"Write the refused lines there as CSV, with the reason of each."`
	DryRun  bool              `help:"Only show what would happen, judged by at most the first 20,000 lines."`
}

// Help is what `noren import --help` says besides the flags.
func (importCmd) Help() string {
	return "Lines are independent: those that cannot be taken are refused and listed, and the others take effect. Importing " +
		"the same file again changes nothing, if a column says which member or product a line is. The exit code is 1 if " +
		"anything was refused."
}

// Run imports the file and reports every line that was refused.
func (c *importCmd) Run(ctx context.Context, std streams) error {
	if err := c.mustExist(); err != nil {
		return err
	}
	name, data, err := c.read(std.in)
	if err != nil {
		return err
	}
	f, err := csvfile.Read(noren.ImportKind(c.Kind), name, data)
	if err != nil {
		return usageError{fmt.Errorf("%s: %w", name, err)}
	}
	setup, err := c.setup(f)
	if err != nil {
		return err
	}
	h, err := openHouse(ctx, c.Database, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer h.close()
	tenant, err := c.tenant(ctx, h.service)
	if err != nil {
		return err
	}
	run := importing{service: h.service, std: std, caller: noren.Caller{Tenant: tenant, Client: noren.Client{Dialect: noren.Operator}}}
	draft, err := run.service.DraftImport(ctx, run.caller, noren.ImportKind(c.Kind), f)
	if err != nil {
		return fmt.Errorf("storing %s: %w", name, err)
	}
	if c.DryRun {
		return run.preview(ctx, draft.ID, setup)
	}
	started, err := run.service.StartImport(ctx, run.caller, draft.ID, setup)
	if err != nil {
		return run.abandon(ctx, draft.ID, unusable(err))
	}
	done, err := run.finish(ctx, started)
	if err != nil {
		return fmt.Errorf("import %d of %s: %w; a server on this database goes on with it", started.ID, tenant.Contract, err)
	}
	return run.report(ctx, done, c.Refused)
}

// read answers the file with the name that messages give it. One that is too large is not read to its end.
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
	data, err = io.ReadAll(io.LimitReader(in, csvfile.MaxBytes+1))
	return name, data, err
}

// setup takes columns for what --map says, and the others for what their headers say.
func (c *importCmd) setup(f noren.ImportFile) (noren.ImportSetup, error) {
	fields := append([]string(nil), f.Fields...)
	for header, field := range c.Map {
		found := false
		for i, h := range f.Header {
			if h == header {
				fields[i], found = field, true
			} else if fields[i] == field {
				fields[i] = "" // what is said by hand goes before what was recognised
			}
		}
		if !found {
			return noren.ImportSetup{}, usageError{fmt.Errorf("--map: the file has no column %q; it has %s", header, strings.Join(f.Header, ", "))}
		}
	}
	return noren.ImportSetup{Fields: fields, Source: c.Source}, nil
}

// tenant answers the one that is asked for, or the only one.
func (c *importCmd) tenant(ctx context.Context, service *noren.Service) (noren.Tenant, error) {
	if c.Tenant != "" {
		t, err := service.TenantByContract(ctx, c.Tenant)
		if err != nil {
			return t, unknownTenant(err, c.Tenant)
		}
		return t, nil
	}
	all, err := service.Tenants(ctx)
	switch {
	case err != nil:
		return noren.Tenant{}, fmt.Errorf("listing the tenants: %w", err)
	case len(all) == 0:
		return noren.Tenant{}, usageError{errors.New("the database has no tenant yet; noren apply makes one")}
	case len(all) > 1:
		return noren.Tenant{}, usageError{fmt.Errorf("--tenant: this is needed, because the database has %d tenants", len(all))}
	}
	return all[0], nil
}

// unusable words what is wrong with the columns as a mistake of the caller's.
func unusable(err error) error {
	if list, ok := errors.AsType[noren.Refusals](err); ok {
		return usageError{fmt.Errorf("%w; name columns with --map HEADER=FIELD", list)}
	}
	return err
}

// importing is one import on its way.
type importing struct {
	service *noren.Service
	std     streams
	caller  noren.Caller
}

// abandon cancels a draft that is of no use, and answers err.
func (r importing) abandon(ctx context.Context, id int64, err error) error {
	_, cancelErr := r.service.CancelImport(ctx, r.caller, id)
	return errors.Join(err, cancelErr)
}

// preview prints what would happen.
func (r importing) preview(ctx context.Context, id int64, setup noren.ImportSetup) error {
	p, err := r.service.PreviewImport(ctx, r.caller, id, setup)
	if err = r.abandon(ctx, id, unusable(err)); err != nil {
		return err
	}
	i := p.Import
	i.Created, i.Updated, i.Unchanged, i.Refused = p.Created, p.Updated, p.Unchanged, p.Refused
	r.head(i, " would be")
	if p.Judged < i.Total {
		say(r.std.out, "  judged by the first %s lines\n", number(p.Judged))
	}
	if p.Keyless {
		say(r.std.out, "  no column says which %s a line is: importing the file twice makes everything twice\n", strings.TrimSuffix(string(i.Kind), "s"))
	}
	if len(p.Problems) == 0 {
		return nil
	}
	w := problemTable(r.std.out)
	for _, problem := range p.Problems {
		printProblem(w, problem)
	}
	if more := p.ProblemsTotal - len(p.Problems); more > 0 {
		say(w, "  and %s more\n", number(more))
	}
	return errors.Join(errReported, w.Flush())
}

// The pauses between two looks at an import: where another process is at it, and where the database is away.
const (
	importPoll = 50 * time.Millisecond
	importRest = time.Second
)

// finish works on the tenant's imports until this one has ended, or shows how others do.
func (r importing) finish(ctx context.Context, i noren.Import) (noren.Import, error) {
	bar := r.bar(i)
	for {
		stepped, err := r.service.StepImport(ctx, r.caller.Tenant.ID)
		switch {
		case err != nil && ctx.Err() != nil:
			return i, err
		case err != nil: // it is tried again, and given up after a few times
			time.Sleep(importRest)
		case stepped == nil:
			time.Sleep(importPoll)
		}
		if err == nil && stepped != nil && stepped.ID == i.ID {
			i = *stepped
		} else if i, err = r.service.Import(ctx, r.caller, i.ID); err != nil {
			return i, err
		}
		if bar != nil {
			_ = bar.Set(i.Processed) // it only draws
		}
		if i.State.Ended() {
			return i, nil
		}
	}
}

// bar is a progress bar where a person looks on.
func (r importing) bar(i noren.Import) *progressbar.ProgressBar {
	file, ok := r.std.err.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return nil
	}
	return progressbar.NewOptions(i.Total, progressbar.OptionSetWriter(file), progressbar.OptionSetDescription(i.FileName),
		progressbar.OptionShowCount(), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
}

// report prints what was done and every refused line.
func (r importing) report(ctx context.Context, i noren.Import, to string) (err error) {
	r.head(i, "")
	if i.State != noren.ImportDone {
		err = fmt.Errorf("import %d is %s after %s of %s lines", i.ID, i.State, number(i.Processed), number(i.Total))
	}
	if i.Refused == 0 {
		return err
	}
	var file *os.File
	if to != "" {
		var openErr error
		if file, openErr = os.Create(to); openErr != nil {
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

// head prints what the file was taken for and what came of its lines.
func (r importing) head(i noren.Import, would string) {
	say(r.std.out, "%s: %s of %s from %s (%s)\n", r.caller.Tenant.Contract, counted(i.Total, "line", "lines"), i.Kind, i.FileName, i.Encoding)
	for _, c := range i.Columns {
		if c.Field != "" && c.Field != c.Header {
			say(r.std.out, "  %s is %s\n", c.Header, c.Field)
		} else if c.Field == "" {
			say(r.std.out, "  %s is left out\n", c.Header)
		}
	}
	say(r.std.out, "  %s%s created, %s updated, %s unchanged, %s refused\n", number(i.Created), would, number(i.Updated), number(i.Unchanged), number(i.Refused))
}

// refused prints the refused lines, and writes them to the file where there is one.
func (r importing) refused(ctx context.Context, i noren.Import, file *os.File) error {
	w := problemTable(r.std.out)
	var out *csvfile.RefusedWriter
	if file != nil {
		out = csvfile.NewRefusedWriter(file, i, nil)
	}
	err := r.service.RefusedLines(ctx, r.caller, i.ID, func(lines []noren.RefusedLine) error {
		for _, line := range lines {
			for _, p := range line.Problems {
				printProblem(w, p)
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

func problemTable(out io.Writer) *tabwriter.Writer {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	say(w, "  LINE\tFIELD\tREASON\n")
	return w
}

func printProblem(w io.Writer, p noren.ImportProblem) {
	field, reason := p.Field, p.Message
	if field == "" {
		field = "-"
	}
	if p.Value != "" {
		reason = fmt.Sprintf("%q: %s", p.Value, reason)
	}
	say(w, "  %d\t%s\t%s\n", p.Line, field, reason)
}
