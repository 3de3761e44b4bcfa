package stored

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/keytend/keytend/internal/accesskey"
	"github.com/keytend/keytend/internal/rotation"
)

var next = rotation.Credential{ID: "AKIAI44QH8DHBEXAMPLE", Secret: accesskey.NewSecret("je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY")}

const nextSecret = "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY"

func TestWrite(t *testing.T) {
	for name, tt := range map[string]struct {
		document   Document
		text, want string // of want, ID and SECRET stand for the new ones
	}{
		"default":             {Document{}, `{"username":"ana","accessKeyId":"AKIA","secretAccessKey":"s"}`, `{"username":"ana","accessKeyId":"ID","secretAccessKey":"SECRET"}`},
		"environment":         {Document{}, `{"AWS_ACCESS_KEY_ID":"AKIA","AWS_SECRET_ACCESS_KEY":"s"}`, `{"AWS_ACCESS_KEY_ID":"ID","AWS_SECRET_ACCESS_KEY":"SECRET"}`},
		"snake, secret first": {Document{}, `{"secret_access_key":"s","access_key_id":"AKIA"}`, `{"secret_access_key":"SECRET","access_key_id":"ID"}`},
		"credentials file":    {Document{}, `{"aws_access_key_id":"AKIA","aws_secret_access_key":"s"}`, `{"aws_access_key_id":"ID","aws_secret_access_key":"SECRET"}`},
		"short":               {Document{}, `{"AccessKey":"AKIA","SecretKey":"s"}`, `{"AccessKey":"ID","SecretKey":"SECRET"}`},
		"spacing and neighbours": {Document{},
			"\n{ \"z\" : [1, {\"accessKeyId\": \"no\"}],\t\"accessKeyId\"  :\"\\u0041KIA\" , \"n\": 1.50, \"secretAccessKey\":\n\"s\", \"ü\": \"\\u00fc\" }\r\n",
			"\n{ \"z\" : [1, {\"accessKeyId\": \"no\"}],\t\"accessKeyId\"  :\"ID\" , \"n\": 1.50, \"secretAccessKey\":\n\"SECRET\", \"ü\": \"\\u00fc\" }\r\n"},
		"null":              {Document{}, `{"accessKeyId":null,"secretAccessKey":null}`, `{"accessKeyId":"ID","secretAccessKey":"SECRET"}`},
		"empty token":       {Document{}, `{"accessKeyId":"a","secretAccessKey":"s","sessionToken":""}`, `{"accessKeyId":"ID","secretAccessKey":"SECRET","sessionToken":""}`},
		"empty":             {Document{}, `{}`, `{"accessKeyId": "ID", "secretAccessKey": "SECRET"}`},
		"empty, of ana":     {Document{User: "ana"}, "{\n}\n", "{\"username\": \"ana\", \"accessKeyId\": \"ID\", \"secretAccessKey\": \"SECRET\"}\n"},
		"chosen":            {Document{IDField: "id", SecretField: "s"}, `{"accessKeyId":"other","id":"AKIA","s":"x"}`, `{"accessKeyId":"other","id":"ID","s":"SECRET"}`},
		"chosen, added":     {Document{IDField: "id", SecretField: "s"}, "{\n  \"host\": \"h\"\n}", "{\n  \"host\": \"h\",\n  \"id\": \"ID\",\n  \"s\": \"SECRET\"\n}"},
		"chosen, one added": {Document{IDField: "id", SecretField: "s"}, `{"s":"x","host":1}`, `{"s":"SECRET","host":1,"id": "ID"}`},
		"chosen, empty":     {Document{IDField: "id", SecretField: "s", User: "ana"}, `{}`, `{"id": "ID", "s": "SECRET"}`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := tt.document.Write(tt.text, next)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.NewReplacer(`"ID"`, `"`+string(next.ID)+`"`, `"SECRET"`, `"`+nextSecret+`"`).Replace(tt.want), got); diff != "" {
				t.Error(diff)
			}
			held, err := tt.document.Read(got)
			if err != nil || held.ID != next.ID || held.Secret.Reveal() != nextSecret {
				t.Errorf("reads back %+v, %v", held, err)
			}
		})
	}
}

