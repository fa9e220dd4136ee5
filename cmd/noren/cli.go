package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// cli is the command line.
type cli struct {
	Help helpFlag `short:"h" help:"Show help for noren or for a command."`

	Demo       demoCmd       `cmd:"" help:"Try everything on a throwaway database with a made-up shop."`
	Serve      serveCmd      `cmd:"" help:"Run the server: HTTP and background work in one process."`
	Apply      applyCmd      `cmd:"" help:"Apply a shop file to the database: create and update, never delete."`
	Verify     verifyCmd     `cmd:"" help:"Check every invariant of the stored data."`
	Backup     backupCmd     `cmd:"" help:"Copy the database and the attachments into one file, even while a server runs."`
	Restore    restoreCmd    `cmd:"" help:"Restore a backup made by noren backup."`
	Keys       keysCmd       `cmd:"" help:"List, issue or revoke API keys of ReCORE clients."`
	Rotate     rotateCmd     `cmd:"" help:"Replace a signing secret; the old one stays valid for a while."`
	Users      usersCmd      `cmd:"" help:"List the users of the console, or turn off two-step verification of one."`
	Person     personCmd     `cmd:"" help:"Export or erase the data of one person."`
	Sweep      sweepCmd      `cmd:"" help:"Remove data whose retention period has ended, or show what would be removed."`
	Copy       copyCmd       `cmd:"" help:"Copy everything from one database into another, such as from SQLite into PostgreSQL."`
	Distribute distributeCmd `cmd:"" help:"Print or run the statements that distribute the tables over Citus workers."`
	Compact    compactCmd    `cmd:"" help:"Shrink a SQLite file by returning unused space to the disk."`
	Callbacks  callbacksCmd  `cmd:"" help:"List or resend callbacks of bulk updates."`
	Import     importCmd     `cmd:"" help:"Import members, products, stock, purchases or points from a CSV file."`
	Points     pointsCmd     `cmd:"" help:"Expire points."`
	Ranks      ranksCmd      `cmd:"" help:"Run or undo rank checks."`
	Webhooks   webhooksCmd   `cmd:"" help:"List webhooks received from Shopify."`
	Version    versionCmd    `cmd:"" help:"Show the version of Noren and of its database engines."`
}

// description introduces the program in its help. A blank line starts a paragraph.
const description = "A self-hosted server for members, points, ranks and stock that speaks the APIs your systems already " +
	"use.\n\nA flag that names a variable can also be set in the environment; the flag takes precedence."

// The exit codes.
const (
	exitOK     = 0
	exitFailed = 1 // the command failed, an import refused lines, or verify found violations
	exitUsage  = 2 // wrong command line or setting
)

// streams are the standard input and outputs of a command. Tests pass buffers.
type streams struct {
	in       io.Reader
	out, err io.Writer
	japanese bool // the language of what is said to somebody who sees the program for the first time
}

// words returns the text in the language of the terminal.
func (s streams) words(ja, en string) string {
	if s.japanese {
		return ja
	}
	return en
}

// inJapanese reports whether the environment asks for Japanese, by the variables of POSIX in the order in which they count.
func inJapanese(env func(string) string) bool {
	return strings.HasPrefix(cmp.Or(env("LC_ALL"), env("LC_MESSAGES"), env("LANG")), "ja")
}

// usageError is a mistake in the command line or a setting. It exits with exitUsage.
type usageError struct{ error }

// Unwrap returns the cause.
func (e usageError) Unwrap() error { return e.error }

// errReported is returned by a command that has already printed what is wrong, so that report adds nothing.
var errReported = errors.New("reported")

// run runs one command and returns the exit code. It is main without the process: tests call it, many at once, so it
// reads neither os.Args nor the environment.
func run(ctx context.Context, args []string, env func(string) string, in io.Reader, out, errs io.Writer) int {
	var c cli
	errs = newRedactor(errs, args, env)
	parser, err := kong.New(&c, kong.Name("noren"), kong.Description(description), kong.NoDefaultHelp(),
		kong.Writers(out, errs), kong.Resolvers(fromEnvironment(env)), kong.ValueFormatter(helpWithVariable),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(streams{in, out, errs, inJapanese(env)}))
	if err != nil {
		say(errs, "noren: %v\n", err) // a contradiction in the struct tags above; no input can cause it
		return exitFailed
	}
	switch {
	case len(args) == 0:
		args = []string{"--help"}
	case args[0] == "help": // noren help serve
		args = append(args[1:], "--help")
	}
	command, err := parser.Parse(args)
	// Whatever parsing rejects is a mistake in the command line.
	if err != nil && !errors.Is(err, errHelped) {
		err = usageError{fmt.Errorf("%w; see noren --help", err)}
	} else if err == nil {
		err = command.Run()
	}
	return report(errs, inJapanese(env), err)
}

// report prints the error with what to do about it, unless it has been printed, and returns the exit code.
func report(errs io.Writer, japanese bool, err error) int {
	switch {
	case err == nil, errors.Is(err, errHelped):
		return exitOK
	case errors.Is(err, errReported):
		return exitFailed
	}
	say(errs, "noren: %v\n", err)
	say(errs, "%s", adviceFor(err, japanese))
	if _, ok := errors.AsType[usageError](err); ok {
		return exitUsage
	}
	return exitFailed
}

// helpFlag prints the help of the command it follows. kong's own flag would end the process.
type helpFlag bool

// errHelped ends the parsing of a command line that asks for help. It is not a failure.
var errHelped = errors.New("help requested")

// IgnoreDefault keeps kong from calling the hook when the flag is absent.
func (helpFlag) IgnoreDefault() {}

// BeforeReset is kong's hook for flags that act before anything is validated.
func (helpFlag) BeforeReset(c *kong.Context) error {
	if err := c.PrintUsage(false); err != nil {
		return err
	}
	return errHelped
}

// variableTag is the struct tag that names a flag's environment variable. kong's own tag, env, reads the environment of
// the process, which parallel tests share.
const variableTag = "variable"

// fromEnvironment sets flags that are missing on the command line from their variables. An empty variable counts as
// unset: compose files and unit files often set variables to nothing.
func fromEnvironment(env func(string) string) kong.Resolver {
	return kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		if name := flag.Tag.Get(variableTag); name != "" {
			if value := env(name); value != "" {
				return value, nil
			}
		}
		return nil, nil
	})
}

// helpWithVariable adds the default and the variable to the help of a flag.
func helpWithVariable(v *kong.Value) string {
	var notes []string
	if v.HasDefault && v.Default != "" {
		notes = append(notes, "default "+v.Default)
	}
	if name := v.Tag.Get(variableTag); name != "" {
		notes = append(notes, name)
	}
	if len(notes) == 0 {
		return v.Help
	}
	return strings.TrimSuffix(v.Help, ".") + " (" + strings.Join(notes, "; ") + ")."
}
