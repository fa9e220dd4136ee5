package audit

import (
	"context"
	"encoding/json"

	"noren"
)

// LastChange is who last changed something.
type LastChange struct {
	Entry  noren.AuditEntry
	Client string // the name of the entry's client; "": it was not a client
}

// changesLookedAt is how many entries of the log are searched. A caller who asks has just been overtaken, so the change
// is among the latest.
const changesLookedAt = 50

// LastChanges returns the latest change of each column of one subject.
func LastChanges(ctx context.Context, tx Tx, subject, id string) (map[string]LastChange, error) {
	entries, err := tx.Audit(ctx, noren.AuditFilter{Subject: subject, SubjectID: id, Page: noren.Page{Limit: changesLookedAt}})
	if err != nil {
		return nil, err
	}
	clients, err := ClientNames(ctx, tx)
	if err != nil {
		return nil, err
	}
	last := make(map[string]LastChange)
	for _, e := range entries {
		var columns map[string]json.RawMessage
		if err := json.Unmarshal(e.Changes, &columns); err != nil {
			return nil, &noren.Error{Message: "reading an entry of the audit log", Err: err}
		}
		for column := range columns {
			// Entries are read from the newest on, so the first one to name a column is its latest change.
			if _, known := last[column]; !known {
				last[column] = LastChange{Entry: e, Client: clients[noren.Deref(e.ClientID)]}
			}
		}
	}
	return last, nil
}
