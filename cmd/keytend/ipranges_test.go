package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/keytend/keytend/internal/network"
)

func TestRangesOfAnAddress(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/meta" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(`{"actions": ["203.0.113.0/24"]}`))
	}))
	defer server.Close()
	a := &app{client: server.Client()}
	ranges, err := a.readRanges(t.Context(), []string{server.URL + "/meta"})
	if err != nil {
		t.Fatal(err)
	}
	if got := (network.Directory{Ranges: ranges}).Name("203.0.113.9"); got.Who != "GitHub" {
		t.Errorf("%+v", got)
	}
	if _, err := a.readRanges(t.Context(), []string{server.URL + "/nothing"}); err == nil || !strings.Contains(err.Error(), "404") {
		t.Error(err)
	}
}