func TestRestore(t *testing.T) {
	chosen := Document{IDField: "id", SecretField: "s"}
	for name, tt := range map[string]struct {
		document        Document
		was, text, want string
	}{
		"nothing else":          {Document{}, `{"accessKeyId":"a","secretAccessKey":"b"}`, `{"accessKeyId":"c","secretAccessKey":"d"}`, `{"accessKeyId":"a","secretAccessKey":"b"}`},
		"changed beside it":     {Document{}, `{"accessKeyId":"a","secretAccessKey":"b","n":1}`, `{"accessKeyId":"c","secretAccessKey":"d","n":2,"m":"x"}`, `{"accessKeyId":"a","secretAccessKey":"b","n":2,"m":"x"}`},
		"fields renamed":        {Document{}, `{"accessKeyId":"a","secretAccessKey":"b"}`, `{"AWS_SECRET_ACCESS_KEY":"d","AWS_ACCESS_KEY_ID":"c"}`, `{"AWS_SECRET_ACCESS_KEY":"b","AWS_ACCESS_KEY_ID":"a"}`},
		"null, escaped":         {Document{}, `{"accessKeyId":null,"secretAccessKey":"\u0062"}`, `{"accessKeyId":"c","secretAccessKey":"d"}`, `{"accessKeyId":null,"secretAccessKey":"\u0062"}`},
		"emptied by somebody":   {Document{}, `{"accessKeyId":"a","secretAccessKey":"b","n":1}`, `{ }`, `{"accessKeyId": "a","secretAccessKey": "b"}`},
		"was empty":             {Document{User: "ana"}, `{}`, `{"username": "ana", "accessKeyId": "c", "secretAccessKey": "d"}`, `{}`},
		"was empty, then more":  {Document{User: "ana"}, `{}`, `{"username": "ana", "accessKeyId": "c", "n": 1, "secretAccessKey": "d"}`, `{"username": "ana", "accessKeyId": "", "n": 1, "secretAccessKey": ""}`},
		"was empty, other name": {Document{User: "ana"}, `{}`, `{"username": "bob", "accessKeyId": "c", "secretAccessKey": "d"}`, `{"username": "bob", "accessKeyId": "", "secretAccessKey": ""}`},
		"name changed":          {Document{User: "ana"}, `{"username":"x","accessKeyId":"a","secretAccessKey":"b"}`, `{"username":"ana","accessKeyId":"c","secretAccessKey":"d"}`, `{"username":"ana","accessKeyId":"a","secretAccessKey":"b"}`},
		"chosen, added":         {chosen, `{"host":"h"}`, "{\n \"host\": \"i\",\n \"id\": \"c\",\n \"s\": \"d\"\n}", "{\n \"host\": \"i\"\n}"},
		"chosen, first, added":  {chosen, `{"host":"h"}`, `{"id":"c","s":"d","host":"i"}`, `{"host":"i"}`},
		"chosen, one added":     {chosen, `{"s":"b"}`, `{"id":"c","s":"d","host":"i"}`, `{"s":"b","host":"i"}`},
		"chosen, empty":         {Document{IDField: "id", SecretField: "s", User: "ana"}, `{}`, `{"id": "c", "s": "d", "username":"ana"}`, `{ "username":"ana"}`},
	} {
		t.Run(name, func(t *testing.T) {
			for text := tt.text; ; text = tt.want { // and once more, when it is so already
				got, err := tt.document.Restore(text, tt.was)
				if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
					t.Fatalf("%v %s", err, diff)
				}
				if text == tt.want {
					return
				}
			}
		})
	}
	for text, was := range map[string]string{`{"accessKeyId":"a","secretAccessKey":"hush","sessionToken":"t"}`: `{}`, `{}`: `hush`} {
		if got, err := (Document{}).Restore(text, was); err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s %v", got, err)
		}
	}
}

