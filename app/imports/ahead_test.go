package imports_test

import (
	"fmt"
	"testing"

	"noren"
	"noren/app"
	"noren/app/apptest"
	"noren/app/imports"
)

// TestLookingAhead lets two processes take steps of two imports in many orders, each with the piece in hand that was the next
// when it looked: every line takes effect once, in the order of the file.
func TestLookingAhead(t *testing.T) {
	t.Parallel()
	const lines = 950
	for name, turn := range map[string]func(step int) int{
		"one alone":  func(int) int { return 0 },
		"in turns":   func(step int) int { return step % 2 },
		"two by two": func(step int) int { return step / 2 % 2 },
		"one late":   func(step int) int { return step % 5 / 4 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := apptest.Setup(t)
			var products, moves, members []string
			for i := range lines {
				products, moves = append(products, fmt.Sprintf("P%d,茶", i)), append(moves, fmt.Sprintf("P%d,本店,%d", i, i+1))
				// Ten lines are about each member, the first of which makes it.
				members = append(members, fmt.Sprintf("X%d,名%d", i%(lines/10), i%(lines/10)))
			}
			apptest.Imported(t, b, b.Caller, noren.ImportProducts, apptest.ImportFile("code,name", products...))
			moving := apptest.StartImport(t, b, b.Caller, noren.ImportStock, apptest.ImportFile("product,store,amount", moves...))
			dropped := apptest.StartImport(t, b, b.Caller, noren.ImportStock, apptest.ImportFile("product,store,amount", moves...))
			naming := apptest.StartImport(t, b, b.Caller, noren.ImportMembers, apptest.ImportFile("code,last_name", members...))
			processes := []*app.App{
				app.New(app.Config{Engine: b.Engine, Clock: b.Clock.Read}), app.New(app.Config{Engine: b.Engine, Clock: b.Clock.Read}),
			}
			for step := 0; ; step++ {
				stepped, err := processes[turn(step)].Imports.Step(b.Ctx, b.Caller.Tenant.ID)
				if err != nil {
					t.Fatal(err)
				}
				if stepped == nil {
					break
				}
				if stepped.ID == dropped.ID { // with its second piece in somebody's hand
					if _, err := b.Imports.Cancel(b.Ctx, b.Caller, dropped.ID); err != nil {
						t.Fatal(err)
					}
				}
			}
			for _, want := range []struct {
				id                          int64
				created, updated, unchanged int
			}{{moving.ID, lines, 0, 0}, {dropped.ID, 0, 0, imports.PieceLines}, {naming.ID, lines / 10, 0, lines - lines/10}} {
				i, err := b.Imports.Get(b.Ctx, b.Caller, want.id)
				if err != nil || i.Created != want.created || i.Updated != want.updated || i.Unchanged != want.unchanged {
					t.Errorf("%+v (%v), want %+v", i, err, want)
				}
			}
			if m := apptest.Member(t, b, "X94"); noren.Deref(m.LastName) != "名94" {
				t.Errorf("the member is %v", noren.Deref(m.LastName))
			}
			b.Sound(t)
		})
	}
}

// TestDraftEndsWithItsFile: a file that ends with an error leaves nothing that is still being stored.
func TestDraftEndsWithItsFile(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	broken := &noren.Error{Kind: noren.Invalid, Message: "the file ends here"}
	_, err := b.Imports.Draft(b.Ctx, b.Caller, noren.ImportMembers, noren.ImportFile{
		Name: "members.csv", Header: []string{"code"}, Fields: []string{"code"},
		Lines: func(yield func(noren.ImportLine, error) bool) {
			for i := range 5000 {
				if !yield(noren.ImportLine{Number: i + 2, Cells: []string{fmt.Sprintf("M%d", i)}}, nil) {
					return
				}
			}
			yield(noren.ImportLine{}, broken)
		},
	})
	if err != broken {
		t.Errorf("the draft: %v", err)
	}
	list, err := b.Imports.List(b.Ctx, b.Caller, noren.Page{})
	if err != nil || list.Total != 0 {
		t.Errorf("%+v, %v", list, err)
	}
}
