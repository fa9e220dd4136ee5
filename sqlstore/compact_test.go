package sqlstore

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// TestCompact gives the room of what was removed back to the disk, and keeps the rest.
func TestCompact(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, b *bundle) {
		if b.flavor.name == "postgres" {
			if _, _, err := b.Compact(t.Context()); !errors.Is(err, ErrCompactsItself) {
				t.Error(err)
			}
			return
		}
		long := strings.Repeat("x", 1<<20)
		for i := range 8 {
			if err := b.update(t.Context(), tenant, putLong(t.Context(), fmt.Sprint("long ", i), long)); err != nil {
				t.Fatal(err)
			}
		}
		ctx := t.Context()
		err := b.update(ctx, tenant, func(t *tx) error {
			_, err := t.exec(ctx, "DELETE FROM signing_keys WHERE tenant_id = ? AND name <> 'long 3'", tenant)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		before, after, err := b.Compact(t.Context())
		if err != nil || before < 8<<20 || after > 2<<20 {
			t.Errorf("%d bytes before and %d after, error %v", before, after, err)
		}
		err = b.view(t.Context(), tenant, func(x *tx) error {
			secret, err := x.SigningKey(t.Context(), "long 3")
			if len(secret.Secret) != len(long) {
				t.Errorf("what was kept has %d characters", len(secret.Secret))
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
		if err := b.update(t.Context(), tenant, putLong(t.Context(), "later", "x")); err != nil {
			t.Error(err)
		}
	})
}
