package crashtest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"noren"
	"noren/app"
	"noren/sqlstore"
)

// importLines is the number of lines of the file. Each makes a product, so a lost line shows in the number of products, and one that
// was applied twice in the number of those that the import says it has made.
const importLines = 3000

// TestImportKilled kills the command that imports a file, and then the servers that continue the import.
func TestImportKilled(t *testing.T) {
	t.Parallel()
	for name, url := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := install(t, url(t), 1)
			file := filepath.Join(t.TempDir(), "products.csv")
			var b bytes.Buffer
			b.WriteString("商品コード,商品名\n")
			for i := range importLines {
				fmt.Fprintf(&b, "NEW%d,煎茶\n", i)
			}
			if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			l := in.look(t)
			before, err := l.rooms.Stock.Products(t.Context(), l.caller, noren.CatalogueFilter{Page: noren.Page{Limit: 1}})
			if err != nil {
				t.Fatal(err)
			}
			cmd := in.command("import", "products", file)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			l.until(func(i noren.Import) bool { return i.Processed > 0 })
			cmd.Process.Kill()
			cmd.Wait()
			for range kills(t) {
				s := in.serve()
				time.Sleep(rand.N(150 * time.Millisecond))
				s.kill()
			}
			s := in.serve()
			done := l.until(func(i noren.Import) bool { return i.State.Ended() })
			s.stop()
			made, err := l.rooms.Stock.Products(t.Context(), l.caller, noren.CatalogueFilter{Page: noren.Page{Limit: 1}})
			if err != nil || done.State != noren.ImportDone || done.Created != importLines || made.Total != before.Total+importLines {
				t.Errorf("%d products after %d (%v): %+v", made.Total, before.Total, err, done)
			}
			if out := string(in.run("verify")); !strings.Contains(out, "invariants hold") {
				t.Errorf("noren verify says\n%s", out)
			}
		})
	}
}

// onlooker reads an installation's database while other processes work on it.
type onlooker struct {
	t      *testing.T
	rooms  *app.App
	caller noren.Caller
}

func (in *installation) look(t *testing.T) onlooker {
	t.Helper()
	engine, err := sqlstore.Open(t.Context(), sqlstore.Config{URL: in.database})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { engine.Close() })
	s := app.New(app.Config{Engine: engine})
	tenants, err := s.Access.Tenants(t.Context())
	if err != nil || len(tenants) != 1 {
		t.Fatalf("tenants %v, error %v", tenants, err)
	}
	return onlooker{t, s, noren.Caller{Tenant: tenants[0]}}
}

// until waits until the only import has progressed that far.
func (o onlooker) until(far func(noren.Import) bool) noren.Import {
	o.t.Helper()
	for range 6000 {
		list, err := o.rooms.Imports.List(o.t.Context(), o.caller, noren.Page{})
		if err != nil {
			o.t.Fatal(err)
		}
		if len(list.Items) > 0 && far(list.Items[0]) {
			return list.Items[0]
		}
		time.Sleep(10 * time.Millisecond)
	}
	o.t.Fatal("the import does not come so far in a minute")
	return noren.Import{}
}
