package imports

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"noren"
	"noren/app/points"
	"noren/lenient"
)

// openingSource is the source of balances that were taken over without ids of their own.
const openingSource = "opening"

// maxPointNote is the longest note of a grant, in characters.
const maxPointNote = 255

// pointLine is a line of points as read.
type pointLine struct {
	member  memberName
	amount  *int64
	kind    noren.PointType
	expires noren.Field[noren.Date]
	note    string
	own     string // the line's own id
}

// pointTypeWords have the words for the types, in upper case.
var pointTypeWords = map[string]noren.PointType{
	"DEFAULT": noren.DefaultPoint, "FREE": noren.DefaultPoint, "通常": noren.DefaultPoint, "無償": noren.DefaultPoint,
	"無償ポイント": noren.DefaultPoint,
	"PAID":   noren.PaidPoint, "有償": noren.PaidPoint, "有償ポイント": noren.PaidPoint,
}

// neverWords say that points do not expire.
var neverWords = []string{"never", "none", "無期限", "なし", "無し", "期限なし", "-", "9999-12-31", "9999/12/31"}

// cellExpiry reads the last day of points, or a word for never.
func cellExpiry(cell string) (noren.Field[noren.Date], *problem) {
	if slices.Contains(neverWords, strings.ToLower(halfWidth(cell))) {
		return noren.Null[noren.Date](), nil
	}
	day, wrong := cellDate(cell)
	return noren.Set(day), wrong
}

// readPoints reads one line of points.
func (r run) readPoints(line noren.ImportLine) (l pointLine, problems []noren.ImportProblem) {
	l.kind = noren.DefaultPoint
	problems = readCells(line, r.Columns, func(field, cell string) *problem { return l.read(field, cell, r.Tenant) })
	if !l.member.given() && len(problems) == 0 {
		problems = append(problems, problem{noren.ReasonMissing, "", "name the member"}.in(line.Number, fieldMember, ""))
	}
	if l.amount == nil && len(problems) == 0 {
		problems = append(problems, problem{noren.ReasonMissing, "", "is required"}.in(line.Number, FieldAmount, ""))
	}
	return l, problems
}

// read reads one cell, which is not empty.
func (l *pointLine) read(field, cell string, t noren.Tenant) (wrong *problem) {
	if known, wrong := l.member.read(field, cell); known {
		return wrong
	}
	switch field {
	case FieldAmount:
		var n int64
		if n, wrong = told(lenient.Points(cell, 0, noren.MaxPoints)); wrong == nil {
			l.amount = &n
		}
	case fieldType:
		// The names that the tenant has given its types are words for them too.
		switch noren.FoldName(cell) {
		case noren.FoldName(t.Points.DefaultTitle):
			l.kind = noren.DefaultPoint
		case noren.FoldName(t.Points.PaidTitle):
			l.kind = noren.PaidPoint
		default:
			l.kind, wrong = told(lenient.Word(cell, pointTypeWords, "DEFAULT, PAID"))
		}
	case fieldExpiresOn:
		l.expires, wrong = cellExpiry(cell)
	case fieldNote:
		l.note, wrong = cell, check(noren.TextRule{Most: maxPointNote}, cell)
	case fieldID:
		if l.own, wrong = cellKey(cell); wrong == nil && !noren.IsExternalID(l.own) {
			wrong = check(noren.TextRule{Most: noren.MaxExternalID}, l.own)
		}
	}
	return wrong
}

// identity returns by which source and id the line is known. What has no id of its own is the member's opening balance of that
// type and last day, which is taken over once.
func (r run) identity(l pointLine, member int64) (source, id string) {
	if l.own != "" {
		return r.Source, l.own
	}
	day := "setting" // the day that the tenant's setting comes to depends on the day of the import
	if l.expires.Given() {
		day = string(noren.Deref(l.expires.Ptr()))
	}
	return openingSource, fmt.Sprintf("%d:%s:%s", member, l.kind, day)
}

// planPoints judges lines of points.
func (r run) planPoints(ctx context.Context, lines []noren.ImportLine) (plan, error) {
	p := r.newPlan(lines)
	read, names := make([]pointLine, len(lines)), make([]memberName, len(lines))
	for n, line := range lines {
		if !p.open(n) {
			continue
		}
		var problems []noren.ImportProblem
		if read[n], problems = r.readPoints(line); len(problems) > 0 {
			p.refuse(n, problems...)
			continue
		}
		names[n] = read[n].member
	}
	finder, err := r.findMembers(ctx, names)
	if err != nil {
		return p, err
	}
	owners := make([]noren.Member, len(lines))
	var ids, opening []string
	var named []int64
	for n, l := range read {
		if !p.open(n) {
			continue
		}
		var wrong, remark *problem
		if owners[n], wrong = finder.find(l.member); wrong == nil {
			wrong, remark = r.somebodyElse(l.member, owners[n])
		}
		field := l.member.field()
		if wrong != nil {
			value := r.cell(lines[n], field)
			if wrong.Reason == noren.ReasonOtherPerson {
				value = whole(value, whole(l.member.last, l.member.first))
			}
			p.refuse(n, wrong.in(lines[n].Number, field, value))
			continue
		}
		if remark != nil {
			p.outcomes[n].remarks = append(p.outcomes[n].remarks, remark.in(lines[n].Number, field, r.cell(lines[n], field)))
		}
		named = append(named, owners[n].ID)
		switch source, id := r.identity(l, owners[n].ID); source {
		case openingSource:
			opening = append(opening, id)
		default:
			ids = append(ids, id)
		}
	}
	known, err := r.takenOver(ctx, ids, opening)
	if err != nil {
		return p, err
	}
	var grants []points.Brought
	for n, l := range read {
		if p.open(n) {
			r.grant(&p, n, lines[n].Number, l, owners[n], known, &grants)
		}
	}
	if err := p.countPoints(ctx, r, named, grants); err != nil {
		return p, err
	}
	p.write = func(ctx context.Context) error { return points.TakeOver(ctx, r.tx, r.Unit, grants, r.by) }
	return p, nil
}

