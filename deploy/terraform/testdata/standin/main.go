// Command standin is a Terraform provider by the name of hashicorp/aws that
// calls no AWS: its schemas are the table in ../provider.json, whatever is
// planned is done at once, and policy documents are rendered. With it,
// Terraform itself evaluates the module where the real provider can't be had.
//
// It says nothing about whether AWS would take what is asked of it.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tfprotov5/tf5server"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// schema is one entry of the table.
type schema struct {
	Required, Optional, Computed map[string]string
	Blocks                       map[string]schema
	Want                         bool
}

func main() {
	text, err := os.ReadFile(os.Getenv("KEYTEND_PROVIDER_TABLE"))
	if err != nil {
		log.Fatal(err)
	}
	var table struct{ Types map[string]schema }
	if err := json.Unmarshal(text, &table); err != nil {
		log.Fatal(err)
	}
	err = tf5server.Serve("registry.terraform.io/hashicorp/aws", func() tfprotov5.ProviderServer { return &provider{types: table.Types} })
	if err != nil {
		log.Fatal(err)
	}
}

// provider implements what Terraform calls of it; anything else is a nil
// interface's method, and panics.
type provider struct {
	tfprotov5.ProviderServer
	types map[string]schema
}

var types = map[string]tftypes.Type{
	"string": tftypes.String, "number": tftypes.Number, "bool": tftypes.Bool,
	"list(string)": tftypes.List{ElementType: tftypes.String},
	"set(string)":  tftypes.Set{ElementType: tftypes.String},
	"map(string)":  tftypes.Map{ElementType: tftypes.String},
}

func (s schema) block(tagsAll bool) *tfprotov5.SchemaBlock {
	out := &tfprotov5.SchemaBlock{}
	add := func(names map[string]string, set func(*tfprotov5.SchemaAttribute)) {
		for _, name := range slices.Sorted(maps.Keys(names)) {
			a := &tfprotov5.SchemaAttribute{Name: name, Type: types[names[name]]}
			set(a)
			out.Attributes = append(out.Attributes, a)
		}
	}
	add(s.Required, func(a *tfprotov5.SchemaAttribute) { a.Required = true })
	add(s.Optional, func(a *tfprotov5.SchemaAttribute) { a.Optional = true; a.Computed = tagsAll && computedToo[a.Name] })
	add(s.Computed, func(a *tfprotov5.SchemaAttribute) { a.Computed = true })
	for _, name := range slices.Sorted(maps.Keys(s.Blocks)) {
		nested := s.Blocks[name]
		b := &tfprotov5.SchemaNestedBlock{TypeName: name, Nesting: tfprotov5.SchemaNestedBlockNestingModeList, Block: nested.block(false)}
		if nested.Want {
			b.MinItems = 1
		}
		out.BlockTypes = append(out.BlockTypes, b)
	}
	return out
}

// configuration is what the provider itself takes, as far as it is used here.
var configuration = schema{
	Optional: map[string]string{"region": "string"},
	Blocks:   map[string]schema{"ignore_tags": {Optional: map[string]string{"keys": "set(string)", "key_prefixes": "set(string)"}}},
}

// computedToo are arguments that AWS chooses where nobody does.
var computedToo = map[string]bool{"name": true, "target_id": true, "arn": true}

func (p *provider) GetMetadata(context.Context, *tfprotov5.GetMetadataRequest) (*tfprotov5.GetMetadataResponse, error) {
	return nil, fmt.Errorf("not served")
}

func (p *provider) GetResourceIdentitySchemas(context.Context, *tfprotov5.GetResourceIdentitySchemasRequest) (*tfprotov5.GetResourceIdentitySchemasResponse, error) {
	return &tfprotov5.GetResourceIdentitySchemasResponse{}, nil
}

func (p *provider) GetProviderSchema(context.Context, *tfprotov5.GetProviderSchemaRequest) (*tfprotov5.GetProviderSchemaResponse, error) {
	out := &tfprotov5.GetProviderSchemaResponse{
		Provider:          &tfprotov5.Schema{Block: configuration.block(false)},
		ResourceSchemas:   map[string]*tfprotov5.Schema{},
		DataSourceSchemas: map[string]*tfprotov5.Schema{},
	}
	for kind, s := range p.types {
		if name, data := strings.CutPrefix(kind, "data."); data {
			out.DataSourceSchemas[name] = &tfprotov5.Schema{Block: s.block(true)}
		} else {
			out.ResourceSchemas[kind] = &tfprotov5.Schema{Block: s.block(true)}
		}
	}
	return out, nil
}

