package console

import "noren"

// author names who made a change, by one rule on every page: a user of the console by login, a client by its name, and anything else by
// the way of the change, such as the schedule.
func (p *page) author(by noren.AuditEntry, clients map[int64]string) string {
	switch {
	case by.Login != "":
		return by.Login
	case by.ClientID != nil:
		return nameFrom(clients, *by.ClientID)
	case p.console.words["author."+by.Dialect] != (text{}):
		return p.T("author." + by.Dialect)
	}
	return p.word("dialect.", by.Dialect)
}

// authorFor is author for what a program may have done for a member of staff, who is named in its place wherever that is recorded. The
// audit log does not have it: it is about whose credentials were used.
func (p *page) authorFor(staff *int64, people []noren.Staff, by noren.AuditEntry, clients map[int64]string) string {
	for _, person := range people {
		if staff != nil && person.ID == *staff {
			return person.Name
		}
	}
	return p.author(by, clients)
}

// pointAuthor is authorFor for a movement of points.
func (p *page) pointAuthor(e noren.PointEntry, people []noren.Staff, clients map[int64]string) string {
	return p.authorFor(e.StaffID, people, noren.AuditEntry{Login: e.Login, ClientID: e.ClientID, Dialect: e.Dialect}, clients)
}

// through is the way in which a change was made, such as the console or an API.
func (p *page) through(dialect string) string { return p.word("dialect.", dialect) }
