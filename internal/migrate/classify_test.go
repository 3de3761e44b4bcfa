package migrate

import (
	"bufio"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/keytend/keytend/internal/useragent"
)

// sample is one labelled event.
type sample struct {
	line  string
	class Workload
	place Place
}

func readSamples(t *testing.T, name string) []sample {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var out []sample
	lines := bufio.NewScanner(strings.NewReader(string(text)))
	for lines.Scan() {
		if line := lines.Text(); !strings.HasPrefix(line, "#") {
			out = append(out, parseSample(t, line))
		}
	}
	return out
}

func parseSample(t *testing.T, line string) sample {
	t.Helper()
	f := strings.Split(line, " | ")
	if len(f) != 7 || !slices.Contains(Workloads(), Workload(f[0])) {
		t.Fatalf("not a sample: %q", line)
	}
	from := Origin(f[2])
	switch owner := f[3]; owner {
	case "-":
	case "own":
		from = FromOwn
	default:
		from = FromEndpoint
	}
	return sample{line: line, class: Workload(f[0]), place: Place{Agent: useragent.Parse(f[4]), Network: f[1], From: from}}
}

// tally counts, for one class, what was taken for it rightly, wrongly, and what
// was missed.
type tally struct{ right, wrong, missed int }

func (c tally) precision() float64 { return share(c.right, c.wrong) }
func (c tally) recall() float64    { return share(c.right, c.missed) }

func share(right, other int) float64 {
	if right+other == 0 {
		return 1
	}
	return float64(right) / float64(right+other)
}

// The bars. Samples that rules were written from must fit nearly all; what was
// held out says what to expect of events never seen.
var bars = []struct {
	file                     string
	precision, recall, total float64 // of each class, and right answers of all
}{
	{"known.txt", 0.8, 0.8, 0.95},
	{"held-out.txt", 0.75, 0.7, 0.9},
}

func TestClassifierKeepsItsBar(t *testing.T) {
	samples := 0
	for _, bar := range bars {
		set := readSamples(t, bar.file)
		samples += len(set)
		counts, right := judgeAll(t, set)
		t.Logf("%s: %d of %d right", bar.file, right, len(set))
		for _, w := range Workloads() {
			c, ok := counts[w]
			if !ok {
				continue
			}
			t.Logf("  %-32s precision %.2f  recall %.2f  (%d right, %d wrongly taken for it, %d missed)", w, c.precision(), c.recall(), c.right, c.wrong, c.missed)
			if c.precision() < bar.precision || c.recall() < bar.recall {
				t.Errorf("%s: %s is below the bar of %.2f and %.2f", bar.file, w, bar.precision, bar.recall)
			}
		}
		if total := share(right, len(set)-right); total < bar.total {
			t.Errorf("%s: %.3f right, below the bar of %.2f", bar.file, total, bar.total)
		}
	}
	if samples < 200 {
		t.Errorf("only %d samples", samples)
	}
}

func judgeAll(t *testing.T, set []sample) (counts map[Workload]*tally, right int) {
	counts = map[Workload]*tally{}
	of := func(w Workload) *tally {
		if counts[w] == nil {
			counts[w] = &tally{}
		}
		return counts[w]
	}
	for _, s := range set {
		v := Judge(s.place)
		if v.Workload == s.class {
			of(s.class).right++
			right++
			continue
		}
		of(s.class).missed++
		of(v.Workload).wrong++
		t.Logf("taken for %s (%.2f): %s", v.Workload, v.Confidence, s.line)
	}
	return counts, right
}

// Where rules may be wrong they are not sure: what a person is told to be certain
// has to be so, and what can't be told is told as a guess.
func TestClassifierIsNotSureOfWhatIsHard(t *testing.T) {
	const sure = 0.87
	set := readSamples(t, "hard.txt")
	counts := map[Workload]*tally{}
	right := 0
	for _, s := range set {
		v := Judge(s.place)
		said := v.Workload
		if v.Confidence <= Guess && s.class == Unknown {
			said = Unknown // a guess, told as such
		}
		if counts[s.class] == nil {
			counts[s.class] = &tally{}
		}
		if said == s.class {
			counts[s.class].right++
			right++
		} else {
			counts[s.class].missed++
			t.Errorf("taken for %s with %.2f: %s", v.Workload, v.Confidence, s.line)
		}
		if v.Confidence > sure {
			t.Errorf("%.2f is too sure: %s", v.Confidence, s.line)
		}
	}
	t.Logf("hard.txt: %d of %d right, a guess where there is no telling", right, len(set))
	for _, w := range Workloads() {
		if c, ok := counts[w]; ok {
			t.Logf("  %-32s recall %.2f  (%d right, %d missed)", w, c.recall(), c.right, c.missed)
		}
	}
}

func TestRulesAreWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Rules() {
		switch {
		case r.Name == "" || r.Reason == "" || r.Source == "" || r.Confidence <= 0 || r.Confidence >= 1:
			t.Errorf("rule %q lacks something", r.Name)
		case seen[r.Name]:
			t.Errorf("rule %q is there twice", r.Name)
		case reflect.DeepEqual(r, Rule{Name: r.Name, Workload: r.Workload, Confidence: r.Confidence, Reason: r.Reason, Source: r.Source}):
			t.Errorf("rule %q fits everything", r.Name)
		}
		seen[r.Name] = true
	}
}

// A user agent is written by whoever calls: what says Lambda from somebody's own
// line is no sure Lambda, and is not taken for one that is.
func TestAForgedUserAgentProvesLittle(t *testing.T) {
	agent := useragent.Parse("aws-sdk-go-v2/1.30.0 os/linux lang/go#1.22 exec-env/AWS_Lambda_go1.x")
	for from, sure := range map[Origin]bool{FromAWS: true, FromOwn: true, FromStranger: true, FromPrivate: true, FromOther: false} {
		v := Judge(Place{Agent: agent, Network: "203.0.113.9", From: from})
		if v.Workload != Lambda || (v.Confidence >= inherited) != sure || !sure && v.Confidence > 0.6 {
			t.Errorf("%s: %s, %.2f", from, v.Workload, v.Confidence)
		}
	}
}
