package console

import (
	"bytes"
	"context"
	"encoding/csv"
	"io"
	"net/http"
	"strings"
	"time"

	encodings "golang.org/x/text/encoding/japanese"

	"noren"
	"noren/app/members"
	"noren/app/stock"
	"noren/csvfile"
	"noren/web"
)

// exportSlice is the number of members that an export reads at a time.
const exportSlice = 500

// exportMembers sends the members selected by the list's filter as CSV. They are in the order of their IDs, whatever the
// order of the list: they are read slice by slice while they are sent, and in an order that can change meanwhile some
// would be left out.
func (d *Console) exportMembers(ctx context.Context, p *page) (web.Answer, error) {
	catalogue, err := d.Rooms.Stock.Catalogue(ctx, p.caller())
	if err != nil {
		return web.Answer{}, err
	}
	f, _ := p.memberFilter(catalogue)
	f.Sort = nil // by ID
	encoding := p.chosen("encoding", p.T("imports.encoding"), p.encodingChoices())
	if p.unusable != nil { // nothing is written to the audit log
		return web.Answer{}, p.unusable
	}
	e := &memberExport{console: d, page: p, ctx: ctx, filter: f, catalogue: catalogue, shiftJIS: encoding == "shift_jis"}
	e.refs = make(map[string]func(*noren.Member) any)
	for _, c := range noren.MemberColumns() {
		e.refs[c.Name] = c.Ref
	}
	charset := "utf-8"
	if e.shiftJIS {
		charset = "Shift_JIS"
	} else {
		e.pending.WriteString("\ufeff") // without a byte order mark, Japanese spreadsheets assume Shift_JIS
	}
	e.write(e.head())
	// The first slice is read before anything is sent, so that an error can still be shown as a page.
	if err := e.slice(); err != nil {
		return web.Answer{}, err
	}
	if err := d.note(ctx, p, "export", "members", "exported"); err != nil {
		return web.Answer{}, err
	}
	name := "members-" + p.console.Rooms.Now().In(p.zone()).Format("20060102") + ".csv"
	a := web.Answer{Status: http.StatusOK, ContentType: "text/csv; charset=" + charset, Stream: e, Length: -1}
	return a.With("Content-Disposition", `attachment; filename="`+name+`"`), nil
}

// memberExport is the CSV, generated while it is read.
type memberExport struct {
	console   *Console
	page      *page
	ctx       context.Context //nolint:containedctx // of the request whose response this is
	filter    noren.MemberFilter
	catalogue stock.Catalogue
	refs      map[string]func(*noren.Member) any // of the columns
	shiftJIS  bool
	pending   bytes.Buffer
	ended     bool
}

// Read implements io.Reader.
func (e *memberExport) Read(b []byte) (int, error) {
	for e.pending.Len() == 0 && !e.ended {
		if err := e.slice(); err != nil {
			return 0, err
		}
	}
	if e.pending.Len() == 0 {
		return 0, io.EOF
	}
	return e.pending.Read(b)
}

// Close implements io.Closer.
func (e *memberExport) Close() error { return nil }

// slice reads the next members and writes their rows. The IDs are unique, so the next slice starts after the last one.
func (e *memberExport) slice() error {
	e.filter.Page = noren.Page{Limit: exportSlice}
	list, err := e.console.Rooms.Members.List(e.ctx, e.page.caller(), e.filter)
	if err != nil {
		return err
	}
	for _, m := range list.Items {
		e.write(e.row(m, list))
	}
	if e.ended = len(list.Items) < exportSlice; !e.ended {
		e.filter.IDFrom = list.Items[exportSlice-1].ID + 1
	}
	return nil
}

// head is the header in the user's language. csvfile recognises the Japanese names, so an export can be imported again.
func (e *memberExport) head() []string {
	var names []string
	for _, column := range exportColumns() {
		names = append(names, e.page.T("member."+column))
	}
	if e.shiftJIS {
		names = append(names, e.page.T("export.lost"))
	}
	return names
}

// exportColumns are the columns of the export, which name their messages: all columns of a member, so that what goes out comes back. What
// nobody can set comes last.
func exportColumns() []string {
	return []string{
		"id", "code", "customer_no", "last_name", "first_name", "last_kana", "first_kana", "company", "phone", "mobile", "email", "mail_opt_in",
		"postal_code", "prefecture", "address1", "address2", "sex", "birth_date", "status", "rank_code", "rank_id", "store_id", "points",
		"entry_date", "leave_date",
		"alias_code", "shopify_customer_id", "line_user_id", "staff_rank_code", "staff_rank_id", "minimum_rank_id", "skip_next_check",
		"point_unit_price", "point_unit", "department", "position", "occupation", "fax", "email2", "email3",
		"note", "note2", "favorites", "browsing", "alphabet_name", "nationality", "passport_no", "pin", "is_invoice_provider", "invoice_number",
		"bank_code", "bank_branch_code", "bank_account_number", "bank_account_name",
		"last_visit_at", "created_at", "updated_at",
	}
}

