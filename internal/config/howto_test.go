package config

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestHowTo: every policy in the documentation is one, and none is doubtful.
func TestHowTo(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "how-to", "policy.md"))
	if err != nil {
		t.Fatal(err)
	}
	page := strings.ReplaceAll(string(text), "\r\n", "\n")
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(page, -1)
	if len(blocks) < 8 {
		t.Fatalf("only %d policies", len(blocks))
	}
	for _, block := range blocks {
		p, err := Load("keytend.yaml", files{"keytend.yaml": block[1], "owners.csv": "account,user,owner\n"}.read)
		if err != nil {
			t.Errorf("%s\n%v", block[1], err)
			continue
		}
		if w := p.Warnings(); len(w) > 0 {
			t.Errorf("%s\n%v", block[1], w)
		}
	}
	_, err = Load("keytend.yaml", files{"keytend.yaml": "rules:\n  max_age: 20d\n"}.read)
	if err == nil || !strings.Contains(page, strings.Split(err.Error(), "\n")[0]) {
		t.Errorf("the page shows another error than\n%v", err)
	}
}
