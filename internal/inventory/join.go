package inventory

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/awsapi"
)

// newUserMargin is how long before the listing of users a user may have been
// created and yet be missing in it: IAM's reads may be stale for seconds.
const newUserMargin = time.Minute

// settling is how long after a user was made AWS's saying that there is no such
// user proves nothing. Seconds are usual, more has been seen: see newUserMargin.
const settling = 5 * time.Minute

// observedUser is one user while its facts are gathered.
type observedUser struct {
	accesskey.User
	listed   awsapi.User
	detailed bool      // listed has tags, groups and policies
	at       time.Time // of listed

	row      *ReportRow // nil: the report doesn't show this user
	mustLook string     // why a live look-up is needed whatever the findings; empty: none
	more     bool       // there are keys or certificates that the row doesn't show
	looked   bool
	gone     bool // deleted while Collect ran
}

// join matches the listed users with the report's rows by ARN and creation
// time: a name, and with it an ARN, may have been given anew.
func (c *collector) join(s *seen) []*observedUser {
	users := make([]*observedUser, 0, len(s.users))
	for _, listed := range s.users {
		users = append(users, fromListing(listed))
	}
	rows := make(map[string]*ReportRow, len(s.report.rows))
	for i := range s.report.rows {
		if row := &s.report.rows[i]; !row.Root() {
			rows[row.ARN] = row
		}
	}
	for _, u := range users {
		row := rows[u.ARN]
		delete(rows, u.ARN)
		u.matchRow(row, s.report)
		u.doubtSlots(s)
	}
	for _, row := range rows {
		if keepUnlisted(row, s) {
			users = append(users, fromRow(row, s))
		}
	}
	slices.SortFunc(users, func(a, b *observedUser) int { return cmp.Compare(a.Name, b.Name) })
	return users
}

// keepUnlisted decides on a user whom only the report shows: deleted since,
// unless the listing is incomplete or older than the user.
func keepUnlisted(row *ReportRow, s *seen) bool {
	return !s.usersComplete() || row.Created.After(s.usersBegan.Add(-newUserMargin))
}

func fromListing(listed datedUser) *observedUser {
	return &observedUser{
		User:     accesskey.User{Name: listed.Name, ID: listed.ID, ARN: listed.ARN, Path: listed.Path, Created: listed.Created},
		listed:   listed.User,
		detailed: listed.detailed,
		at:       listed.at,
	}
}

func fromRow(row *ReportRow, s *seen) *observedUser {
	u := &observedUser{User: accesskey.User{Name: row.User, ARN: row.ARN, Path: pathOf(row.ARN), Created: row.Created}, at: s.report.at}
	u.matchRow(row, s.report)
	if s.usersComplete() {
		u.mustLook = "the user was created while the users were listed"
	}
	return u
}

// pathOf returns the path in a user's ARN: "/division/" of
// arn:aws:iam::123456789012:user/division/name.
func pathOf(arn string) string {
	_, resource, _ := strings.Cut(arn, ":user")
	return resource[:strings.LastIndexByte(resource, '/')+1]
}

// matchRow takes what the report tells of the user, or notes why it tells
// nothing.
func (u *observedUser) matchRow(row *ReportRow, r report) {
	switch {
	case r.at.IsZero():
		u.withoutReport("no credential report was used")
	case row == nil:
		u.withoutReport("the user is not in the credential report of " + stamp(r.at))
	case !row.Created.Equal(u.Created.Truncate(time.Second)):
		u.withoutReport("the credential report of " + stamp(r.at) + " shows an earlier user of this name")
	default:
		u.row = row
		u.Keys = accesskey.Observed(reportKeys(row, r.at), r.at, fromReport)
		u.Password = reportPassword(row, r.at)
		u.SigningCertificates = reportCertificates(row, r.at)
		if row.Additional != "" {
			u.mustLook, u.more = "the user has "+moreThanShown, true
		}
	}
}

// doubtSlots has a user with full slots looked at where the account's quota
// allows more keys than the report can show, or isn't known, and the report
// doesn't say.
func (u *observedUser) doubtSlots(s *seen) {
	mayBeMore := s.summaryErr != nil || s.summary.KeyQuota > neededSlots
	if mayBeMore && u.row != nil && !u.row.ShowsAdditional && len(u.row.Keys) >= neededSlots {
		u.mustLook = "the account may allow more keys than the credential report shows"
	}
}

