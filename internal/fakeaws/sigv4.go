package fakeaws

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Signature Version 4 as the server sees it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html

const (
	sigAlgorithm = "AWS4-HMAC-SHA256"
	sigTime      = "20060102T150405Z"
	maxSkew      = 15 * time.Minute
)

// signature is what a request says about its signing.
type signature struct {
	keyID, date, region, service, terminator string

	token   string // session token
	headers []string
	value   string // hex
	stamp   string // X-Amz-Date as sent
	at      time.Time
	expires time.Duration // of a presigned address
	inQuery bool
}

// parseSignature reads the Authorization header or a presigned address.
func parseSignature(r *http.Request) (*signature, *apiError) {
	if header := r.Header.Get("Authorization"); header != "" {
		return headerSignature(r, header)
	}
	if query := r.URL.Query(); query.Has("X-Amz-Signature") || query.Has("X-Amz-Credential") {
		return querySignature(query)
	}
	return nil, errMissingToken()
}

func headerSignature(r *http.Request, header string) (*signature, *apiError) {
	algorithm, rest, _ := strings.Cut(header, " ")
	if algorithm != sigAlgorithm {
		return nil, errIncompleteSignature("Unsupported AWS 'algorithm': '%s'.", algorithm)
	}
	fields := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if !ok {
			return nil, errIncompleteSignature("'%s' not a valid key=value pair (missing equal-sign) in Authorization header: '%s'.", part, header)
		}
		fields[name] = value
	}
	var missing []string
	for _, name := range []string{"Credential", "Signature", "SignedHeaders"} {
		if fields[name] == "" {
			missing = append(missing, "Authorization header requires '"+name+"' parameter.")
		}
	}
	stamp := r.Header.Get("X-Amz-Date")
	if stamp == "" {
		stamp = r.Header.Get("Date")
	}
	if stamp == "" {
		missing = append(missing, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
	}
	if missing != nil {
		return nil, errIncompleteSignature("%s Authorization=%s", strings.Join(missing, " "), algorithm)
	}
	s := &signature{value: fields["Signature"], token: r.Header.Get("X-Amz-Security-Token"), stamp: stamp}
	s.headers = strings.Split(fields["SignedHeaders"], ";")
	return s, s.parse(fields["Credential"])
}

func querySignature(query url.Values) (*signature, *apiError) {
	if algorithm := query.Get("X-Amz-Algorithm"); algorithm != sigAlgorithm {
		return nil, errIncompleteSignature("Unsupported AWS 'algorithm': '%s'.", algorithm)
	}
	var missing []string
	for _, name := range []string{"X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date"} {
		if query.Get(name) == "" {
			missing = append(missing, "AWS query-string parameters must include '"+name+"'.")
		}
	}
	if missing != nil {
		return nil, errIncompleteSignature("%s Re-examine the query-string parameters.", strings.Join(missing, " "))
	}
	seconds, err := strconv.Atoi(query.Get("X-Amz-Expires"))
	if err != nil || seconds < 0 {
		seconds = int(maxSkew / time.Second)
	}
	s := &signature{
		value: query.Get("X-Amz-Signature"), token: query.Get("X-Amz-Security-Token"), stamp: query.Get("X-Amz-Date"),
		expires: time.Duration(seconds) * time.Second, inQuery: true,
	}
	s.headers = strings.Split(query.Get("X-Amz-SignedHeaders"), ";")
	return s, s.parse(query.Get("X-Amz-Credential"))
}

// parse takes the credential and the time apart.
func (s *signature) parse(credential string) *apiError {
	parts := strings.Split(credential, "/")
	if len(parts) < 5 {
		return errIncompleteSignature("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '%s'", credential)
	}
	n := len(parts)
	s.keyID = strings.Join(parts[:n-4], "/")
	s.date, s.region, s.service, s.terminator = parts[n-4], parts[n-3], parts[n-2], parts[n-1]
	at, err := time.Parse(sigTime, s.stamp)
	if err != nil {
		at, err = http.ParseTime(s.stamp)
	}
	if err != nil {
		return errIncompleteSignature("Date must be in ISO-8601 'basic format'. Got '%s'. See http://en.wikipedia.org/wiki/ISO_8601", s.stamp)
	}
	s.at = at.UTC()
	return nil
}

