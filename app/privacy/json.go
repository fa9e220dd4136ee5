package privacy

import (
	"cmp"
	"encoding/json"
	"time"

	"noren"
)

// MarshalJSON writes the data with one spelling of names, that of the columns.
func (d Data) MarshalJSON() ([]byte, error) {
	type (
		// Types of their own, because the domain's have no names for JSON, and renaming a field there must not change
		// what people get.
		note struct {
			ID        int64     `json:"id"`
			StaffID   *int64    `json:"staff_id,omitempty"`
			Text      string    `json:"text"`
			CreatedAt time.Time `json:"created_at"`
		}
		file struct {
			ID        int64     `json:"id"`
			Tag       string    `json:"tag"`
			FileName  *string   `json:"file_name,omitempty"`
			FileKey   string    `json:"file_key"`
			MIMEType  string    `json:"mime_type"`
			CreatedAt time.Time `json:"created_at"`
		}
		point struct {
			ID    int64     `json:"id"`
			Type  string    `json:"type"`
			Kind  string    `json:"kind"`
			Delta int64     `json:"delta"`
			Note  string    `json:"note,omitempty"`
			At    time.Time `json:"at"`
			By    string    `json:"by"`
		}
		purchase struct {
			Source            string    `json:"source"`
			ID                string    `json:"id"` // the source's own
			ShopifyCustomerID string    `json:"shopify_customer_id,omitempty"`
			Amount            int64     `json:"amount"`
			Credited          int64     `json:"credited"`
			PaidAt            time.Time `json:"paid_at"`
		}
		rankChange struct {
			At     time.Time `json:"at"`
			From   *int64    `json:"from_rank_id"`
			To     *int64    `json:"to_rank_id"`
			Reason string    `json:"reason"`
			Spend  *int64    `json:"spend,omitempty"`
		}
	)
	// Not nil: a program finds every list, if empty.
	out := struct {
		Contract    string         `json:"contract"`
		ReadAt      time.Time      `json:"read_at"`
		Member      map[string]any `json:"member"`
		Notes       []note         `json:"notes"`
		Files       []file         `json:"files"`
		Points      []point        `json:"points"`
		Purchases   []purchase     `json:"purchases"`
		RankChanges []rankChange   `json:"rank_changes"`
		Changes     []Change       `json:"changes"`
		Traces      []noren.Trace  `json:"elsewhere"`
	}{
		d.Contract, d.ReadAt, d.Member,
		[]note{},
		[]file{},
		[]point{},
		[]purchase{},
		[]rankChange{},
		append([]Change{}, d.Changes...), append([]noren.Trace{}, d.Traces...),
	}
	for _, n := range d.Notes {
		out.Notes = append(out.Notes, note{n.ID, n.StaffID, n.Text, n.CreatedAt})
	}
	for _, a := range d.Files {
		out.Files = append(out.Files, file{a.ID, string(a.Tag), a.FileName, a.FileKey, a.MIMEType, a.CreatedAt})
	}
	// By whom: the person at the console, or else the API that moved the points.
	for _, p := range d.Points {
		out.Points = append(out.Points, point{p.ID, string(p.Type), string(p.Kind), p.Delta, p.Note, p.At, cmp.Or(p.Login, p.Dialect)})
	}
	for _, p := range d.Purchases {
		out.Purchases = append(out.Purchases, purchase{p.Source, p.ExternalID, p.ShopifyCustomerID, p.Amount, p.Credited, p.PaidAt})
	}
	for _, c := range d.RankChanges {
		out.RankChanges = append(out.RankChanges, rankChange{c.At, c.From, c.To, string(c.Reason), c.Spend})
	}
	return json.Marshal(out)
}
