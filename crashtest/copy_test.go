package crashtest

import (
	"bufio"
	"strings"
	"testing"
)

// TestCopyKilled kills the command that copies a database into another each time that it has said a little more, until one run
// comes to its end: nothing is missing or there twice, and the copy goes on as the shop that it is one of.
func TestCopyKilled(t *testing.T) {
	t.Parallel()
	for name, url := range engines {
		t.Run("to "+name, func(t *testing.T) {
			t.Parallel()
			from := install(t, engines["sqlite"](t), 3)
			to := *from
			to.database = url(t)
			args := []string{"copy", "--from", from.database, "--to", to.database}
			killed, whole := 0, false
			for lines := 3; lines < 12 && !whole; lines += 4 {
				cmd := from.command(args...)
				out, err := cmd.StdoutPipe()
				if err == nil {
					err = cmd.Start()
				}
				if err != nil {
					t.Fatal(err)
				}
				said := bufio.NewScanner(out)
				for i := 0; i < lines && said.Scan(); i++ {
				}
				cmd.Process.Kill()
				if whole = cmd.Wait() == nil; whole { // before it could be killed
					break
				}
				killed++
				if out, err := to.command("verify").CombinedOutput(); err == nil || !strings.Contains(string(out), "noren copy again") {
					t.Errorf("noren verify on a part of a copy: %v\n%s", err, out)
				}
			}
			t.Logf("%d runs were killed", killed)
			var out string
			if whole {
				out = "had been copied before, equal to those of the source, " + string(to.run("verify"))
			} else {
				out = string(from.run(args...))
			}
			for _, want := range []string{"had been copied before", "equal to those of the source", "invariants hold"} {
				if !strings.Contains(out, want) {
					t.Errorf("the last run does not say %q:\n%s", want, out)
				}
			}
			s := to.serve()
			s.stop()
		})
	}
}
