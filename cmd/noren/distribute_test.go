package main

import (
	"bytes"
	"strings"
	"testing"

	"noren/pgtest"
)

// TestDistribute runs the command on PostgreSQL alone, and on one that stands for Citus.
func TestDistribute(t *testing.T) {
	t.Parallel()
	plain, citus := pgtest.Database(t), pgtest.LikeCitus(t)
	for _, c := range []struct {
		args         []string
		code         int
		out, problem string
	}{
		{[]string{"--database", "sqlite:noren.db"}, exitFailed, "", "only PostgreSQL with Citus is distributed"},
		{[]string{"--database", plain, "--apply"}, exitFailed, "", "this server has no Citus"},
		{[]string{"--database", citus}, exitFailed, "", "the schema is not that of this program"},
		{[]string{"--database", citus, "--apply"}, exitOK, "SELECT create_distributed_table('members', 'tenant_id', colocate_with => 'tenant_rows');\n", ""},
		{[]string{"--database", citus, "--apply"}, exitOK, "-- Every table is where it should be.\n", ""},
		{[]string{"--database", citus}, exitOK, "-- Every table is where it should be.\n", ""},
	} {
		var out, errs bytes.Buffer
		code := run(t.Context(), append([]string{"distribute"}, c.args...), func(string) string { return "" }, nil, &out, &errs)
		if code != c.code || !strings.Contains(out.String(), c.out) || !strings.Contains(errs.String(), c.problem) {
			t.Errorf("distribute %v exits with %d and prints\n%s%s", c.args, code, &out, &errs)
		}
	}
}