// checkScope holds the credential scope against the service and the date.
func (s *signature) checkScope(service string) *apiError {
	switch day := s.at.Format("20060102"); {
	case s.terminator != "aws4_request":
		return errSignature("Credential should be scoped with a valid terminator: 'aws4_request', not '%s'.", s.terminator)
	case s.service != service:
		return errSignature("Credential should be scoped to correct service: '%s'. ", service)
	case s.region == "":
		return errSignature("Credential should be scoped to a valid region. ")
	case s.date != day:
		return errSignature("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '%s' != '%s', from '%s'.", s.date, day, s.stamp)
	case !slices.Contains(s.headers, "host"):
		return errSignature("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
	}
	return nil
}

// checkTime holds the time of signing against AWS's clock. So that clients work
// wherever the virtual clock is and after it was advanced (SDKs learn AWS's
// time once and keep it), the host's clock, the virtual clock as it would be
// without any Advance, and what lies between are accepted too.
func (s *signature) checkTime(now time.Time, others ...time.Time) *apiError {
	err := s.checkClock(now)
	for _, other := range others {
		between := s.at.After(now) != s.at.After(other)
		if err != nil && (between || s.checkClock(other) == nil) {
			err = nil
		}
	}
	return err
}

func (s *signature) checkClock(now time.Time) *apiError {
	oldest, newest := now.Add(-maxSkew), now.Add(maxSkew)
	stamp, at := s.at.Format(sigTime), now.Format(sigTime)
	switch {
	case s.at.After(newest):
		return errSignature("Signature not yet current: %s is still later than %s (%s + 15 min.)", stamp, newest.Format(sigTime), at)
	case s.inQuery && now.After(s.at.Add(s.expires)):
		return errRequestExpired()
	case !s.inQuery && s.at.Before(oldest):
		return errSignature("Signature expired: %s is now earlier than %s (%s - 15 min.)", stamp, oldest.Format(sigTime), at)
	}
	return nil
}

// matches reports whether the request was signed with secret.
func (s *signature) matches(r *http.Request, body []byte, secret string) bool {
	hashed := sha256.Sum256([]byte(s.canonicalRequest(r, body)))
	toSign := strings.Join([]string{
		sigAlgorithm, s.at.Format(sigTime), strings.Join([]string{s.date, s.region, s.service, s.terminator}, "/"), hex.EncodeToString(hashed[:]),
	}, "\n")
	key := []byte("AWS4" + secret)
	for _, part := range []string{s.date, s.region, s.service, s.terminator, toSign} {
		key = hmacOf(key, part)
	}
	return hmac.Equal([]byte(hex.EncodeToString(key)), []byte(s.value))
}

func hmacOf(key []byte, data string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(data))
	return h.Sum(nil)
}

func (s *signature) canonicalRequest(r *http.Request, body []byte) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n%s\n", r.Method, s.canonicalPath(r.URL), canonicalQuery(r.URL.RawQuery))
	for _, name := range s.headers {
		fmt.Fprintf(&b, "%s:%s\n", name, canonicalHeader(r, name))
	}
	// The body is hashed here, whatever X-Amz-Content-Sha256 says: IAM and its
	// neighbours take no unsigned payload.
	fmt.Fprintf(&b, "\n%s\n%x", strings.Join(s.headers, ";"), sha256.Sum256(body))
	return b.String()
}

// canonicalPath escapes the path once more than it came, as for every service
// but S3.
func (s *signature) canonicalPath(u *url.URL) string {
	path := u.EscapedPath()
	switch {
	case path == "":
		return "/"
	case s.service == "s3":
		return path
	}
	return sigEscape(path, true)
}

func canonicalQuery(raw string) string {
	var pairs [][2]string
	for part := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(part, "=")
		name, value = unescape(name), unescape(value)
		if part == "" || name == "X-Amz-Signature" {
			continue
		}
		pairs = append(pairs, [2]string{sigEscape(name, false), sigEscape(value, false)})
	}
	slices.SortFunc(pairs, func(a, b [2]string) int {
		return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]))
	})
	var b strings.Builder
	for i, pair := range pairs {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(pair[0] + "=" + pair[1])
	}
	return b.String()
}

func unescape(s string) string {
	plain, err := url.QueryUnescape(s)
	if err != nil {
		return s
	}
	return plain
}

// sigEscape is RFC 3986 with AWS's set of unreserved characters.
func sigEscape(s string, keepSlash bool) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-_.~", c) >= 0, c == '/' && keepSlash:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// hostOf is the host a request is for, whether it came from a socket or
// straight from a client.
func hostOf(r *http.Request) string { return cmp.Or(r.Host, r.URL.Host) }

func canonicalHeader(r *http.Request, name string) string {
	switch name {
	case "host":
		return hostOf(r)
	case "content-length":
		return strconv.FormatInt(r.ContentLength, 10)
	}
	var values []string
	for _, v := range r.Header.Values(name) {
		values = append(values, strings.Join(strings.Fields(v), " "))
	}
	return strings.Join(values, ",")
}
