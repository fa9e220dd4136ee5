package scale

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"noren/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// TestRun measures a little, to see that everything can be measured.
func TestRun(t *testing.T) {
	t.Parallel()
	var out, tell bytes.Buffer
	args := []string{"-tenants", "2,3", "-members", "60", "-rounds", "2", "-postgres", pgtest.Admin(t)}
	if err := Run(t.Context(), args, &out, &tell); err != nil {
		t.Fatalf("%v\n%s", err, &tell)
	}
	for _, want := range append(measuredTables(), "2 tenants  3 tenants  last : first") {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the result does not have %s:\n%s", want, &out)
		}
	}
	for _, l := range lines() {
		if !strings.Contains(out.String(), l.name+"  ") {
			t.Errorf("the result does not have %s:\n%s", l.name, &out)
		}
	}
}

func TestWrongFlagsAreRefused(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"-tenants many": "is not a number", "-tenants 10,2": "smallest number comes first", "-rounds 0": "from 1 up", "all": "is not a flag",
	} {
		if _, err := parse(strings.Fields(args), new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", args, err)
		}
	}
}

func TestSizes(t *testing.T) {
	t.Parallel()
	list := sizes(1000, 100_000)
	sum := 0
	for _, n := range list {
		sum += n
	}
	if list[0] < 10_000 || list[999] < 10 || sum < 95_000 || sum > 105_000 {
		t.Errorf("%d to %d members, together %d", list[0], list[999], sum)
	}
}