func (p *provider) PrepareProviderConfig(_ context.Context, r *tfprotov5.PrepareProviderConfigRequest) (*tfprotov5.PrepareProviderConfigResponse, error) {
	return &tfprotov5.PrepareProviderConfigResponse{PreparedConfig: r.Config}, nil
}

func (p *provider) ConfigureProvider(context.Context, *tfprotov5.ConfigureProviderRequest) (*tfprotov5.ConfigureProviderResponse, error) {
	return &tfprotov5.ConfigureProviderResponse{}, nil
}

func (p *provider) StopProvider(context.Context, *tfprotov5.StopProviderRequest) (*tfprotov5.StopProviderResponse, error) {
	return &tfprotov5.StopProviderResponse{}, nil
}

func (p *provider) ValidateResourceTypeConfig(context.Context, *tfprotov5.ValidateResourceTypeConfigRequest) (*tfprotov5.ValidateResourceTypeConfigResponse, error) {
	return &tfprotov5.ValidateResourceTypeConfigResponse{}, nil
}

func (p *provider) ValidateDataSourceConfig(context.Context, *tfprotov5.ValidateDataSourceConfigRequest) (*tfprotov5.ValidateDataSourceConfigResponse, error) {
	return &tfprotov5.ValidateDataSourceConfigResponse{}, nil
}

func (p *provider) UpgradeResourceState(_ context.Context, r *tfprotov5.UpgradeResourceStateRequest) (*tfprotov5.UpgradeResourceStateResponse, error) {
	v, err := r.RawState.Unmarshal(p.types[r.TypeName].block(true).ValueType())
	if err != nil {
		return nil, err
	}
	d, err := tfprotov5.NewDynamicValue(p.types[r.TypeName].block(true).ValueType(), v)
	return &tfprotov5.UpgradeResourceStateResponse{UpgradedState: &d}, err
}

func (p *provider) ReadResource(_ context.Context, r *tfprotov5.ReadResourceRequest) (*tfprotov5.ReadResourceResponse, error) {
	return &tfprotov5.ReadResourceResponse{NewState: r.CurrentState}, nil
}

// PlanResourceChange leaves what AWS chooses unknown until it is applied; what
// is there already keeps it.
func (p *provider) PlanResourceChange(_ context.Context, r *tfprotov5.PlanResourceChangeRequest) (*tfprotov5.PlanResourceChangeResponse, error) {
	planned, err := p.fill(r.TypeName, r.ProposedNewState, func(string, tftypes.Type, map[string]tftypes.Value) any { return tftypes.UnknownValue })
	return &tfprotov5.PlanResourceChangeResponse{PlannedState: planned}, err
}

func (p *provider) ApplyResourceChange(_ context.Context, r *tfprotov5.ApplyResourceChangeRequest) (*tfprotov5.ApplyResourceChangeResponse, error) {
	done, err := p.fill(r.TypeName, r.PlannedState, func(attribute string, t tftypes.Type, fields map[string]tftypes.Value) any {
		switch {
		case t.Is(tftypes.Number):
			return 1
		case t.Is(tftypes.Bool):
			return true
		case attribute == "arn":
			return arn(r.TypeName, fields)
		}
		return "example"
	})
	return &tfprotov5.ApplyResourceChangeResponse{NewState: done}, err
}

// fill gives a value to every attribute that AWS chooses and nobody has set.
func (p *provider) fill(kind string, state *tfprotov5.DynamicValue, with func(string, tftypes.Type, map[string]tftypes.Value) any) (*tfprotov5.DynamicValue, error) {
	s := p.types[kind].block(true)
	v, err := state.Unmarshal(s.ValueType())
	if err != nil || v.IsNull() {
		return state, err
	}
	var fields map[string]tftypes.Value
	if err := v.As(&fields); err != nil {
		return nil, err
	}
	for _, a := range s.Attributes {
		if a.Computed && (fields[a.Name].IsNull() || !fields[a.Name].IsKnown()) {
			fields[a.Name] = tftypes.NewValue(a.Type, with(a.Name, a.Type, fields))
		}
	}
	d, err := tfprotov5.NewDynamicValue(s.ValueType(), tftypes.NewValue(s.ValueType(), fields))
	return &d, err
}

