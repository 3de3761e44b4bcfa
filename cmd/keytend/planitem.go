package main

import (
	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/policy"
	"github.com/keytend/keytend/internal/report"
)

// itemName tells the items of plans apart, whenever they were made.
type itemName struct {
	account, user, userID string
	key                   accesskey.ID
}

func nameOf(i *policy.Item) itemName { return itemName{i.Account, i.User, i.UserID, i.Key} }

func nameOfRecord(r *report.ItemRecord) itemName {
	name := itemName{account: r.Account, user: r.User, userID: r.UserID}
	if r.KeyID != nil {
		name.key = *r.KeyID
	}
	return name
}