func (u *observedUser) withoutReport(why string) {
	u.mustLook = why
	u.Keys = accesskey.Unread[[]accesskey.Key](why)
	u.Password = accesskey.Unread[accesskey.Password](why)
	u.SigningCertificates = accesskey.Unread[[]accesskey.SigningCertificate](why)
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// noID is why the report's keys have no ID; moreThanShown is what its column
// additional_credentials_info means.
const (
	noID          = "the credential report shows no key IDs"
	moreThanShown = "more keys or certificates than the credential report shows"
)

// reportKeys are the keys in the row's slots and, where the report says that
// there may be more, one of which nothing is known.
func reportKeys(row *ReportRow, at time.Time) []accesskey.Key {
	keys := make([]accesskey.Key, 0, len(row.Keys))
	for _, k := range row.Keys {
		key := accesskey.Key{
			ID:       accesskey.Unread[accesskey.ID](noID),
			Status:   accesskey.Unread[accesskey.Status]("the credential report doesn't say whether the key is active"),
			Created:  accesskey.Unread[time.Time]("the credential report shows no date for this key"),
			LastUsed: accesskey.Unread[accesskey.LastUse]("the credential report doesn't say whether the key was used"),
		}
		if k.Active != NotSaid {
			key.Status = accesskey.Observed(statusOf(k.Active), at, fromReport)
		}
		if !k.Rotated.IsZero() {
			key.Created = accesskey.Observed(k.Rotated, at, fromReport)
		}
		if k.Used != NotSaid {
			key.LastUsed = accesskey.Observed(k.use(), at, fromReport)
		}
		keys = append(keys, key)
	}
	if row.Additional != "" {
		keys = append(keys, unseenKey("there are "+moreThanShown))
	}
	sortKeys(keys)
	return keys
}

// statusOf is all the report tells of a key's status: an Expired key passes for
// Inactive there, until it is looked up.
func statusOf(active Answer) accesskey.Status {
	if active == Yes {
		return accesskey.Active
	}
	return accesskey.Inactive
}

// use is the last use of a slot that says so.
func (k ReportKey) use() accesskey.LastUse {
	if k.Used != Yes {
		return accesskey.LastUse{}
	}
	return accesskey.LastUse{At: k.LastUsed, Region: k.Region, Service: k.Service}
}

// sortKeys puts keys in order of creation, the unknown last.
func sortKeys(keys []accesskey.Key) {
	slices.SortStableFunc(keys, func(a, b accesskey.Key) int {
		createdA, knownA := a.Created.Get()
		createdB, knownB := b.Created.Get()
		idA, _ := a.ID.Get()
		idB, _ := b.ID.Get()
		if knownA != knownB {
			if knownA {
				return -1
			}
			return 1
		}
		return cmp.Or(createdA.Compare(createdB), cmp.Compare(idA, idB))
	})
}

// unseenKey stands for keys of which it is known only that there are, or may
// be, any.
func unseenKey(why string) accesskey.Key {
	return accesskey.Key{
		ID:       accesskey.Unread[accesskey.ID](why),
		Status:   accesskey.Unread[accesskey.Status](why),
		Created:  accesskey.Unread[time.Time](why),
		LastUsed: accesskey.Unread[accesskey.LastUse](why),
	}
}

func reportPassword(row *ReportRow, at time.Time) accesskey.Fact[accesskey.Password] {
	if row.PasswordEnabled == NotSaid && !row.Root() {
		return accesskey.Unread[accesskey.Password]("the credential report doesn't say whether the user has a password")
	}
	return accesskey.Observed(accesskey.Password{
		Enabled:  row.PasswordEnabled != No, // not_supported for the root user, who has one unless the account was made without
		LastUsed: row.PasswordLastUsed, LastChanged: row.PasswordLastChanged, MFA: row.MFA == Yes,
	}, at, fromReport)
}

func reportCertificates(row *ReportRow, at time.Time) accesskey.Fact[[]accesskey.SigningCertificate] {
	var found []accesskey.SigningCertificate
	for _, c := range row.Certificates {
		if c.Active == NotSaid {
			return accesskey.Unread[[]accesskey.SigningCertificate]("the credential report doesn't say whether a certificate is active")
		}
		found = append(found, accesskey.SigningCertificate{Active: c.Active == Yes, Changed: c.Rotated})
	}
	return accesskey.Observed(found, at, fromReport)
}
