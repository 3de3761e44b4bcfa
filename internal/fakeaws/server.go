package fakeaws

import "net/http"

type principal struct{}
type accessKey struct{}
type session struct{}
type bucketKey struct{}
type bucket struct{}

func iamService() service                                       { return service{} }
func stsService() service                                       { return service{} }
func newAccount(s AccountSpec) *account                         { return &account{spec: s} }
func (a *AWS) ServeHTTP(w http.ResponseWriter, r *http.Request) {}
func (a *AWS) RoundTripper() http.RoundTripper                  { return nil }
func (a *AWS) AdminKey(account string) (id, secret string)      { return "", "" }
func (a *AWS) Calls() map[string]int                            { return nil }
func (a *AWS) ResetCalls()                                      {}
func (a *AWS) Snapshot(account string) AccountSpec              { return AccountSpec{} }
func (a *AWS) Accounts() []string                               { return nil }
