package fakeaws

// account is the state of one account.
type account struct {
	id        string
	partition string
	spec      AccountSpec // what never changes by itself; its lists are nil
	events    []Event     // in order of time; what LookupEvents reads
}

// AddAccount seeds an account.
func (a *AWS) AddAccount(s AccountSpec) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.lazy, s.ID)
	a.accounts[s.ID] = newAccount(s)
}

// AddLazyAccount announces an account that is seeded when it is first touched:
// by AccountSpec's ID, by one of its keys (see KeyID), or by a role of it.
func (a *AWS) AddLazyAccount(id string, spec func() AccountSpec) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lazy[id] = spec
}