func TestRefused(t *testing.T) {
	for text, want := range map[string]string{
		``:                          "not a JSON object",
		`wJalrXUtnFEMI`:             "not a JSON object",
		`AKIAIOSFODNN7EXAMPLE:hush`: "not a JSON object",
		`["AKIA","hush"]`:           "not a JSON object",
		`{"accessKeyId":"AKIA","secretAccessKey":"hush"`:                                       "not a JSON object",
		`{"accessKeyId":"AKIA","secretAccessKey":"hush"} {}`:                                   "not a JSON object",
		`{"password":"hush"}`:                                                                  "no access key could be recognised",
		`{"accessKeyId":"AKIA","password":"hush"}`:                                             `"accessKeyId" but no field for the secret`,
		`{"secretAccessKey":"hush"}`:                                                           `"secretAccessKey" but no field for the key ID`,
		`{"accessKeyId":"AKIA","secretAccessKey":"hush","sessionToken":"hush"}`:                `"sessionToken"`,
		`{"accessKeyId":"AKIA","access_key_id":"AKIA","secretAccessKey":"hush"}`:               `both "accessKeyId" and "access_key_id"`,
		`{"accessKeyId":"AKIA","accessKeyId":"AKIA","secretAccessKey":"hush"}`:                 `"accessKeyId" stands there twice`,
		`{"accessKeyId":"AKIA","secretAccessKey":["hush"]}`:                                    `"secretAccessKey" is not a text`,
		`{"oldAccessKeyId":"x","accessKeyId":"AKIA","secretKey":"a","secretAccessKey":"hush"}`: `both "secretKey" and "secretAccessKey"`,
	} {
		_, err := Document{}.Write(text, next)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// FuzzWrite changes texts of any kind: what comes out holds the new pair, and
// every other field as it was; and a restore undoes it.
func FuzzWrite(f *testing.F) {
	for _, text := range []string{`{}`, `{"accessKeyId":"a","secretAccessKey":"s","n":[1,{}]}`, "{\n \"AWS_ACCESS_KEY_ID\" : null,\"aws-secret-key\":\"\\\"\" , \"x\": 1e5}", `{"a":1}`, `{"accessKeyId":"\ud800","secretAccessKey":""}`} {
		f.Add(text, "")
		f.Add(text, "id")
	}
	f.Fuzz(func(t *testing.T, text, field string) {
		if !utf8.ValidString(field) {
			return // Parse refuses it
		}
		d := Document{IDField: field}
		if field != "" {
			d.SecretField = field + "secret"
		}
		got, err := d.Write(text, next)
		if err != nil {
			return
		}
		held, err := d.Read(got)
		if err != nil || held.ID != next.ID || held.Secret.Reveal() != nextSecret {
			t.Fatalf("%q became %q: %+v %v", text, got, held, err)
		}
		before, after := map[string]json.RawMessage{}, map[string]json.RawMessage{}
		if json.Unmarshal([]byte(text), &before) != nil || json.Unmarshal([]byte(got), &after) != nil {
			t.Fatalf("%q became %q", text, got)
		}
		for name, value := range before {
			if string(after[name]) != string(value) && !strings.Contains(string(after[name]), string(next.ID)) && !strings.Contains(string(after[name]), nextSecret) {
				t.Fatalf("%q became %q: field %q", text, got, name)
			}
		}
		back, err := d.Restore(got, text)
		restored := map[string]json.RawMessage{}
		if err != nil || json.Unmarshal([]byte(back), &restored) != nil || !cmp.Equal(before, restored) {
			t.Fatalf("%q became %q and then %q: %v", text, got, back, err)
		}
	})
}

func TestParse(t *testing.T) {
	for where, want := range map[string]Spec{
		"prod/billing":                        {Name: "prod/billing"},
		"prod/billing?region=us-gov-west-1":   {Name: "prod/billing", Region: "us-gov-west-1"},
		"x?key-field=id&secret-field=the+key": {Name: "x", IDField: "id", SecretField: "the key"},
	} {
		got, err := Parse(where)
		if err != nil || got != want {
			t.Errorf("%s: %+v %v", where, got, err)
		}
		again, err := Parse(got.String())
		if err != nil || again != want {
			t.Errorf("%s: %+v %v", got, again, err)
		}
	}
	for _, where := range []string{"x?region=", "x?region=nowhere", "x?zone=a", "x?key-field=id", "x?region=eu-west-1&region=eu-west-2", "x?key-field=a&secret-field=a", "x?%zz"} {
		if spec, err := Parse(where); err == nil {
			t.Errorf("%s: %+v", where, spec)
		}
	}
}
