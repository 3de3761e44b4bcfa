package evidence

import (
	"bytes"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/usage"
)

// longLived is how the IDs of users' keys begin.
var longLived = []byte("AKIA")

// mentions reports whether a record mentions one of the keys. That is found
// without taking the record apart, and most mention none.
func mentions(record []byte, keys map[accesskey.ID]bool) bool {
	for {
		at := bytes.Index(record, longLived)
		if at < 0 {
			return false
		}
		record = record[at:]
		end := len(longLived)
		for end < len(record) && (record[end] >= 'A' && record[end] <= 'Z' || record[end] >= '0' && record[end] <= '9') {
			end++
		}
		if keys[accesskey.ID(record[:end])] {
			return true
		}
		record = record[end:]
	}
}

// eventOf reads of a record what is kept of it, and whether it is a data event.
// A record that makes no sense has no key.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
func eventOf(record []byte) (e usage.Event, data bool) {
	address, endpoint := "", ""
	var about subject
	members(record, func(name, value []byte) bool {
		switch string(name) {
		case "userIdentity":
			e.Key, about.account = signer(value)
		case "requestParameters":
			about.asked = value
		case "resources":
			about.listed = value
		case "eventTime":
			e.At, _ = time.Parse(time.RFC3339, textOf(value)) // zero: too old for anybody
		case "eventSource":
			e.Service = textOf(value)
		case "eventName":
			e.Action = textOf(value)
		case "awsRegion":
			e.Region = textOf(value)
		case "sourceIPAddress":
			address = textOf(value)
		case "userAgent":
			e.Agent = textOf(value)
		case "errorCode":
			e.Error = textOf(value)
		case "eventID":
			e.ID = textOf(value)
		case "vpcEndpointId":
			endpoint = textOf(value)
		case "eventCategory":
			data = textOf(value) == "Data"
		case "managementEvent":
			data = data || string(value) == "false"
		}
		return false
	})
	if e.Source = address; endpoint != "" {
		e.Source = endpoint
	}
	about.service, about.action, about.region = e.Service, e.Action, e.Region
	e.Resources = about.resources()
	return e, data
}

// signer is the key that signed the call, and its account.
func signer(identity []byte) (key accesskey.ID, account string) {
	members(identity, func(name, value []byte) bool {
		switch string(name) {
		case "accessKeyId":
			key = accesskey.ID(textOf(value))
		case "accountId":
			account = textOf(value)
		}
		return key != "" && account != ""
	})
	return key, account
}
