package policy

import (
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
)

func TestUserChecks(t *testing.T) {
	keys := func(keys ...accesskey.Key) func(*accesskey.User) {
		return func(u *accesskey.User) { u.Keys = fact(keys) }
	}
	off := with(aged(Day), status(accesskey.Inactive))
	strange := with(aged(Day), status("Suspended"))
	password := func(p accesskey.Password) func(*accesskey.User) {
		return func(u *accesskey.User) { u.Password = fact(p) }
	}
	certificate := func(c accesskey.SigningCertificate) func(*accesskey.User) {
		return func(u *accesskey.User) { u.SigningCertificates = fact([]accesskey.SigningCertificate{c}) }
	}
	credential := func(c accesskey.ServiceCredential) func(*accesskey.User) {
		c.ID, c.Service, c.Created = "ACCAEXAMPLE123EXAMPLE", "codecommit.amazonaws.com", ago(100*Day)
		return func(u *accesskey.User) { u.ServiceCredentials = fact([]accesskey.ServiceCredential{c}) }
	}
	young := func(change func(*accesskey.User)) func(*accesskey.User) {
		return func(u *accesskey.User) { change(u); u.Created = ago(45 * Day) }
	}
	for _, tc := range []struct {
		name string
		rule Rule
		user func(*accesskey.User)
		want State
		why  string
	}{
		{"none", MultipleActiveKeys, keys(), Kept, "0 Active keys"},
		{"one and one off", MultipleActiveKeys, keys(aged(Day), off), Kept, "1 Active key"},
		{"two", MultipleActiveKeys, keys(aged(Day), aged(2*Day)), Broken, "2 Active keys at once: one is enough outside a rotation"},
		{"eight", MultipleActiveKeys, keys(aged(Day), aged(Day), aged(Day), aged(Day), aged(Day), aged(Day), aged(Day), aged(Day)), Broken,
			"8 Active keys at once: one is enough outside a rotation"},
		{"one and one unknown", MultipleActiveKeys, keys(aged(Day), strange), Unknown, "the status of 1 key of the user is not known"},
		{"two and one unknown", MultipleActiveKeys, keys(aged(Day), aged(Day), strange), Broken, "2 Active keys at once: one is enough outside a rotation"},
		{"one unknown", MultipleActiveKeys, keys(strange, off), Kept, "0 Active keys"},
		{"unread", MultipleActiveKeys, func(u *accesskey.User) { u.Keys = accesskey.Unread[[]accesskey.Key]("denied") }, Unknown,
			"the user's keys could not be read: denied"},

		{"none", PasswordUnused, nil, Kept, "the user has no console password"},
		{"used in time", PasswordUnused, password(accesskey.Password{Enabled: true, LastUsed: ago(45 * Day)}), Kept,
			"console password last used 45 days ago, within the limit of 45 days"},
		{"used a second too long ago", PasswordUnused, password(accesskey.Password{Enabled: true, LastUsed: ago(45*Day + time.Second)}), Broken,
			"console password last used 45 days ago, 1 second past the limit of 45 days"},
		{"never used since set", PasswordUnused, password(accesskey.Password{Enabled: true, LastChanged: ago(100 * Day)}), Broken,
			"console password never used since it was set 100 days ago, 55 days past the limit of 45 days"},
		{"never used, set lately", PasswordUnused, password(accesskey.Password{Enabled: true, LastChanged: ago(Day)}), Kept,
			"console password never used since it was set 1 day ago, within the limit of 45 days"},
		{"used long before it was changed", PasswordUnused, password(accesskey.Password{Enabled: true, LastUsed: ago(60 * Day), LastChanged: ago(Day)}), Broken,
			"console password last used 60 days ago, 15 days past the limit of 45 days"},
		{"never used, not said since when", PasswordUnused, password(accesskey.Password{Enabled: true}), Unknown,
			"the password was never used, and AWS does not say since when it exists"},
		{"never used, young user", PasswordUnused, young(password(accesskey.Password{Enabled: true})), Kept,
			"never used, and its user was created 45 days ago, within the limit of 45 days"},
		{"unread", PasswordUnused, func(u *accesskey.User) { u.Password = accesskey.Unread[accesskey.Password]("no report") }, Unknown,
			"whether the user has a console password could not be read: no report"},

		{"none", SigningCertificate, nil, Kept, "the user has no signing certificate"},
		{"active", SigningCertificate, certificate(accesskey.SigningCertificate{Active: true, Changed: ago(400 * Day)}), Broken,
			"active X.509 signing certificate, uploaded or changed 400 days ago, which signs requests as a key does"},
		{"inactive", SigningCertificate, certificate(accesskey.SigningCertificate{Changed: ago(400 * Day)}), Kept, "the signing certificate is not active"},
		{"unread", SigningCertificate, func(u *accesskey.User) {
			u.SigningCertificates = accesskey.Unread[[]accesskey.SigningCertificate]("no report")
		}, Unknown, "whether the user has a signing certificate could not be read: no report"},

		{"none", ServiceCredential, nil, Kept, "the user has no service-specific credential"},
		{"active", ServiceCredential, credential(accesskey.ServiceCredential{Status: accesskey.Active}), Broken,
			"long-lived credential for codecommit.amazonaws.com, created 100 days ago, which never expires"},
		{"active, expires", ServiceCredential, credential(accesskey.ServiceCredential{Status: accesskey.Active, Expires: ago(-30 * Day)}), Broken,
			"long-lived credential for codecommit.amazonaws.com, created 100 days ago, which expires in 30 days"},
		{"active, expires now", ServiceCredential, credential(accesskey.ServiceCredential{Status: accesskey.Active, Expires: now}), Kept,
			"the credential expired 0 seconds ago"},
		{"inactive", ServiceCredential, credential(accesskey.ServiceCredential{Status: accesskey.Inactive}), Kept, "the credential is Inactive"},
		{"status new to us", ServiceCredential, credential(accesskey.ServiceCredential{Status: "Suspended"}), Unknown,
			`the credential's status "Suspended" is not one this program knows`},
		{"unread", ServiceCredential, func(u *accesskey.User) {
			u.ServiceCredentials = accesskey.Unread[[]accesskey.ServiceCredential]("denied")
		}, Unknown, "whether the user has a service-specific credential could not be read: denied"},
	} {
		t.Run(string(tc.rule)+"/"+tc.name, func(t *testing.T) {
			u := holder("alice")
			if tc.user != nil {
				tc.user(&u)
			}
			got := judged(u, tc.rule)
			if got.State != tc.want || got.Why != tc.why {
				t.Errorf("%s: %s\nwant %s: %s", got.State, got.Why, tc.want, tc.why)
			}
		})
	}
}
