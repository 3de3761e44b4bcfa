package fakeaws

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"
)

// configOf is the real SDK, with an administrator's key, in-process and without
// retries.
func configOf(a *AWS, account, region string) aws.Config {
	id, secret := a.AdminKey(account)
	return aws.Config{
		Region:           region,
		Credentials:      credentials.NewStaticCredentialsProvider(id, secret, ""),
		HTTPClient:       roundTripper{a},
		RetryMaxAttempts: 1,
	}
}

func trailOfAlice(t *testing.T, c Config) (*AWS, *cloudtrail.Client, *iam.Client) {
	t.Helper()
	c.Start = trailStart
	a := New(c)
	a.AddAccount(oneUser("123456789012", func(s *AccountSpec) { s.Users = append(s.Users, UserSpec{Name: "bob"}) }))
	return a, cloudtrail.NewFromConfig(configOf(a, "123456789012", "us-east-1")), iam.NewFromConfig(configOf(a, "123456789012", "us-east-1"))
}

func lookup(t *testing.T, a *AWS, client *cloudtrail.Client, key types.LookupAttributeKey, value string) []types.Event {
	t.Helper()
	in := &cloudtrail.LookupEventsInput{}
	if key != "" {
		in.LookupAttributes = []types.LookupAttribute{{AttributeKey: key, AttributeValue: &value}}
	}
	var events []types.Event
	for p := cloudtrail.NewLookupEventsPaginator(client, in); p.HasMorePages(); {
		page, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, page.Events...)
		a.Advance(time.Second)
	}
	return events
}

func names(events []types.Event) []string {
	var list []string
	for _, e := range events {
		list = append(list, aws.ToString(e.EventName))
	}
	return list
}

func TestLookupEventsRecord(t *testing.T) {
	a, trail, users := trailOfAlice(t, Config{Seed: 1})
	key, err := users.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: aws.String("bob")})
	if err != nil {
		t.Fatal(err)
	}
	events := lookup(t, a, trail, types.LookupAttributeKeyEventName, "CreateAccessKey")
	if len(events) != 1 {
		t.Fatalf("%d events", len(events))
	}
	e := events[0]
	adminID, _ := a.AdminKey("123456789012")
	if aws.ToString(e.Username) != "alice" || aws.ToString(e.AccessKeyId) != adminID || aws.ToString(e.ReadOnly) != "false" || !e.EventTime.Equal(trailStart) {
		t.Errorf("%+v", e)
	}
	var record map[string]any
	if err := json.Unmarshal([]byte(*e.CloudTrailEvent), &record); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"eventVersion": "1.11", "eventTime": "2026-11-01T12:00:00Z", "eventSource": "iam.amazonaws.com", "eventName": "CreateAccessKey",
		"awsRegion": "us-east-1", "eventType": "AwsApiCall", "managementEvent": true, "readOnly": false,
		"recipientAccountId": "123456789012", "eventCategory": "Management", "eventID": *e.EventId,
		"tlsDetails":        map[string]any{"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256", "clientProvidedHostHeader": "iam.amazonaws.com"},
		"requestParameters": map[string]any{"userName": "bob"},
		"responseElements": map[string]any{"accessKey": map[string]any{
			"userName": "bob", "accessKeyId": *key.AccessKey.AccessKeyId, "status": "Active", "createDate": "Nov 1, 2026 12:00:00 PM",
		}},
	}
	identity, _ := record["userIdentity"].(map[string]any)
	for name, value := range map[string]any{"type": "IAMUser", "arn": "arn:aws:iam::123456789012:user/alice", "accountId": "123456789012", "accessKeyId": adminID, "userName": "alice"} {
		if identity[name] != value {
			t.Errorf("userIdentity.%s = %v", name, identity[name])
		}
	}
	for _, free := range []string{"userIdentity", "userAgent", "sourceIPAddress", "requestID"} {
		if record[free] == "" || record[free] == nil {
			t.Errorf("no %s", free)
		}
		delete(record, free)
	}
	if diff := cmp.Diff(want, record); diff != "" {
		t.Error(diff)
	}
}

func TestLookupEventsPagesAndAttributes(t *testing.T) {
	a, trail, users := trailOfAlice(t, Config{})
	for range 60 {
		if _, err := users.ListUsers(t.Context(), &iam.ListUsersInput{}); err != nil {
			t.Fatal(err)
		}
		a.Advance(time.Second)
	}
	if _, err := users.TagUser(t.Context(), &iam.TagUserInput{UserName: aws.String("bob")}); err == nil {
		t.Fatal("TagUser without tags")
	}
	id, _ := a.AdminKey("123456789012")
	if got := lookup(t, a, trail, types.LookupAttributeKeyAccessKeyId, id); len(got) < 60 {
		t.Errorf("%d events of the key", len(got))
	}
	if got := lookup(t, a, trail, types.LookupAttributeKeyUsername, "alice"); len(got) < 60 {
		t.Errorf("%d events of alice", len(got))
	}
	if got := lookup(t, a, trail, types.LookupAttributeKeyUsername, "bob"); len(got) != 0 {
		t.Errorf("%v of bob", names(got))
	}
	events := lookup(t, a, trail, types.LookupAttributeKeyEventName, "ListUsers")
	if len(events) != 60 {
		t.Fatalf("%d ListUsers", len(events))
	}
	for i := 1; i < len(events); i++ {
		if !events[i].EventTime.Before(*events[i-1].EventTime) {
			t.Fatalf("event %d is not older than the one before", i)
		}
	}
	from, until := trailStart.Add(10*time.Second), trailStart.Add(19*time.Second)
	some, err := trail.LookupEvents(t.Context(), &cloudtrail.LookupEventsInput{StartTime: &from, EndTime: &until})
	if err != nil || len(some.Events) != 10 {
		t.Errorf("%d events from the 10th to the 19th second: %v", len(some.Events), err)
	}
}

