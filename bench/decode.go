package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"noren"
	"noren/app/bulk"
	"noren/bench/figures"
	"noren/bench/floor"
	"noren/dialect/smaregi"
	"noren/web"
)

// decoder decodes one body of PATCH /customers/bulk in two ways: as the dialect does, from the bytes to checked patches,
// and by hand. The last check before the database would be asked refuses the body, so that only decoding is measured.
type decoder struct {
	handle  func(ctx context.Context, x *web.Request) (web.Answer, error)
	request *web.Request
}

// byHand is the body as code without any checks would decode it.
type byHand struct {
	Customers   []customerByHand `json:"customers"`
	CallbackURL string           `json:"callbackUrl"`
}

type customerByHand struct {
	CustomerID, CustomerNo, Rank, StaffRank, FirstName, LastName, FirstKana, LastKana        *string
	PostCode, Address, PhoneNumber, FaxNumber, MobileNumber                                  *string
	MailAddress, MailAddress2, MailAddress3, CompanyName, DepartmentName, ManagerialPosition *string
	Sex, BirthDate, EntryDate, LeaveDate, PointGivingUnitPrice, PointGivingUnit, PinCode     *string
	PassportNo, Nationality, AlphabetName, MailReceiveFlag, Note, Note2, FavoriteList        *string
	BrowsingList, Status, StoreID                                                            *string
}

// newDecoder makes a body of that many rows. Each has every field of the document's example if every is true, otherwise a
// note and the pair that is refused.
func newDecoder(rows int, every bool) (*decoder, error) {
	// The pair at the end is refused by the last check of all, so everything before it is done.
	row := map[string]string{"note": "お得意様 1回目", "status": "0", "leaveDate": "2026-01-23"}
	if every {
		row = everyField()
	}
	list := make([]map[string]string, rows)
	for i := range list {
		list[i] = map[string]string{"customerId": strconv.Itoa(i + 1)}
		maps.Copy(list[i], row)
	}
	body, err := json.Marshal(map[string]any{"customers": list, "callbackUrl": floor.CallbackURL})
	if err != nil {
		return nil, err
	}
	d := &decoder{request: &web.Request{Body: body}}
	// Without rooms: a request that went on to the database would panic.
	routes := smaregi.New(smaregi.Rooms{}, "bench").Routes()
	at := slices.IndexFunc(routes, func(r web.Route) bool {
		return r.Method == http.MethodPatch && r.Pattern == "/customers/bulk"
	})
	if at < 0 {
		return nil, errors.New("the dialect has no PATCH /customers/bulk")
	}
	d.handle = routes[at].Handle
	return d, nil
}

// everyField is the row of the document's example. An active member with a leave date is refused.
func everyField() map[string]string {
	row := map[string]string{
		"sex": "0", "birthDate": "2000-01-23", "entryDate": "2000-01-23", "leaveDate": "2000-01-23",
		"pointGivingUnitPrice": "12345", "pointGivingUnit": "99999.99", "mailReceiveFlag": "0", "status": "0", "storeId": "1",
		"firstKana": "ハナコ", "lastKana": "ヤマダ", "phoneNumber": "0312345678", "faxNumber": "0312345679", "mobileNumber": "09012345678",
		"mailAddress": "test@example.com", "mailAddress2": "test@example.com", "mailAddress3": "test@example.com",
	}
	for _, name := range []string{
		"customerNo", "rank", "staffRank", "firstName", "lastName", "postCode", "address", "companyName", "departmentName",
		"managerialPosition", "pinCode", "passportNo", "nationality", "alphabetName", "note", "note2", "favoriteList", "browsingList",
	} {
		row[name] = "string"
	}
	return row
}

// noren decodes and checks the body.
func (d *decoder) noren(ctx context.Context) error {
	_, err := d.handle(ctx, d.request)
	if e, ok := errors.AsType[*noren.Error](err); ok && e.Reason == noren.ReasonActiveWithLeaveDate {
		return nil
	}
	return fmt.Errorf("a body was not refused by the last check: %w", err)
}

// floor decodes the body with encoding/json.
func (d *decoder) floor(context.Context) error {
	var b byHand
	return json.Unmarshal(d.request.Body, &b)
}

// bodies are the bodies whose decoding is measured.
func bodies() []struct {
	name  string
	rows  int
	every bool
} {
	return []struct {
		name  string
		rows  int
		every bool
	}{
		{"1 row, 4 fields", 1, false}, {"100 rows, 4 fields", bulk.MaxRows, false}, {"100 rows, all 36 fields", bulk.MaxRows, true},
	}
}

// measureDecode measures JSON alone.
func measureDecode(ctx context.Context, to figures.Section, rounds int) error {
	for _, b := range bodies() {
		d, err := newDecoder(b.rows, b.every)
		if err != nil {
			return err
		}
		all, err := figures.Turns(ctx, rounds, figures.Timed(d.noren), figures.Timed(d.floor))
		if err != nil {
			return err
		}
		to.Times("decode "+b.name, "encoding/json, unchecked", all[0].Median(), all[1].Median(), 0)
	}
	return nil
}