// arn is what AWS would call a resource.
func arn(kind string, fields map[string]tftypes.Value) string {
	begin := map[string]string{
		"aws_cloudwatch_log_group":    "logs:us-east-1:123456789012:log-group:",
		"aws_iam_role":                "iam::123456789012:role/",
		"aws_iam_policy":              "iam::123456789012:policy/",
		"aws_lambda_function":         "lambda:us-east-1:123456789012:function:",
		"aws_sns_topic":               "sns:us-east-1:123456789012:",
		"aws_cloudwatch_event_rule":   "events:us-east-1:123456789012:rule/",
		"aws_cloudwatch_metric_alarm": "cloudwatch:us-east-1:123456789012:alarm:",
		"aws_scheduler_schedule":      "scheduler:us-east-1:123456789012:schedule/default/",
	}[kind]
	for _, name := range []string{"name", "function_name", "alarm_name"} {
		if called := word(fields[name]); called != "" && begin != "" {
			return "arn:aws:" + begin + called
		}
	}
	return "arn:aws:example:us-east-1:123456789012:" + kind
}

// known are what the data sources say, in AWS's documentation's account.
var known = map[string]string{
	"account_id": "123456789012", "partition": "aws", "dns_suffix": "amazonaws.com", "description": "US East (N. Virginia)", "user_id": "AIDACKCEVSQ6C2EXAMPLE",
	"arn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/billing-a1b2c3",
}

func (p *provider) ReadDataSource(_ context.Context, r *tfprotov5.ReadDataSourceRequest) (*tfprotov5.ReadDataSourceResponse, error) {
	s := p.types["data."+r.TypeName].block(true)
	v, err := r.Config.Unmarshal(s.ValueType())
	if err != nil {
		return nil, err
	}
	var fields map[string]tftypes.Value
	if err := v.As(&fields); err != nil {
		return nil, err
	}
	for _, a := range s.Attributes {
		if list := types["list(string)"]; a.Computed && a.Type.Is(list) {
			fields[a.Name] = tftypes.NewValue(list, []tftypes.Value{tftypes.NewValue(tftypes.String, "arn:aws:sso:::instance/ssoins-1111111111111111")})
		}
		if !a.Computed || !fields[a.Name].IsNull() || !a.Type.Is(tftypes.String) {
			continue
		}
		said := known[a.Name]
		if a.Name == "id" {
			said = "us-east-1"
		}
		if r.TypeName == "aws_iam_policy_document" {
			if said, err = document(fields["statement"]); err != nil {
				return nil, err
			}
		}
		fields[a.Name] = tftypes.NewValue(tftypes.String, said)
	}
	d, err := tfprotov5.NewDynamicValue(s.ValueType(), tftypes.NewValue(s.ValueType(), fields))
	return &tfprotov5.ReadDataSourceResponse{State: &d}, err
}

// document is the policy as JSON.
func document(statements tftypes.Value) (string, error) {
	var out []map[string]any
	for _, st := range blocks(statements) {
		one := map[string]any{"Effect": "Allow", "Action": words(st["actions"])}
		if e := word(st["effect"]); e != "" {
			one["Effect"] = e
		}
		if sid := word(st["sid"]); sid != "" {
			one["Sid"] = sid
		}
		for name, field := range map[string]string{"Resource": "resources", "NotResource": "not_resources"} {
			if r := words(st[field]); len(r) > 0 {
				one[name] = r
			}
		}
		for _, who := range blocks(st["principals"]) {
			one["Principal"] = map[string]any{word(who["type"]): words(who["identifiers"])}
		}
		conditions := map[string]map[string][]string{}
		for _, c := range blocks(st["condition"]) {
			test := word(c["test"])
			if conditions[test] == nil {
				conditions[test] = map[string][]string{}
			}
			conditions[test][word(c["variable"])] = words(c["values"])
		}
		if len(conditions) > 0 {
			one["Condition"] = conditions
		}
		out = append(out, one)
	}
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": out})
	return string(text), err
}

func blocks(v tftypes.Value) []map[string]tftypes.Value {
	var list []tftypes.Value
	if v.IsNull() || v.As(&list) != nil {
		return nil
	}
	var out []map[string]tftypes.Value
	for _, one := range list {
		var fields map[string]tftypes.Value
		if one.As(&fields) == nil {
			out = append(out, fields)
		}
	}
	return out
}

func word(v tftypes.Value) string {
	var s string
	if v.IsNull() || !v.IsKnown() || v.As(&s) != nil {
		return ""
	}
	return s
}

func words(v tftypes.Value) []string {
	var list []tftypes.Value
	if v.IsNull() || v.As(&list) != nil {
		return nil
	}
	var out []string
	for _, one := range list {
		out = append(out, word(one))
	}
	return out
}