func TestLookupEventsByRegion(t *testing.T) {
	a, here, users := trailOfAlice(t, Config{})
	if _, err := users.ListUsers(t.Context(), &iam.ListUsersInput{}); err != nil {
		t.Fatal(err)
	}
	europe := configOf(a, "123456789012", "eu-west-1")
	if _, err := sts.NewFromConfig(europe).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}); err != nil {
		t.Fatal(err)
	}
	there := cloudtrail.NewFromConfig(europe)
	for _, tt := range []struct {
		client *cloudtrail.Client
		name   string
		want   int
	}{{here, "ListUsers", 1}, {there, "ListUsers", 0}, {here, "GetCallerIdentity", 0}, {there, "GetCallerIdentity", 1}} {
		if got := lookup(t, a, tt.client, types.LookupAttributeKeyEventName, tt.name); len(got) != tt.want {
			t.Errorf("%s: %d events, want %d", tt.name, len(got), tt.want)
		}
	}
}

func TestLookupEventsDelayAndAge(t *testing.T) {
	a, _, users := trailOfAlice(t, Config{TrailDelay: 15 * time.Minute})
	if _, err := users.ListUsers(t.Context(), &iam.ListUsersInput{}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		after time.Duration
		want  int
	}{{14 * time.Minute, 0}, {2 * time.Minute, 1}, {89 * 24 * time.Hour, 1}, {24 * time.Hour, 0}} {
		a.Advance(tt.after)
		trail := cloudtrail.NewFromConfig(configOf(a, "123456789012", "us-east-1")) // one that has learned no clock skew yet
		if got := lookup(t, a, trail, types.LookupAttributeKeyEventName, "ListUsers"); len(got) != tt.want {
			t.Errorf("%v later: %d events, want %d", tt.after, len(got), tt.want)
		}
	}
}

func TestLookupEventsRate(t *testing.T) {
	a, trail, _ := trailOfAlice(t, Config{})
	refused := 0
	ask := func() error {
		_, err := trail.LookupEvents(t.Context(), &cloudtrail.LookupEventsInput{})
		return err
	}
	for range 5 {
		if err := ask(); err != nil {
			if codeOf(err) != "ThrottlingException" {
				t.Fatal(err)
			}
			refused++
		}
	}
	if refused < 2 { // the tests' own clock ticks too
		t.Errorf("%d of 5 calls at once refused, want 3", refused)
	}
	a.Advance(time.Second)
	if err := ask(); err != nil {
		t.Errorf("a second later: %v", err)
	}
}

func TestLookupEventsErrors(t *testing.T) {
	a, trail, _ := trailOfAlice(t, Config{})
	attribute := types.LookupAttribute{AttributeKey: "Nonsense", AttributeValue: aws.String("x")}
	good := types.LookupAttribute{AttributeKey: types.LookupAttributeKeyEventName, AttributeValue: aws.String("x")}
	later, sooner := trailStart.Add(time.Hour), trailStart
	for want, in := range map[string]*cloudtrail.LookupEventsInput{
		"InvalidLookupAttributesException":     {LookupAttributes: []types.LookupAttribute{attribute}},
		"InvalidLookupAttributesException two": {LookupAttributes: []types.LookupAttribute{good, good}},
		"InvalidTimeRangeException":            {StartTime: &later, EndTime: &sooner},
		"InvalidMaxResultsException":           {MaxResults: aws.Int32(51)},
		"InvalidNextTokenException":            {NextToken: aws.String("bm9uc2Vuc2U=")},
		"InvalidEventCategoryException":        {EventCategory: "management"},
	} {
		_, err := trail.LookupEvents(t.Context(), in)
		var code string
		if _, scanned := fmt.Sscan(want, &code); scanned != nil || codeOf(err) != code {
			t.Errorf("%s: got %v", want, err)
		}
		a.Advance(time.Second)
	}
}

