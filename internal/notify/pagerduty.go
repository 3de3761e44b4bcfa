package notify

import (
	"net"
	"net/url"
)

// pagerDutyHost takes events; those of customers in the EU events.eu.pagerduty.com
// does, which their URL names.
// https://developer.pagerduty.com/docs/send-alert-event
const pagerDutyHost = "events.pagerduty.com"

// withPort gives PagerDuty's URLs the port that shoutrrr has as a default and
// doesn't set: without, it calls port 0.
func withPort(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil || u.Scheme != "pagerduty" || u.Port() != "" {
		return rawURL
	}
	host := u.Hostname()
	if host == "" {
		host = pagerDutyHost
	}
	u.Host = net.JoinHostPort(host, "443")
	return u.String()
}

// onceOnly has PagerDuty take a message that is sent again for the same incident.
func onceOnly(rawURL, id string) string {
	u, err := url.Parse(rawURL)
	if err != nil || u.Scheme != "pagerduty" || u.Query().Has("dedup_key") {
		return rawURL
	}
	q := u.Query()
	q.Set("dedup_key", id)
	u.RawQuery = q.Encode()
	return u.String()
}
