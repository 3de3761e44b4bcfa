package evidence

import (
	"bytes"
	"strings"
	"time"
	"unicode"

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
	address, endpoint, shared := "", "", ""
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
			e.Service = inLine(textOf(value))
		case "eventName":
			e.Action = inLine(textOf(value))
		case "awsRegion":
			e.Region = inLine(textOf(value))
		case "sourceIPAddress":
			address = inLine(textOf(value))
		case "userAgent":
			e.Agent = inLine(textOf(value))
		case "errorCode":
			e.Error = textOf(value)
		case "eventID":
			e.ID = textOf(value)
		case "sharedEventID":
			shared = textOf(value)
		case "vpcEndpointId":
			endpoint = inLine(textOf(value))
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
	if shared != "" { // of a call between accounts each gets an event of its own
		e.ID = shared
	}
	about.service, about.action, about.region = e.Service, e.Action, e.Region
	e.Resources = about.resources()
	return e, data
}

// longest is how much of a text is kept: CloudTrail's longest is a user agent of
// 1 KB.
const longest = 1 << 10

// inLine is a text that stays in its line wherever it is shown. Whoever has the
// key writes its user agent, and whoever has the log file all of it.
func inLine(text string) string {
	if len(text) > longest {
		text = strings.ToValidUTF8(text[:longest], "")
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
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
