package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// cli is the command line.
type cli struct {
	Help helpFlag `short:"h" help:"Show this help, or that of a command."`

	Demo      demoCmd      `cmd:"" help:"Try everything on a throwaway database, with a shop of made-up members."`
	Serve     serveCmd     `cmd:"" help:"Run the server: HTTP and workers in one process."`
	Apply     applyCmd     `cmd:"" help:"Make the database match a shop file. Creates and updates, deletes nothing."`
	Verify    verifyCmd    `cmd:"" help:"Check every invariant of the stored data."`
	Callbacks callbacksCmd `cmd:"" help:"Look at the callbacks of bulk requests, or send them again."`
	Import    importCmd    `cmd:"" help:"Import members, products, stock or purchases from a CSV file."`
	Points    pointsCmd    `cmd:"" help:"Write off points that have expired."`
	Ranks     ranksCmd     `cmd:"" help:"Check who rises and falls in rank."`
	Webhooks  webhooksCmd  `cmd:"" help:"Look at what Shopify sent and what became of it."`
	Version   versionCmd   `cmd:"" help:"Show the versions of Noren and of what it stands on."`
}

// description is what the program says of itself. A blank line starts a paragraph.
const description = "A self-hosted server for members, points, ranks and stock, which speaks the APIs that your systems " +
	"speak already.\n\nFlags that name a variable can be set in the environment instead; the flag wins."

// The exit codes.
const (
	exitOK     = 0
	exitFailed = 1 // it did not work, or verify found violations
	exitUsage  = 2 // the command line or a setting is wrong
)

// streams are the standard input and outputs of a command.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// usageError is a mistake of the caller's in the command line or a setting.
type usageError struct{ error }

// Unwrap answers the cause.
func (e usageError) Unwrap() error { return e.error }

// errReported is the error of a command that has printed what is wrong.
var errReported = errors.New("reported")

// run runs one command and answers the exit code. It is main without the process.
func run(ctx context.Context, args []string, env func(string) string, in io.Reader, out, errs io.Writer) int {
	var c cli
	parser, err := kong.New(&c, kong.Name("noren"), kong.Description(description), kong.NoDefaultHelp(),
		kong.Writers(out, errs), kong.Resolvers(fromEnvironment(env)), kong.ValueFormatter(helpWithVariable),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(streams{in, out, errs}))
	if err != nil {
		say(errs, "noren: %v\n", err) // the declarations above contradict themselves
		return exitFailed
	}
	switch {
	case len(args) == 0:
		args = []string{"--help"}
	case args[0] == "help": // noren help serve
		args = append(args[1:], "--help")
	}
	command, err := parser.Parse(args)
	// Everything that parsing can find wrong is the caller's doing.
	if err != nil && !errors.Is(err, errHelped) {
		err = usageError{fmt.Errorf("%w; see noren --help", err)}
	} else if err == nil {
		err = command.Run()
	}
	return report(errs, err)
}

// report prints the error, if it has not been, and answers the exit code.
func report(errs io.Writer, err error) int {
	switch {
	case err == nil, errors.Is(err, errHelped):
		return exitOK
	case errors.Is(err, errReported):
		return exitFailed
	}
	say(errs, "noren: %v\n", err)
	if _, ok := errors.AsType[usageError](err); ok {
		return exitUsage
	}
	return exitFailed
}

// helpFlag prints the help of the command that it stands behind. kong's own would end the process.
type helpFlag bool

// errHelped ends the parsing of a command line that asks for help. It is no failure.
var errHelped = errors.New("help was asked for")

// IgnoreDefault keeps kong from calling the hook where the flag is not given.
func (helpFlag) IgnoreDefault() {}

// BeforeReset is kong's hook for flags that act before anything is checked.
func (helpFlag) BeforeReset(c *kong.Context) error {
	if err := c.PrintUsage(false); err != nil {
		return err
	}
	return errHelped
}

// variableTag is the struct tag that names a flag's environment variable. kong's own, env, reads the process's
// environment, which tests share.
const variableTag = "variable"

// fromEnvironment sets flags that are not on the command line from their variables. An empty variable is as good
// as none.
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
	if v.HasDefault {
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