func TestLookupEventsOfSessions(t *testing.T) {
	a, trail, _ := trailOfAlice(t, Config{})
	config := configOf(a, "123456789012", "us-east-1")
	session, err := sts.NewFromConfig(config).GetSessionToken(t.Context(), &sts.GetSessionTokenInput{})
	if err != nil {
		t.Fatal(err)
	}
	c := session.Credentials
	config.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: *c.AccessKeyId, SecretAccessKey: *c.SecretAccessKey, SessionToken: *c.SessionToken}, nil
	})
	if _, err := sts.NewFromConfig(config).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}); err != nil {
		t.Fatal(err)
	}
	events := lookup(t, a, trail, types.LookupAttributeKeyAccessKeyId, *c.AccessKeyId)
	if len(events) != 1 {
		t.Fatalf("%v", names(events))
	}
	var record struct {
		UserIdentity struct {
			UserName       string
			SessionContext struct {
				Attributes struct{ CreationDate, MFAAuthenticated string }
			}
		}
	}
	if err := json.Unmarshal([]byte(*events[0].CloudTrailEvent), &record); err != nil {
		t.Fatal(err)
	}
	if got := record.UserIdentity.SessionContext.Attributes; record.UserIdentity.UserName != "alice" || got.CreationDate != "2026-11-01T12:00:00Z" || got.MFAAuthenticated != "false" {
		t.Errorf("%+v", record)
	}
}

// TestLookupEventsAcrossAccounts: both sides see who takes a role of another
// account; the owner of the role learns little of the caller. Each has an event of
// its own, and an ID that both have in common tells that they are one call's.
func TestLookupEventsAcrossAccounts(t *testing.T) {
	a := New(Config{Start: trailStart})
	a.AddAccount(oneUser("111111111111", nil))
	a.AddAccount(oneUser("222222222222", func(s *AccountSpec) {
		s.Roles = []RoleSpec{{Name: "audit", TrustPolicy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"111111111111"}}]}`}}
	}))
	_, err := sts.NewFromConfig(configOf(a, "111111111111", "us-east-1")).AssumeRole(t.Context(), &sts.AssumeRoleInput{
		RoleArn: aws.String("arn:aws:iam::222222222222:role/audit"), RoleSessionName: aws.String("keytend"),
	})
	if err != nil {
		t.Fatal(err)
	}
	ids, shared := map[string]bool{}, map[string]bool{}
	for account, want := range map[string]string{"111111111111": "IAMUser", "222222222222": "AWSAccount"} {
		client := cloudtrail.NewFromConfig(configOf(a, account, "us-east-1"))
		events := lookup(t, a, client, types.LookupAttributeKeyEventName, "AssumeRole")
		if len(events) != 1 {
			t.Fatalf("%s: %v", account, names(events))
		}
		var record struct {
			RecipientAccountID, EventID, SharedEventID string
			UserIdentity                               struct{ Type, AccountID, ARN string }
		}
		if err := json.Unmarshal([]byte(*events[0].CloudTrailEvent), &record); err != nil {
			t.Fatal(err)
		}
		who := record.UserIdentity
		if who.Type != want || who.AccountID != "111111111111" || record.RecipientAccountID != account || (who.ARN == "") != (want == "AWSAccount") {
			t.Errorf("%s: %+v", account, record)
		}
		ids[record.EventID], shared[record.SharedEventID] = true, true
	}
	if len(ids) != 2 || len(shared) != 1 || shared[""] {
		t.Errorf("events %v share %v", ids, shared)
	}
}

func TestLookupEventsErrorCodes(t *testing.T) {
	a, trail, users := trailOfAlice(t, Config{})
	if _, err := users.GetUser(t.Context(), &iam.GetUserInput{UserName: aws.String("nobody")}); err == nil {
		t.Fatal("GetUser finds nobody")
	}
	events := lookup(t, a, trail, types.LookupAttributeKeyEventName, "GetUser")
	var record struct{ ErrorCode, ErrorMessage string }
	if len(events) != 1 || json.Unmarshal([]byte(*events[0].CloudTrailEvent), &record) != nil || record.ErrorCode != "NoSuchEntityException" || record.ErrorMessage == "" {
		t.Errorf("%v %+v", names(events), record)
	}
}

// Old events go, and what is left is found under the same numbers.
func TestTrailForgetsWhatNobodyMayAsk(t *testing.T) {
	acct := &account{id: "123456789012"}
	const days = 3 * pruneEvery / 10
	for n := range days * 10 {
		acct.file(Event{Name: fmt.Sprint("Call", n%10), Time: trailStart.Add(time.Duration(n/10) * 24 * time.Hour)})
	}
	if acct.latest() != days*10 || acct.dropped < pruneEvery || len(acct.events) > pruneEvery+10*91 {
		t.Errorf("%d events, %d dropped, the latest is %d", len(acct.events), acct.dropped, acct.latest())
	}
	found := 0
	for n := range acct.newestFirst(acct.latest(), lookupAttribute{"EventName", "Call3"}) {
		if found++; acct.events[n-1-acct.dropped].Name != "Call3" {
			t.Fatalf("event %d is %s", n, acct.events[n-1-acct.dropped].Name)
		}
	}
	if want := len(acct.events) / 10; found < want-1 || found > want+1 {
		t.Errorf("%d of %d found", found, want)
	}
}
