package report

import (
	"fmt"
	"io"
	"testing"

	"github.com/keytend/keytend/internal/accesskey"
)

// large is one account of n users with two keys each, and a finding a user.
func large(n int) Scan {
	s := fixture()
	inv := &s.Accounts[0]
	inv.Users, s.Findings = nil, nil
	for i := range n {
		name := fmt.Sprintf("user-%05d", i)
		inv.Users = append(inv.Users, user(name, "platform@example.com",
			key("AKIAIOSFODNN7EXAMPLE", accesskey.Active, days(i%700), accesskey.LastUse{At: days(i % 90), Service: "s3", Region: "us-east-1"}),
			key("AKIAI44QH8DHBEXAMPLE", accesskey.Inactive, days(i%900), accesskey.LastUse{})))
		f := fixtureFindings()[1]
		f.User, f.Rank = name, i+1
		s.Findings = append(s.Findings, f)
	}
	return s
}

func BenchmarkWrite(b *testing.B) {
	s := large(5000)
	for _, f := range ScanFormats {
		b.Run(string(f), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := Write(io.Discard, f, s, Options{Width: 140, All: true}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
