package fakeaws

import (
	"maps"
	"slices"
)

// keyTag is a tag as KMS spells it.
type keyTag struct{ TagKey, TagValue string }

func keyTags(tags []keyTag) map[string]string {
	m := map[string]string{}
	for _, t := range tags {
		m[t.TagKey] = t.TagValue
	}
	return m
}

func keyTagActions() map[string]action {
	return map[string]action{
		"TagResource":          keyAction("TagResource", false, tagKey),
		"UntagResource":        keyAction("UntagResource", false, untagKey),
		"ListResourceTags":     keyAction("ListResourceTags", true, listKeyTags),
		"EnableKeyRotation":    keyAction("EnableKeyRotation", false, rotateKeyMaterial(true)),
		"DisableKeyRotation":   keyAction("DisableKeyRotation", false, rotateKeyMaterial(false)),
		"GetKeyRotationStatus": keyAction("GetKeyRotationStatus", true, keyRotationStatus),
	}
}

func tagKey(_ *request, k *kmsKey, in keyInput) (any, *apiError) {
	if err := k.ours("TagResource"); err != nil {
		return nil, err
	}
	k.tags = copied(k.tags)
	maps.Copy(k.tags, keyTags(in.Tags))
	return nil, nil
}

func untagKey(_ *request, k *kmsKey, in keyInput) (any, *apiError) {
	for _, key := range in.TagKeys {
		delete(k.tags, key)
	}
	return nil, nil
}

// listKeyTags gives them all in one page: a key has fifty at most.
func listKeyTags(_ *request, k *kmsKey, _ keyInput) (any, *apiError) {
	list := []keyTag{}
	for _, key := range slices.Sorted(maps.Keys(k.tags)) {
		list = append(list, keyTag{key, k.tags[key]})
	}
	return struct {
		Tags      []keyTag
		Truncated bool
	}{list, false}, nil
}

// rotateKeyMaterial switches the yearly rotation, of which nobody who uses a key
// sees anything: the simulated key keeps its material.
func rotateKeyMaterial(on bool) func(*request, *kmsKey, keyInput) (any, *apiError) {
	return func(_ *request, k *kmsKey, _ keyInput) (any, *apiError) {
		if err := k.ours("EnableKeyRotation"); err != nil {
			return nil, err
		}
		k.rotates = on
		return nil, nil
	}
}

func keyRotationStatus(_ *request, k *kmsKey, _ keyInput) (any, *apiError) {
	return struct{ KeyRotationEnabled bool }{k.rotates}, nil
}
