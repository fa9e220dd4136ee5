package pgtest

import (
	"errors"
	"fmt"
	"testing"
)

// verdict is a test that only notes whether it was skipped or failed.
type verdict struct {
	testing.TB
	skipped, failed bool
}

func (v *verdict) Helper()      {}
func (v *verdict) Skip(...any)  { v.skipped = true }
func (v *verdict) Fatal(...any) { v.failed = true }

// TestMissingPostgresFailsInCI cannot be parallel: it changes the environment.
func TestMissingPostgresFailsInCI(t *testing.T) {
	missing := fmt.Errorf("looking for initdb: %w", errNoPostgres)
	for _, c := range []struct {
		name, ci, required string
		err                error
		fails              bool
	}{
		{"a developer's machine", "", "", missing, false},
		{"CI", "true", "", missing, true},
		{"required", "", "1", missing, true},
		{"installed but broken", "", "", errors.New("initdb: exit status 1"), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("CI", c.ci)
			t.Setenv(EnvRequired, c.required)
			v := &verdict{TB: t}
			giveUp(v, c.err)
			if v.failed != c.fails || !c.fails && !v.skipped {
				t.Errorf("failed %t, skipped %t; want failed %t", v.failed, v.skipped, c.fails)
			}
		})
	}
}
