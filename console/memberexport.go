package console

import (
	"bytes"
	"context"
	"encoding/csv"
	"io"
	"net/http"
	"strings"

	encodings "golang.org/x/text/encoding/japanese"

	"noren"
	"noren/web"
)

// exportSlice is how many members of an export are read at once.
const exportSlice = 500

// exportMembers sends every member that the list's filter selects, as CSV, in the order of their ids: they are read
// slice by slice while they are sent, and an order that changes meanwhile would leave some out.
func (d *Console) exportMembers(ctx context.Context, p *page) (web.Answer, error) {
	f, _ := p.memberFilter()
	f.Sort = nil
	catalogue, err := d.Service.Catalogue(ctx, p.caller())
	if err != nil {
		return web.Answer{}, err
	}
	e := &memberExport{console: d, page: p, ctx: ctx, filter: f, catalogue: catalogue, shiftJIS: p.query("encoding") == "shift_jis"}
	charset := "utf-8"
	if e.shiftJIS {
		charset = "Shift_JIS"
	} else {
		e.pending.WriteString("\ufeff") // without it, spreadsheets read UTF-8 as Shift_JIS
	}
	e.write(e.head())
	// The first slice is read before anything is sent, so that an error is still a page.
	if err := e.slice(); err != nil {
		return web.Answer{}, err
	}
	name := "members-" + p.console.Service.Now().In(p.zone()).Format("20060102") + ".csv"
	a := web.Answer{Status: http.StatusOK, ContentType: "text/csv; charset=" + charset, Stream: e, Length: -1}
	return a.With("Content-Disposition", `attachment; filename="`+name+`"`), nil
}

// memberExport is the CSV, made as it is read.
type memberExport struct {
	console   *Console
	page      *page
	ctx       context.Context //nolint:containedctx // of the request whose answer this is
	filter    noren.MemberFilter
	catalogue noren.Catalogue
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

// slice reads and writes the next members.
func (e *memberExport) slice() error {
	e.filter.Page = noren.Page{Limit: exportSlice}
	list, err := e.console.Service.Members(e.ctx, e.page.caller(), e.filter)
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

// head names the columns.
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

// exportColumns are the columns of the export, by the names of their messages.
func exportColumns() []string {
	return []string{
		"id", "code", "customer_no", "last_name", "first_name", "last_kana", "first_kana", "company", "phone", "mobile", "email", "mail_opt_in",
		"postal_code", "prefecture", "address1", "address2", "sex", "birth_date", "status", "rank_id", "store_id", "points",
		"entry_date", "leave_date", "created_at", "updated_at",
	}
}

// row is one member.
func (e *memberExport) row(m noren.Member, list noren.MemberList) []string {
	p := e.page
	optIn, sex := p.T("value.no"), ""
	if m.MailOptIn {
		optIn = p.T("value.yes")
	}
	if m.Sex != noren.SexUnknown {
		sex = p.T("sex." + string(m.Sex))
	}
	return []string{
		number(m.ID), m.Code, or(m.CustomerNo), or(m.LastName), or(m.FirstName), or(m.LastKana), or(m.FirstKana), or(m.Company), or(m.Phone), or(m.Mobile),
		or(m.Email), optIn, or(m.PostalCode), or(m.Prefecture), or(m.Address1), or(m.Address2), sex, or(m.BirthDate),
		p.T("status." + string(m.Status)), rankName(list.Ranks, m.RankID), p.storeName(e.catalogue, m.StoreID),
		number(pointsOf(list.Points[m.ID])), or(m.EntryDate), or(m.LeaveDate), p.at(m.CreatedAt), p.at(m.UpdatedAt),
	}
}

// write adds a row. In Shift_JIS its last column names the columns with characters that it does not have, for which
// there is a 〓: nothing is lost unsaid.
func (e *memberExport) write(cells []string) {
	for i := range cells {
		cells[i] = harmless(cells[i])
	}
	if e.shiftJIS {
		var lost []string
		for i := range cells {
			var whole bool
			if cells[i], whole = shiftJIS(cells[i]); !whole {
				name, _ := shiftJIS(e.page.T("member." + exportColumns()[i]))
				lost = append(lost, name)
			}
		}
		if len(cells) == len(exportColumns()) {
			cells = append(cells, strings.Join(lost, " "))
		}
	}
	w := csv.NewWriter(&e.pending)
	w.UseCRLF = true
	_ = w.Write(cells) // to memory
	w.Flush()
}

// harmless keeps a spreadsheet from taking a text for a formula: what somebody typed as their name must not run on the
// machine of who opens the file.
func harmless(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}

// wave are characters that Shift_JIS has under the code points of Windows alone.
var wave = strings.NewReplacer("\u301c", "\uff5e", "\u2212", "\uff0d", "\u2016", "\u2225", "\u00a5", "\uffe5")

// shiftJIS answers the text in Shift_JIS, as bytes; whole is false where 〓 stands for something.
func shiftJIS(text string) (encoded string, whole bool) {
	text = wave.Replace(text)
	encoder := encodings.ShiftJIS.NewEncoder()
	if encoded, err := encoder.String(text); err == nil {
		return encoded, true
	}
	var b strings.Builder
	for _, r := range text {
		one, err := encoder.String(string(r))
		if err != nil {
			one, _ = encoder.String("〓")
		}
		b.WriteString(one)
	}
	return b.String(), false
}
