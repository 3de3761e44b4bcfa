package bench

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/inventory"
)

// BenchmarkParser reads a report of 5,000 users, and the same bytes with
// encoding/csv, which splits fields but understands none. ratio is MB/s of ours
// over MB/s of encoding/csv.
func BenchmarkParser(b *testing.B) {
	report := credentialReport(5000)
	b.SetBytes(int64(len(report)))
	b.ReportAllocs()
	for b.Loop() {
		if n := parse(b, report); n != 5001 {
			b.Fatalf("%d rows", n)
		}
	}
	ours := b.Elapsed() / time.Duration(b.N)
	b.ReportMetric(float64(split(b, report))/float64(ours), "ratio")
}

func parse(b *testing.B, report []byte) int {
	n := 0
	for _, err := range inventory.ParseCredentialReport(bytes.NewReader(report)) {
		if err != nil {
			b.Fatal(err)
		}
		n++
	}
	return n
}

// split returns how long encoding/csv takes, the best of five.
func split(b *testing.B, report []byte) time.Duration {
	best := time.Hour
	for range 5 {
		start := time.Now()
		r := csv.NewReader(bytes.NewReader(report))
		r.ReuseRecord = true
		for {
			if _, err := r.Read(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				b.Fatal(err)
			}
		}
		best = min(best, time.Since(start))
	}
	return best
}

const reportHeader = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed," +
	"password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date," +
	"access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated," +
	"access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active," +
	"cert_1_last_rotated,cert_2_active,cert_2_last_rotated"

// credentialReport returns a report of that many users below the root row.
func credentialReport(users int) []byte {
	var out bytes.Buffer
	out.WriteString(reportHeader)
	const root = "\n<root_account>,arn:aws:iam::123456789012:root,2020-01-01T00:00:00+00:00,not_supported,2026-01-01T00:00:00+00:00," +
		"not_supported,not_supported,true,false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A"
	out.WriteString(root)
	for i := range users {
		fmt.Fprintf(&out, "\nuser%05d,arn:aws:iam::123456789012:user/team/user%05d,2021-02-03T04:05:06+00:00,true,"+
			"2026-10-01T08:09:10+00:00,2022-02-03T04:05:06+00:00,N/A,true,true,2026-09-%02dT04:05:06+00:00,"+
			"2026-10-01T08:%02d:10+00:00,eu-central-1,s3,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A", i, i, i%28+1, i%60)
	}
	return out.Bytes()
}