// somebodyElse returns why the member whom a line names is another person by the name beside it, and what is to be told of it otherwise.
// A line of points does not replace a name, so a name that a file of members would replace is refused here.
func (r run) somebodyElse(n memberName, m noren.Member) (wrong, remark *problem) {
	by := n.field()
	if n.text != "" && n.text == m.Code {
		by = fieldCode
	}
	known := whole(noren.Deref(m.LastName), noren.Deref(m.FirstName))
	other := func(reason noren.Reason, deed string) *problem {
		return &problem{
			reason, noren.Shortened(known, maxProblemValue), fmt.Sprintf("this member is stored as %s; %s", known, deed),
		}
	}
	switch verdict := r.judgeName(by, personName{last: n.last, first: n.first}, m); {
	case verdict == partlyOther:
		return nil, other(noren.ReasonNamePartly, "check that it is the same")
	case verdict == sameName || verdict == sameReading || n.text != "" && r.By == ByCode:
		return nil, nil
	case n.text != "":
		return other(noren.ReasonOtherPerson, "correct the line, or import with --by code"), nil
	}
	return other(noren.ReasonOtherPerson, "correct the line, or import with --by id"), nil
}

// takenOver returns what is known of the ids, by source and id.
func (r run) takenOver(ctx context.Context, ids, opening []string) (map[[2]string]noren.TakenOver, error) {
	known := make(map[[2]string]noren.TakenOver)
	for source, list := range map[string][]string{r.Source: ids, openingSource: opening} {
		if len(list) == 0 {
			continue
		}
		found, err := r.tx.TakenOver(ctx, source, list)
		if err != nil {
			return nil, err
		}
		for _, t := range found {
			known[[2]string{t.Source, t.ExternalID}] = t
		}
	}
	return known, nil
}

// grant judges line n, which is about the member, after those before it.
func (r run) grant(
	p *plan, n, number int, l pointLine, member noren.Member, known map[[2]string]noren.TakenOver, grants *[]points.Brought,
) {
	source, id := r.identity(l, member.ID)
	key := [2]string{source, id}
	refuse := func(reason noren.Reason, field, value, limit, message string) {
		p.refuse(n, problem{reason, limit, message}.in(number, field, value))
	}
	on, dated := l.expires.Value()
	if before, ok := known[key]; ok {
		sameDay := !l.expires.Given() || noren.Deref(before.ExpiresOn) == on
		if before.MemberID == member.ID && before.Amount == *l.amount && before.Type == l.kind && sameDay {
			return // unchanged
		}
		field, value := fieldID, l.own
		if l.own == "" {
			field, value = FieldAmount, strconv.FormatInt(*l.amount, 10)
		}
		recorded := fmt.Sprintf("%d, %s, member %d", before.Amount, before.Type, before.MemberID)
		if before.ExpiresOn != nil {
			recorded += ", " + string(*before.ExpiresOn)
		}
		refuse(noren.ReasonDiffers, field, value, recorded, "already recorded as "+recorded+"; give further points an id of their own")
		return
	}
	switch {
	case !r.Tenant.Points.Enabled:
		refuse(noren.ReasonPointsOff, FieldAmount, "", "", "points are switched off for this company")
		return
	case dated && on < r.Today():
		refuse(noren.ReasonPast, fieldExpiresOn, string(on), "", "these points have expired; leave the line out")
		return
	}
	taken := noren.TakenOver{
		Source: source, ExternalID: id, MemberID: member.ID, Type: l.kind, Amount: *l.amount, ExpiresOn: points.ExpiresOn(r.Unit, l.expires),
	}
	known[key] = taken
	*grants = append(*grants, points.Brought{TakenOver: taken, Note: l.note})
	p.outcomes[n].result = lineCreated
	if *l.amount == 0 {
		p.outcomes[n].result = lineUnchanged // but kept, so that the balance cannot be taken over later
	}
}

// cell returns the line's cell of the field.
func (r run) cell(line noren.ImportLine, field string) string {
	i := slices.IndexFunc(r.Columns, func(c noren.ImportColumn) bool { return c.Field == field })
	if i < 0 || i >= len(line.Cells) {
		return ""
	}
	return line.Cells[i]
}

// Totals are sums of points of both types.
type Totals struct {
	Members int   // stored ones that the lines name
	Before  int64 // what they have
	After   int64 // what they would have
	Later   int64 // how many of those can only be used from a later day on
	File    int64 // what the file says they have, where it tells balances
	counted map[int64]bool
}

// countPoints adds to the totals what the members have and get, if the run is a preview.
func (p *plan) countPoints(ctx context.Context, r run, members []int64, grants []points.Brought) (err error) {
	if r.writing {
		return nil
	}
	if p.held, err = r.balances(ctx, members); err != nil {
		return err
	}
	for _, g := range grants {
		p.granted += g.Amount
	}
	return nil
}

// balances returns how many points the members have of both types, with 0 for those who have none.
func (r run) balances(ctx context.Context, members []int64) (map[int64]int64, error) {
	held := make(map[int64]int64, len(members))
	if len(members) == 0 {
		return held, nil
	}
	balances, err := r.tx.PointBalances(ctx, slices.Compact(slices.Sorted(slices.Values(members))), r.Today())
	if err != nil {
		return nil, err
	}
	for _, id := range members {
		held[id] = 0
	}
	for _, b := range balances {
		held[b.MemberID] += b.Total
	}
	return held, nil
}
