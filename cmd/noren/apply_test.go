package main

import (
	"errors"
	"strings"
	"testing"

	"noren/app/shop"
	"noren/shopfile"
)

// TestAppliedInPart checks what is said when the database fails between two tenants.
func TestAppliedInPart(t *testing.T) {
	t.Parallel()
	shops := []shop.Shop{{Contract: "t1"}, {Contract: "t2"}, {Contract: "t3"}}
	for n, want := range []string{
		"nothing was applied", "applied: t1; not applied: t2, t3; apply the file again for the rest",
		"applied: t1, t2; not applied: t3; apply the file again for the rest",
	} {
		if got := applied(shops, n); got != want {
			t.Errorf("after %d: %s", n, got)
		}
	}
	var out strings.Builder
	if err := notApplied(&out, "shop.yaml", "nothing was applied", errors.New("the disk is full")); out.String() != "" || err.Error() != "the disk is full; nothing was applied" {
		t.Errorf("a fault: %s, %v", out.String(), err)
	}
	err := notApplied(&out, "shop.yaml", "nothing was applied", shopfile.Problems{{File: "shop.yaml", Line: 3, Message: "wrong"}})
	if out.String() != "shop.yaml:3: wrong\n" || err.Error() != "1 problem in shop.yaml; nothing was applied" {
		t.Errorf("a problem: %s, %v", out.String(), err)
	}
}
