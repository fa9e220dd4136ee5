package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

// TestExampleShop applies the shop file that the README begins with, twice: the second time changes nothing.
func TestExampleShop(t *testing.T) {
	t.Parallel()
	database := "sqlite:" + filepath.Join(t.TempDir(), "noren.db")
	for _, want := range []string{"client_id", "nothing to change"} {
		var out, problems bytes.Buffer
		args := []string{"apply", "-f", filepath.Join("..", "..", "examples", "shop.yaml"), "--database", database}
		none := func(string) string { return "" }
		if code := run(t.Context(), args, none, strings.NewReader(""), &out, &problems); code != 0 || !strings.Contains(out.String(), want) {
			t.Errorf("exit status %d, without %q:\n%s%s", code, want, &out, &problems)
		}
	}
}
