// Package docs holds the tests of what the documentation claims.
package docs

import (
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// row is one line of a table.
type row struct {
	section string // the heading it stands under
	cells   []string
}

func tableRows(t *testing.T, path string) []row {
	t.Helper()
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out []row
	section := ""
	for line := range strings.Lines(string(page)) {
		line = strings.TrimSpace(line)
		if heading, ok := strings.CutPrefix(line, "## "); ok {
			section = heading
		}
		if !strings.HasPrefix(line, "| ") {
			continue
		}
		var cells []string
		for _, c := range strings.Split(strings.Trim(line, "|"), "|") {
			cells = append(cells, strings.TrimSpace(c))
		}
		out = append(out, row{section, cells})
	}
	return out
}

// TestCosts computes the cost page again from its own prices.
func TestCosts(t *testing.T) {
	rows := tableRows(t, "cost.md")
	prices, totals, sums := map[string]float64{}, map[string]float64{}, map[string]float64{}
	for _, r := range rows {
		if r.section == "Prices" && r.cells[0] != "price" {
			prices[r.cells[0]] = number(t, r.cells[1]) / number(t, r.cells[2])
		}
	}
	lines := 0
	for _, r := range rows {
		if r.section == "Prices" || r.section == "" || r.cells[0] == "what" {
			continue
		}
		said := number(t, r.cells[3])
		if r.cells[0] == "**total**" {
			totals[r.section] = said
			continue
		}
		price, ok := prices[r.cells[2]]
		if !ok {
			t.Errorf("%s: no price is called %q", r.section, r.cells[2])
		}
		lines++
		if got := cents(quantity(t, r.cells[1]) * price); got != said {
			t.Errorf("%s: %s: %s at %s is %.2f, not %.2f", r.section, r.cells[0], r.cells[1], r.cells[2], got, said)
		}
		sums[r.section] = cents(sums[r.section] + said)
	}
	if lines < 20 || len(totals) < 6 {
		t.Fatalf("read %d lines and %d totals: is the page read right?", lines, len(totals))
	}
	for section, sum := range sums {
		if totals[section] != sum {
			t.Errorf("%s: the lines make %.2f, the total says %.2f", section, sum, totals[section])
		}
	}
	checkSummary(t, rows, totals)
}

// checkSummary: the table at the top has each section's total.
func checkSummary(t *testing.T, rows []row, totals map[string]float64) {
	t.Helper()
	anchors := map[string]float64{}
	for section, total := range totals {
		anchors[anchor(section)] = total
	}
	seen := 0
	for _, r := range rows {
		link := regexp.MustCompile(`\(#([^)]+)\)`).FindStringSubmatch(r.cells[0])
		if r.section != "" || link == nil {
			continue
		}
		seen++
		if total, ok := anchors[link[1]]; !ok || total != number(t, r.cells[1]) {
			t.Errorf("the summary says %s for %s, the section %.2f", r.cells[1], link[1], total)
		}
	}
	if seen != len(totals) {
		t.Errorf("the summary has %d of %d sections", seen, len(totals))
	}
}

// anchor is what a heading is linked by.
func anchor(heading string) string {
	words := regexp.MustCompile(`[^a-z0-9 -]`).ReplaceAllString(strings.ToLower(heading), "")
	return strings.ReplaceAll(words, " ", "-")
}

// quantity is the number of a line, after its arithmetic was done again.
func quantity(t *testing.T, text string) float64 {
	t.Helper()
	sum, said, computed := strings.Cut(text, " = ")
	got := evaluate(t, sum)
	if !computed {
		return got
	}
	digits := 0
	if _, fraction, ok := strings.Cut(said, "."); ok {
		digits = len(fraction)
	}
	if want := number(t, said); math.Abs(got-want) > 0.5*math.Pow10(-digits)+1e-9 {
		t.Errorf("%s is %s, not %s", sum, strconv.FormatFloat(got, 'f', digits, 64), said)
	}
	return number(t, said)
}

// evaluate computes numbers joined by ×, ÷ and +.
func evaluate(t *testing.T, text string) float64 {
	t.Helper()
	sum := 0.0
	for _, term := range strings.Split(text, " + ") {
		value, times := 1.0, true
		for i, word := range strings.Fields(term) {
			switch {
			case i%2 == 1:
				times = word == "×"
				if !times && word != "÷" {
					t.Errorf("%q: %q is neither × nor ÷", text, word)
				}
			case times:
				value *= number(t, word)
			default:
				value /= number(t, word)
			}
		}
		sum += value
	}
	return sum
}

func number(t *testing.T, text string) float64 {
	t.Helper()
	n, err := strconv.ParseFloat(strings.ReplaceAll(text, ",", ""), 64)
	if err != nil {
		t.Errorf("%q is no number", text)
	}
	return n
}

func cents(usd float64) float64 {
	rounded, err := strconv.ParseFloat(fmt.Sprintf("%.2f", usd), 64)
	if err != nil {
		panic(err) // Sprintf has just written it
	}
	return rounded
}
