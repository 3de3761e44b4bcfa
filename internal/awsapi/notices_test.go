package awsapi

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keytend/keytend/internal/fakeaws"
)

const topicARN = "arn:aws:sns:eu-central-1:" + testAccount + ":keytend"

func TestPublish(t *testing.T) {
	virtually(t, "topics", func(t *testing.T) {
		cloud, s := cloudWith(t, func(a *fakeaws.AccountSpec) {
			a.Topics = []fakeaws.TopicSpec{{Region: "eu-central-1", Name: "keytend"}, {Region: "eu-central-1", Name: "keytend.fifo"}}
		})
		for range 2 {
			for _, topic := range []string{topicARN, topicARN + ".fifo"} {
				if err := s.Publish(t.Context(), topic, "1 key needs you", "Grüße & <more>", "m1"); err != nil {
					t.Fatal(err)
				}
			}
		}
		var got []string
		for _, p := range cloud.Published(testAccount, "eu-central-1") {
			got = append(got, p.Topic+" "+p.Subject+" "+p.Message)
		}
		want := []string{"keytend 1 key needs you Grüße & <more>", "keytend.fifo 1 key needs you Grüße & <more>", "keytend 1 key needs you Grüße & <more>"}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		err := s.Publish(t.Context(), topicARN+"-none", "s", "m", "m1")
		if ClassOf(err) != NotFound {
			t.Errorf("%v is %s, want NotFound", err, ClassOf(err))
		}
	})
}

func TestPutEvent(t *testing.T) {
	virtually(t, "buses", func(t *testing.T) {
		cloud, s := cloudWith(t, nil)
		if err := s.PutEvent(t.Context(), "default", "Keytend Notice", `{"id":"m1"}`); err != nil {
			t.Fatal(err)
		}
		got := cloud.BusEvents(testAccount, "eu-west-1")
		if len(got) != 1 || got[0].Source != "keytend" || got[0].DetailType != "Keytend Notice" || got[0].Detail != `{"id":"m1"}` {
			t.Errorf("%+v", got)
		}
		err := s.PutEvent(t.Context(), "none", "Keytend Notice", "{}")
		var call *Error
		if !errors.As(err, &call) || call.Class != NotFound || call.Call != "events:DescribeEventBus" {
			t.Errorf("a bus that there is not: %v", err)
		}
		if err = s.PutEvent(t.Context(), "default", "", "{}"); !errors.As(err, &call) || call.Code != "InvalidArgument" || call.Call != "events:PutEvents" {
			t.Errorf("an entry that was not taken: %v", err)
		}
	})
}
