package main

import (
	"testing"

	"github.com/keytend/keytend/internal/ranking"
)

// TestSurveyMemory: a survey stays below 256 MiB with the program's own 40, and
// has room for the items that it holds and for what is under way.
func TestSurveyMemory(t *testing.T) {
	const item, program, transient = 1 << 10, 40 << 20, 100 << 20
	if surveyMemory+program >= 256<<20 {
		t.Errorf("%d MiB", (surveyMemory+program)>>20)
	}
	if need := ranking.ItemsHeld*item + transient; surveyMemory < need {
		t.Errorf("%d MiB, and what is held and under way alone takes %d", surveyMemory>>20, need>>20)
	}
}
