package monitor

import (
	"testing"
	"time"

	"github.com/keytend/keytend/internal/policy"
)

func TestMemo(t *testing.T) {
	for _, o := range []Options{
		{MaxAge: 90 * policy.Day, Unused: 45 * policy.Day},
		{MaxAge: policy.Day, Unused: 45 * policy.Day, Organization: true},
		{MaxAge: 36 * time.Hour, Unused: 90 * time.Minute, WithoutConfig: true},
	} {
		got, told := recalled("Keytend has put no metrics for a day." + o.memo())
		if !told || got.MaxAge != o.MaxAge || got.Unused != o.Unused || got.Organization != o.Organization || got.WithoutConfig != o.WithoutConfig {
			t.Errorf("%q is read as %+v, %v", o.memo(), got, told)
		}
	}
	if _, told := recalled("An alarm of somebody's."); told {
		t.Error("what says nothing is read")
	}
}
