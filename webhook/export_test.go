package webhook

// CountAsPublic makes the client keep responses from the networks that it may call, such as that of the tests' receivers.
func (c *Client) CountAsPublic() { c.guard.strict = c.guard.guardian }
