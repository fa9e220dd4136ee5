package shop

import (
	"slices"

	"noren"
	"noren/app/access"
)

// Shop is the content of a shop file for one tenant: the state that the database is brought to. What the file leaves
// out stays as it is.
type Shop struct {
	Contract     string
	Tenant       noren.TenantPatch
	Ranks        []noren.Rank // from the lowest up; positions follow from the order
	StaffRanks   []noren.StaffRank
	Stores       []noren.Store
	Products     []noren.Product
	Staff        []noren.Staff
	Members      []noren.MemberPatch // by id, or by code if the id is 0
	Purchases    []noren.PurchaseEvent
	SigningKeys  map[string]string // by name, such as noren.SigningKeyShopify
	ConsoleUsers []ConsoleUser
	Clients      []access.ClientSpec
	Lines        Lines `json:"-"` // where it stands in the file; nil: in none
}

// copied returns a shop with lists of its own: applying it fills in numbers and times, which a run that was rolled back must not leave.
func (s Shop) copied() Shop {
	s.Ranks, s.StaffRanks, s.Stores = slices.Clone(s.Ranks), slices.Clone(s.StaffRanks), slices.Clone(s.Stores)
	s.Products, s.Staff, s.Members = slices.Clone(s.Products), slices.Clone(s.Staff), slices.Clone(s.Members)
	s.Purchases, s.ConsoleUsers, s.Clients = slices.Clone(s.Purchases), slices.Clone(s.ConsoleUsers), slices.Clone(s.Clients)
	return s
}

// ConsoleUser is a console user with the password in the clear.
type ConsoleUser struct {
	Login, Password string
	Role            noren.Role
	StoreID         *int64 // restricts what the user sees and changes; nil: the whole tenant
}

// Report says what applying the shop file did.
type Report struct {
	Contract string
	Lines    []ReportLine // in the order of application
	Clients  []access.ClientCredentials
}

// ReportLine counts what was done to things of one kind.
type ReportLine struct {
	What                        string // "ranks", "members", …
	Created, Updated, Unchanged int
}

// Changed reports whether anything was created or updated.
func (r Report) Changed() bool {
	for _, l := range r.Lines {
		if l.Created+l.Updated > 0 {
			return true
		}
	}
	return false
}