// row is the row of one member, with as many cells as exportColumns.
func (e *memberExport) row(m noren.Member, list members.List) []string {
	cells := make([]string, len(exportColumns()))
	for i, column := range exportColumns() {
		// Empty instead of hidden: an import of the file leaves such a column as it is.
		if e.page.caller().MaySee(column) {
			cells[i] = e.cell(column, &m, list)
		}
	}
	return cells
}

// cell is the member's value in the column.
func (e *memberExport) cell(column string, m *noren.Member, list members.List) string {
	p := e.page
	switch column {
	case "id":
		return number(m.ID)
	case "sex":
		if m.Sex == noren.SexUnknown {
			return ""
		}
		return p.T("sex." + string(m.Sex))
	case "status":
		return p.T("status." + string(m.Status))
	case "rank_code":
		return rankCode(list.Ranks, m.RankID)
	case "rank_id":
		return rankName(list.Ranks, m.RankID)
	case "minimum_rank_id":
		return rankName(list.Ranks, m.MinimumRankID)
	case "staff_rank_code", "staff_rank_id":
		for _, r := range e.catalogue.StaffRanks {
			switch {
			case m.StaffRankID == nil || r.ID != *m.StaffRankID:
			case column == "staff_rank_code":
				return r.Code
			default:
				return r.Name
			}
		}
		return ""
	case "store_id":
		return p.storeName(e.catalogue, m.StoreID)
	case "points":
		return number(pointsOf(list.Points[m.ID]))
	case "last_visit_at":
		if m.LastVisitAt == nil {
			return ""
		}
		return p.at(time.UnixMicro(*m.LastVisitAt))
	case "created_at":
		return p.at(m.CreatedAt)
	case "updated_at":
		return p.at(m.UpdatedAt)
	}
	return p.plainCell(e.refs[column](m))
}

// plainCell is a value that people and files have alike.
func (p *page) plainCell(ref any) string {
	switch v := ref.(type) {
	case *string:
		return *v
	case **string:
		return or(*v)
	case **noren.Date:
		return or(*v)
	case *bool:
		if *v {
			return p.T("value.yes")
		}
		return p.T("value.no")
	case **int64:
		if *v != nil {
			return number(**v)
		}
	case **noren.Hundredths:
		if *v != nil {
			return (*v).String()
		}
	}
	return ""
}

// write adds a row. Characters that Shift_JIS lacks become 〓, and an additional last cell names the columns concerned, so
// that no loss goes unnoticed.
func (e *memberExport) write(cells []string) {
	var lost []string
	for i := range cells {
		if e.shiftJIS {
			var whole bool
			if cells[i], whole = asShiftJIS(cells[i]); !whole {
				lost = append(lost, e.page.T("member."+exportColumns()[i]))
			}
		}
		// A carriage return alone would be dropped where lines end with both.
		cells[i] = csvfile.Defused(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(cells[i]))
	}
	if e.shiftJIS {
		if len(cells) == len(exportColumns()) {
			cells = append(cells, strings.Join(lost, " "))
		}
		for i := range cells {
			cells[i], _ = encodings.ShiftJIS.NewEncoder().String(cells[i]) // which has all that is left
		}
	}
	w := csv.NewWriter(&e.pending)
	w.UseCRLF = true
	_ = w.Write(cells) // writing to memory cannot fail
	w.Flush()
}

// wave replaces characters that the encoder only knows under the code points of Windows, such as the wave dash.
var wave = strings.NewReplacer("\u301c", "\uff5e", "\u2212", "\uff0d", "\u2016", "\u2225", "\u00a5", "\uffe5")

// asShiftJIS returns the text as Shift_JIS can show it; whole is false if a character was replaced by 〓.
func asShiftJIS(text string) (shown string, whole bool) {
	text = wave.Replace(text)
	encoder := encodings.ShiftJIS.NewEncoder()
	if _, err := encoder.String(text); err == nil {
		return text, true
	}
	// Rare: only texts with such a character are encoded one character at a time.
	return strings.Map(func(r rune) rune {
		if _, err := encoder.String(string(r)); err != nil {
			return '〓'
		}
		return r
	}, text), false
}
