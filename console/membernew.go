package console

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"noren"
	"noren/app/members"
	"noren/web"
)

// memberNew is the form that registers a member: the edit form of a member who does not exist yet.
type memberNew struct {
	memberEdit
	twins []members.Twin // who may be the same person
}

// newMember shows the form.
func (d *Console) newMember(ctx context.Context, p *page) (web.Answer, error) {
	n, err := d.blankMember(ctx, p)
	if err != nil {
		return web.Answer{}, err
	}
	return p.show(ctx, memberNewPage(p, n))
}

// blankMember is the form with what is usual: an active member who joins today, in the user's own store.
func (d *Console) blankMember(ctx context.Context, p *page) (n memberNew, err error) {
	if n.catalogue, err = d.Rooms.Stock.Catalogue(ctx, p.caller()); err != nil {
		return n, err
	}
	usual := noren.Member{
		Status: noren.Active, MailOptIn: true, StoreID: p.caller().Client.StoreID,
		EntryDate: new(noren.DateOf(d.Rooms.Now(), p.zone())),
	}
	n.fields, n.typed = p.formFields(), make(map[string]string)
	for i := range n.fields {
		f := &n.fields[i]
		n.typed[f.name] = f.value(&usual)
		f.must = f.must && f.name != "code" // without one the member gets a code
	}
	return n, nil
}

// memberHint is what stands below a field of the form; "" for most.
func (p *page) memberHint(e memberEdit, f memberField) string {
	if f.name == "code" && e.ID == 0 {
		return p.T("members.code_hint")
	}
	return ""
}

// createMember registers a member. Who may be registered already is shown first, for the user to decide.
func (d *Console) createMember(ctx context.Context, p *page) (web.Answer, error) {
	n, err := d.blankMember(ctx, p)
	if err != nil {
		return web.Answer{}, err
	}
	patch := p.readNewMember(n)
	if len(p.problems) == 0 {
		// The answer is kept with the member's number, so that a form that is sent twice leads to the one member.
		once := p.once()
		if once != nil {
			once.Render = func(result any) noren.KeptAnswer {
				list, _ := result.(members.List)
				return noren.KeptAnswer{Status: http.StatusSeeOther, Body: []byte(number(list.Items[0].ID))}
			}
		}
		list, twins, kept, err := d.Rooms.Members.Register(ctx, p.caller(), patch, p.otherThan(), once)
		switch n.twins = twins; {
		case len(twins) > 0:
			p.ask(twinsQuestion(twins), p.T("members.twins_sure"))
		case kept != nil && err == nil:
			id, _ := strconv.ParseInt(string(kept.Body), 10, 64) // we have written it
			return p.done("done.created", memberPath(id, "")), nil
		case err == nil:
			return p.done("done.created", memberPath(list.Items[0].ID, "")), nil
		case !p.refused(err, memberRefs()):
			return web.Answer{}, err
		}
	}
	return p.showAgain(ctx, memberNewPage(p, n))
}

// readNewMember reads the form into n and returns the patch.
func (p *page) readNewMember(n memberNew) (patch noren.MemberPatch) {
	for _, f := range n.fields {
		if !p.form.Has(f.name) {
			continue
		}
		n.typed[f.name] = f.plainly(p.field(f.name))
		if p.fits(f, n.typed[f.name]) && n.typed[f.name] != "" {
			f.set(&patch, n.typed[f.name])
		}
	}
	return patch
}

// twinsQuestion returns the value of the checkbox by which a user confirms that the new member is not one of these: their IDs.
func twinsQuestion(twins []members.Twin) string {
	ids := make([]string, len(twins))
	for i, t := range twins {
		ids[i] = number(t.ID)
	}
	return strings.Join(ids, " ")
}

// otherThan returns the IDs of the members that the user has confirmed to be other people than the new member.
func (p *page) otherThan() (ids []int64) {
	for id := range strings.FieldsSeq(p.form.Get(fieldSure)) {
		ids = append(ids, positive(id))
	}
	return ids
}

// alike says what a twin has in common with the new member.
func (p *page) alike(t members.Twin) string {
	words := make([]string, len(t.Alike))
	for i, a := range t.Alike {
		words[i] = p.T("alike." + string(a))
	}
	return strings.Join(words, p.T("value.separator"))
}
