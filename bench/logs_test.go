package bench

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/evidence"
	"github.com/keytend/keytend/internal/usage"
)

// BenchmarkLogs reads a packed CloudTrail log file of 32 MB for one key, on one
// core: every hundredth record is the key's, every one, and beside it what
// encoding/json needs for the same. MB/s are those of the records unpacked, which
// are about as many times larger as real ones are.
func BenchmarkLogs(b *testing.B) {
	for _, every := range []int{100, 1} {
		packed, size := packedLog(b, 32<<20, every)
		b.Run(fmt.Sprintf("key-in-1-of-%d", every), func(b *testing.B) {
			b.SetBytes(int64(size))
			b.ReportMetric(float64(size)/float64(len(packed)), "×packed")
			logs := evidence.Logs{Account: "123456789012", Store: oneFile(packed), Keep: forgetful{}, Since: logsFrom, Now: logsFrom.Add(24 * time.Hour)}
			for b.Loop() {
				found, err := logs.Collect(b.Context(), []accesskey.ID{logsKey})
				if err != nil || len(found[logsKey].Uses) == 0 || len(found[logsKey].Unread) > 0 {
					b.Fatal(found, err)
				}
			}
		})
		b.Run(fmt.Sprintf("encoding-json-1-of-%d", every), func(b *testing.B) {
			b.SetBytes(int64(size))
			for b.Loop() {
				readWhole(b, packed)
			}
		})
	}
}

const logsKey = accesskey.ID("AKIAIOSFODNN7EXAMPLE")

var logsFrom = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)

// packedLog is a log file of about so many bytes, one record of so many the key's.
func packedLog(b *testing.B, size, every int) (packed []byte, unpacked int) {
	b.Helper()
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	write := func(text string) {
		unpacked += len(text)
		if _, err := io.WriteString(zip, text); err != nil {
			b.Fatal(err)
		}
	}
	write(`{"Records":[`)
	for n := 0; unpacked < size; n++ {
		key := "ASIAIOSFODNN7EXAMPLE"
		if n%every == 0 {
			key = string(logsKey)
		}
		if n > 0 {
			write(",")
		}
		write(logRecord(n, key))
	}
	write(`]}`)
	if err := zip.Close(); err != nil {
		b.Fatal(err)
	}
	return out.Bytes(), unpacked
}

// logRecord is as long, and as different from its neighbours, as records are.
func logRecord(n int, key string) string {
	at := logsFrom.Add(time.Duration(n%86400) * time.Second).Format(time.RFC3339)
	return fmt.Sprintf(`{"eventVersion":"1.11","userIdentity":{"type":"IAMUser","principalId":"AIDAIOSFODNN7EXAMPLE","arn":"arn:aws:iam::123456789012:user/service/svc-%d","accountId":"123456789012","accessKeyId":"%s","userName":"svc-%d"},`+
		`"eventTime":"%s","eventSource":"ec2.amazonaws.com","eventName":"DescribeInstances","awsRegion":"eu-central-1","sourceIPAddress":"192.0.2.%d","userAgent":"Boto3/1.34.%d md/Botocore#1.34.0 ua/2.0 os/linux#6.1.72-96.166.amzn2023.x86_64 md/arch#x86_64 lang/python#3.13.0 md/pyimpl#CPython cfg/retry-mode#legacy Botocore/1.34.0",`+
		`"requestParameters":{"instancesSet":{"items":[{"instanceId":"i-%016x"}]},"filterSet":{"items":[{"name":"tag:Name","valueSet":{"items":[{"value":"web-%d \"blue\""}]}}]},"maxResults":1000},"responseElements":null,`+
		`"requestID":"%016x-%016x","eventID":"%016x-%016x","readOnly":true,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"123456789012","eventCategory":"Management",`+
		`"tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"ec2.eu-central-1.amazonaws.com"}}`,
		n%50, key, n%50, at, n%200, n%9, mixed(n, 1), n%300, mixed(n, 2), mixed(n, 3), mixed(n, 4), mixed(n, 5))
}

// mixed is a number that can't be packed.
func mixed(n int, of uint64) uint64 { return rand.NewPCG(uint64(n), of).Uint64() }

func readWhole(b *testing.B, packed []byte) {
	b.Helper()
	zip, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		b.Fatal(err)
	}
	var file struct {
		Records []struct {
			UserIdentity                                              struct{ AccessKeyID string }
			EventTime, EventSource, EventName, AWSRegion, ErrorCode   string
			SourceIPAddress, UserAgent, EventID, VPCEndpointID, Unset string
		}
	}
	if err := json.NewDecoder(zip).Decode(&file); err != nil {
		b.Fatal(err)
	}
}

// oneFile is a store of one packed log file.
type oneFile []byte

func (oneFile) String() string { return "memory" }
func (oneFile) List(_ context.Context, _ time.Time, each func(string) error) error {
	return each("log.json.gz")
}
func (f oneFile) Open(_ context.Context, _ string, read func(io.Reader) error) error {
	return read(bytes.NewReader(f))
}

// forgetful keeps nothing.
type forgetful struct{}

func (forgetful) Reading(context.Context, usage.Stream) (usage.Reading, []usage.Use, error) {
	return usage.Reading{}, nil, nil
}
func (forgetful) KeepReading(context.Context, usage.Stream, usage.Reading, []usage.Use) error {
	return nil
}
