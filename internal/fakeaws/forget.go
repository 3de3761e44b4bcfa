package fakeaws

// Forget drops an account's state and everything that leads to it. If spec is
// not nil the account is lazy again, as new. It keeps simulations of very many
// accounts small: whoever has done with one forgets it.
func (a *AWS) Forget(id string, spec func() AccountSpec) {
	a.mu.Lock()
	defer a.mu.Unlock()
	acct := a.accounts[id]
	if acct == nil || acct == a.manager {
		return
	}
	delete(a.accounts, id)
	a.forgetKeys(acct)
	for key, s := range a.sessions {
		if s.account == acct {
			delete(a.sessions, key)
		}
	}
	for key := range a.buckets {
		if key.account == id {
			delete(a.buckets, key)
		}
	}
	if spec != nil {
		a.lazy[id] = spec
	} else {
		delete(a.cards, id)
	}
}

func (a *AWS) forgetKeys(acct *account) {
	for _, k := range acct.root.keys {
		delete(a.keys, k.id)
	}
	for _, u := range acct.users.byName {
		for _, k := range u.keys {
			delete(a.keys, k.id)
		}
		for _, k := range u.deleted {
			delete(a.keys, k.id)
		}
	}
}
