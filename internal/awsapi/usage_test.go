package awsapi

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keytend/keytend/internal/fakeaws"
)

func TestOwnAddresses(t *testing.T) {
	cloud, session := cloudWith(t, func(s *fakeaws.AccountSpec) {
		s.Addresses = []fakeaws.AddressSpec{{Region: "eu-west-1", PublicIP: "192.0.2.1", AllocationID: "eipalloc-1"}, {Region: "eu-west-1", PublicIP: "192.0.2.2", AllocationID: "eipalloc-2", InstanceID: "i-1"},
			{Region: "eu-west-1", PublicIP: "192.0.2.3", AllocationID: "eipalloc-3"}, {PublicIP: "192.0.2.9", AllocationID: "eipalloc-9"}}
		s.NATGateways = []fakeaws.NATGatewaySpec{{Region: "eu-west-1", ID: "nat-1", PublicIP: "192.0.2.3"}}
		s.VPCEndpoints = []fakeaws.VPCEndpointSpec{{Region: "eu-west-1", ID: "vpce-1", VPC: "vpc-1"}}
	})
	want := map[string]string{"192.0.2.1": "Elastic IP eipalloc-1", "192.0.2.2": "instance i-1", "192.0.2.3": "NAT gateway nat-1", "vpce-1": "VPC endpoint vpce-1 of vpc-1"}
	got, err := session.OwnAddresses(t.Context(), "eu-west-1")
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
	cloud.SetFault(func(c fakeaws.Call) fakeaws.Fault {
		if c.Action == "DescribeNatGateways" {
			return fakeaws.Refuse(403, "AccessDenied", "You are not authorized to perform this operation.")
		}
		return fakeaws.Proceed()
	})
	delete(want, "192.0.2.3")
	want["192.0.2.3"] = "Elastic IP eipalloc-3"
	got, err = session.OwnAddresses(t.Context(), "eu-west-1")
	if diff := cmp.Diff(want, got); diff != "" || ClassOf(err) != Denied || !strings.Contains(err.Error(), "ec2:DescribeNatGateways") {
		t.Error(err, ClassOf(err), diff)
	}
}

// Where a bucket is is asked once.
func TestBucketsRegionIsRemembered(t *testing.T) {
	cloud, session := cloudWith(t, func(s *fakeaws.AccountSpec) {
		s.Buckets = []fakeaws.BucketSpec{{Name: "example-logs", Region: "us-west-2", Objects: map[string]string{"a": "text"}}}
	})
	read := func(in io.Reader) error { _, err := io.Copy(io.Discard, in); return err }
	for range 5 {
		if err := session.Object(t.Context(), "example-logs", "a", read); err != nil {
			t.Fatal(err)
		}
	}
	if n := cloud.Calls()["s3:GetObject"]; n != 6 {
		t.Errorf("%d calls, want 6", n)
	}
}

func TestObjects(t *testing.T) {
	objects := map[string]string{"b/": "", "a b/é+.json": "", "b/x/1": "", "b/x/2": "", "c": ""}
	for i := range 2345 {
		objects[fmt.Sprintf("many/%05d", i)] = ""
	}
	_, session := cloudWith(t, func(s *fakeaws.AccountSpec) {
		s.Buckets = []fakeaws.BucketSpec{{Name: "example-logs", Region: "us-west-2", Objects: objects}}
	})
	list := func(q ObjectQuery) (keys, folders []string) {
		q.Bucket = "example-logs"
		for page, err := range session.Objects(t.Context(), q) {
			if err != nil {
				t.Fatal(err)
			}
			keys, folders = append(keys, page.Keys...), append(folders, page.Folders...)
		}
		return keys, folders
	}
	if keys, _ := list(ObjectQuery{Prefix: "many/"}); len(keys) != 2345 || !slices.IsSorted(keys) {
		t.Errorf("%d keys", len(keys))
	}
	if keys, _ := list(ObjectQuery{Prefix: "many/", After: "many/02000"}); len(keys) != 344 || keys[0] != "many/02001" {
		t.Errorf("%d keys", len(keys))
	}
	keys, folders := list(ObjectQuery{Folders: true})
	if diff := cmp.Diff([][]string{{"c"}, {"a b/", "b/", "many/"}}, [][]string{keys, folders}); diff != "" {
		t.Error(diff)
	}
	if keys, _ := list(ObjectQuery{Prefix: "a b/é+"}); len(keys) != 1 {
		t.Error(keys)
	}
	for _, err := range session.Objects(t.Context(), ObjectQuery{Bucket: "example-none"}) {
		if ClassOf(err) != NotFound {
			t.Error(err)
		}
	}
}

func TestAthenaFails(t *testing.T) {
	cloud, session := cloudWith(t, nil)
	ask := func() (err error) {
		for _, err = range session.AthenaRows(t.Context(), AthenaQuery{SQL: "SELECT 1", Database: "logs", Output: "s3://example-athena/x"}) {
			_ = err
		}
		return err
	}
	if err := ask(); err == nil || !strings.Contains(err.Error(), "the query has failed: SYNTAX_ERROR") {
		t.Error(err)
	}
	cloud.SetFault(func(c fakeaws.Call) fakeaws.Fault {
		return fakeaws.Refuse(400, "AccessDeniedException", "You are not authorized to perform: athena:"+c.Action)
	})
	if err := ask(); ClassOf(err) != Denied {
		t.Error(err)
	}
}

func TestLakeFails(t *testing.T) {
	const store = "1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d"
	cloud, session := cloudWith(t, func(s *fakeaws.AccountSpec) { s.EventDataStores = []fakeaws.EventDataStoreSpec{{ID: store}} })
	ask := func(sql string) (err error) {
		for _, err = range session.LakeRows(t.Context(), LakeQuery{SQL: sql, Region: "us-east-1"}) {
			_ = err
		}
		return err
	}
	if err := ask("SELECT eventid FROM " + store); err == nil || !strings.Contains(err.Error(), "cloudtrail:DescribeQuery: the query has failed: ") {
		t.Error(err)
	}
	if err := ask("SELECT eventid FROM 00000000-0000-0000-0000-000000000000"); ClassOf(err) != NotFound || !strings.Contains(Hint(err), "list-event-data-stores") {
		t.Error(err, Hint(err))
	}
	cloud.SetFault(func(c fakeaws.Call) fakeaws.Fault {
		return fakeaws.Refuse(400, "AccessDeniedException", "User: x is not authorized to perform: cloudtrail:"+c.Action)
	})
	if err := ask("SELECT eventid FROM " + store); ClassOf(err) != Denied {
		t.Error(err)
	}
}

// Columns go by their names: none is taken for another.
func TestColumnsOf(t *testing.T) {
	row, err := columnsOf([]map[string]string{{"Calls": "3"}, {"access_key": "AKIAIOSFODNN7EXAMPLE"}}, []string{"access_key", "agent", "calls"})
	if diff := cmp.Diff([]string{"AKIAIOSFODNN7EXAMPLE", "", "3"}, row); diff != "" || err != nil {
		t.Error(err, diff)
	}
	if _, err := columnsOf([]map[string]string{{"_col1": "3"}}, []string{"access_key"}); err == nil {
		t.Error("a column that nobody asked for is taken")
	}
}
