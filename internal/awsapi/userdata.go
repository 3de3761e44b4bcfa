package awsapi

import (
	"context"
	"encoding/base64"
	"iter"
	"maps"
	"net/url"
	"strconv"

	"github.com/keytend/keytend/internal/accesskey"
)

// Instance is an instance of EC2.
type Instance struct {
	ID   string
	Name string // its tag Name; empty: none
}

// Instances yields the instances of a region that are not terminated
// (ec2:DescribeInstances). It ends at the first error.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html
func (s *Session) Instances(ctx context.Context, region string) iter.Seq2[Instance, error] {
	type item struct {
		ID    string `xml:"instanceId"`
		State string `xml:"instanceState>name"`
		Tags  []struct {
			Key   string `xml:"key"`
			Value string `xml:"value"`
		} `xml:"tagSet>item"`
	}
	type answer struct {
		Items []item `xml:"reservationSet>item>instancesSet>item"`
		Next  string `xml:"nextToken"`
	}
	return ec2List(ctx, s, region, "DescribeInstances", url.Values{"MaxResults": {"1000"}}, func(a answer) ([]Instance, string) {
		var all []Instance
		for _, i := range a.Items {
			one := Instance{ID: i.ID}
			for _, tag := range i.Tags {
				if tag.Key == "Name" {
					one.Name = tag.Value
				}
			}
			if i.State != "terminated" {
				all = append(all, one)
			}
		}
		return all, a.Next
	})
}

// ec2List reads all pages of a list.
func ec2List[A, T any](ctx context.Context, s *Session, region, action string, asked url.Values, items func(A) (items []T, next string)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for {
			var answer A
			if err := s.ec2With(ctx, region, action, maps.Clone(asked), &answer); err != nil {
				var none T
				yield(none, err)
				return
			}
			page, next := items(answer)
			for _, one := range page {
				if !yield(one, nil) {
					return
				}
			}
			if next == "" {
				return
			}
			asked.Set("NextToken", next)
		}
	}
}

// UserData is what an instance was told to do when it starts; empty: nothing, or
// it is gone (ec2:DescribeInstanceAttribute).
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceAttribute.html
func (s *Session) UserData(ctx context.Context, region, instance string) (accesskey.Secret, error) {
	var answer struct {
		Value string `xml:"userData>value"`
	}
	err := s.ec2With(ctx, region, "DescribeInstanceAttribute", url.Values{"InstanceId": {instance}, "Attribute": {"userData"}}, &answer)
	if refusedAs(err, "InvalidInstanceID.NotFound") {
		err = nil
	}
	return plainUserData(answer.Value), err
}

// plainUserData takes the base64 off in which EC2 keeps it.
func plainUserData(text string) accesskey.Secret {
	if plain, err := base64.StdEncoding.DecodeString(text); err == nil {
		return accesskey.NewSecret(string(plain))
	}
	return accesskey.NewSecret(text)
}

// LaunchTemplate is a launch template of EC2.
type LaunchTemplate struct{ ID, Name string }

// LaunchTemplates yields those of a region (ec2:DescribeLaunchTemplates). It ends
// at the first error.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeLaunchTemplates.html
func (s *Session) LaunchTemplates(ctx context.Context, region string) iter.Seq2[LaunchTemplate, error] {
	type answer struct {
		Items []struct {
			ID   string `xml:"launchTemplateId"`
			Name string `xml:"launchTemplateName"`
		} `xml:"launchTemplates>item"`
		Next string `xml:"nextToken"`
	}
	return ec2List(ctx, s, region, "DescribeLaunchTemplates", url.Values{"MaxResults": {"200"}}, func(a answer) ([]LaunchTemplate, string) {
		var all []LaunchTemplate
		for _, t := range a.Items {
			all = append(all, LaunchTemplate(t))
		}
		return all, a.Next
	})
}

// TemplateVersion is one version of a launch template.
type TemplateVersion struct {
	Number   int
	Default  bool
	UserData accesskey.Secret
}

// TemplateVersions yields all versions of a launch template
// (ec2:DescribeLaunchTemplateVersions). It ends at the first error.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeLaunchTemplateVersions.html
func (s *Session) TemplateVersions(ctx context.Context, region, id string) iter.Seq2[TemplateVersion, error] {
	type answer struct {
		Items []struct {
			Number   string `xml:"versionNumber"`
			Default  bool   `xml:"defaultVersion"`
			UserData string `xml:"launchTemplateData>userData"`
		} `xml:"launchTemplateVersionSet>item"`
		Next string `xml:"nextToken"`
	}
	return ec2List(ctx, s, region, "DescribeLaunchTemplateVersions", url.Values{"LaunchTemplateId": {id}, "MaxResults": {"200"}}, func(a answer) ([]TemplateVersion, string) {
		var all []TemplateVersion
		for _, v := range a.Items {
			number, _ := strconv.Atoi(v.Number) // EC2's own
			all = append(all, TemplateVersion{number, v.Default, plainUserData(v.UserData)})
		}
		return all, a.Next
	})
}
