package fakeaws

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
)

const lakeStore = "1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d"

// lakeOf is an account with an event data store, asked by the real SDK.
func lakeOf(store EventDataStoreSpec, events ...EventSpec) (*AWS, *cloudtrail.Client) {
	a := New(Config{Start: trailStart})
	store.ID = lakeStore
	a.AddAccount(oneUser("123456789012", func(s *AccountSpec) {
		s.Management, s.EventDataStores, s.Events = true, []EventDataStoreSpec{store}, events
	}))
	return a, cloudtrail.NewFromConfig(configOf(a, "123456789012", "us-east-1"))
}

// lakeQuestion is the question that is understood, about two keys.
func lakeQuestion() *string {
	form := lakeForm.String()
	text := strings.NewReplacer(
		`(?P<keys>(?:'AKIA[A-Z0-9]+'(?:, )?)+)`, `'AKIAIOSFODNN7EXAMPLE', 'AKIAI44QH8DHBEXAMPLE'`, `(?P<table>[0-9A-Za-z-]+)`, lakeStore,
		`(?P<since>[0-9: -]+)`, trailStart.AddDate(0, -1, 0).Format(time.DateTime), `(?P<until>[0-9: -]+)`, trailStart.Format(time.DateTime),
		`\`, ``, `^`, ``, `$`, ``,
	).Replace(form)
	return &text
}

// A query waits, runs and ends as time goes by, and so many may be under way.
func TestLakeQueriesTakeTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := lakeOf(EventDataStoreSpec{})
		begin := func() (*cloudtrail.StartQueryOutput, error) {
			return client.StartQuery(t.Context(), &cloudtrail.StartQueryInput{QueryStatement: lakeQuestion()})
		}
		first, err := begin()
		if err != nil {
			t.Fatal(err)
		}
		for range lakeAtOnce - 1 {
			if _, err := begin(); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := begin(); codeOf(err) != "MaxConcurrentQueriesException" {
			t.Error(err)
		}
		for _, want := range []types.QueryStatus{types.QueryStatusQueued, types.QueryStatusRunning, types.QueryStatusFinished} {
			told, err := client.DescribeQuery(t.Context(), &cloudtrail.DescribeQueryInput{QueryId: first.QueryId})
			results, failed := client.GetQueryResults(t.Context(), &cloudtrail.GetQueryResultsInput{QueryId: first.QueryId})
			if err != nil || failed != nil || told.QueryStatus != want || results.QueryStatus != want {
				t.Fatal(err, failed, told, results)
			}
			time.Sleep(lakeRuns - 10*time.Millisecond)
		}
		if _, err := begin(); err != nil {
			t.Error(err)
		}
		time.Sleep(lakeKept + time.Hour)
		if _, err := begin(); err != nil {
			t.Error(err)
		}
		if _, err := client.DescribeQuery(t.Context(), &cloudtrail.DescribeQueryInput{QueryId: first.QueryId}); codeOf(err) != "QueryIdNotFoundException" {
			t.Error(err)
		}
	})
}

// An organization's store has the events of its members too; another has its own
// account's alone.
func TestLakeOfAnOrganization(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for organization, want := range map[bool]int{false: 1, true: 2} {
			event := EventSpec{At: trailStart.Add(-time.Hour), Key: "AKIAIOSFODNN7EXAMPLE", Service: "ec2.amazonaws.com", Name: "DescribeInstances", Source: "192.0.2.1"}
			a, client := lakeOf(EventDataStoreSpec{Organization: organization}, event)
			event.Key = "AKIAI44QH8DHBEXAMPLE"
			a.AddAccount(AccountSpec{ID: "210987654321", Events: []EventSpec{event}})
			begun, err := client.StartQuery(t.Context(), &cloudtrail.StartQueryInput{QueryStatement: lakeQuestion()})
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			got, err := client.GetQueryResults(t.Context(), &cloudtrail.GetQueryResultsInput{QueryId: begun.QueryId})
			if err != nil || len(got.QueryResultRows) != want || aws.ToString(got.ErrorMessage) != "" {
				t.Errorf("organization %v: %+v, want %d rows; %v", organization, got, want, err)
			}
		}
	})
}

// Fields of a selector all hold of what is collected.
func TestSelectors(t *testing.T) {
	e := &Event{Source: "kms.amazonaws.com", Name: "Decrypt", ReadOnly: true, Resources: []string{"arn:aws:kms:us-east-1:123456789012:key/x"}}
	for _, c := range []struct {
		fields []FieldSelectorSpec
		want   bool
	}{
		{[]FieldSelectorSpec{{Field: "eventCategory", Equals: []string{"Management"}}}, true},
		{[]FieldSelectorSpec{{Field: "eventCategory", Equals: []string{"Data"}}}, false},
		{[]FieldSelectorSpec{{Field: "eventCategory", Equals: []string{"Management"}}, {Field: "eventSource", NotEquals: []string{"kms.amazonaws.com"}}}, false},
		{[]FieldSelectorSpec{{Field: "eventSource", NotEquals: []string{"rdsdata.amazonaws.com"}}, {Field: "readOnly", Equals: []string{"true"}}}, true},
		{[]FieldSelectorSpec{{Field: "eventName", StartsWith: []string{"Enc", "Dec"}}, {Field: "resources.ARN", EndsWith: []string{"key/x"}}}, true},
		{[]FieldSelectorSpec{{Field: "eventName", NotStartsWith: []string{"Dec"}}}, false},
		{[]FieldSelectorSpec{{Field: "resources.ARN", NotEndsWith: []string{"key/x"}}}, false},
		{[]FieldSelectorSpec{{Field: "resources.type", Equals: []string{"AWS::S3::Object"}}}, true}, // not simulated
	} {
		if got := (EventSelectorSpec{Fields: c.fields}).fits(e); got != c.want {
			t.Errorf("%+v: %v", c.fields, got)
		}
	}
}

// Who may ask one store may not ask another.
func TestLakeIsPermittedByStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := New(Config{Start: trailStart})
		a.AddAccount(oneUser("123456789012", func(s *AccountSpec) {
			s.EventDataStores = []EventDataStoreSpec{{ID: lakeStore}, {ID: "2b3c4d5e-6f7a-8b9c-0d1e-2f3a4b5c6d7e"}}
			s.Users = append(s.Users, UserSpec{Name: "asker", Keys: []KeySpec{{}}, InlinePolicies: map[string]string{
				"one": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"cloudtrail:*","Resource":"arn:aws:cloudtrail:us-east-1:123456789012:eventdatastore/` + lakeStore + `"}]}`}})
			s.Admin = "asker"
		}))
		client := cloudtrail.NewFromConfig(configOf(a, "123456789012", "us-east-1"))
		for store, want := range map[string]string{lakeStore: "", "2b3c4d5e-6f7a-8b9c-0d1e-2f3a4b5c6d7e": "AccessDeniedException"} {
			begun, err := client.StartQuery(t.Context(), &cloudtrail.StartQueryInput{QueryStatement: aws.String("SELECT eventid FROM " + store)})
			if codeOf(err) != want {
				t.Errorf("%s: %v", store, err)
			}
			if err == nil {
				_, err = client.DescribeQuery(t.Context(), &cloudtrail.DescribeQueryInput{QueryId: begun.QueryId})
			}
			if _, got := client.GetEventDataStore(t.Context(), &cloudtrail.GetEventDataStoreInput{EventDataStore: &store}); codeOf(got) != want || codeOf(err) != want {
				t.Errorf("%s: %v, %v", store, got, err)
			}
		}
	})
}
