package fakeaws

import (
	"slices"
	"strconv"
	"time"
)

func keyActions() map[string]action {
	return map[string]action{
		"CreateAccessKey":      {do: createAccessKey, on: onUser},
		"UpdateAccessKey":      {do: updateAccessKey, on: onUser, needs: []string{"AccessKeyId", "Status"}},
		"DeleteAccessKey":      {do: deleteAccessKey, on: onUser, needs: []string{"AccessKeyId"}},
		"ListAccessKeys":       {do: listAccessKeys, on: onUser},
		"GetAccessKeyLastUsed": {do: getAccessKeyLastUsed, on: onKeyOwner, needs: []string{"AccessKeyId"}},
	}
}

// keyRing is the keys of a user or of root.
type keyRing struct {
	owner *user // nil: root
	keys  *[]*accessKey
}

// ring finds the keys that a call is about: those of the user that UserName
// names, or the caller's own.
func (r *request) ring() (keyRing, *apiError) {
	if r.value("UserName") == "" && r.caller.root() {
		return keyRing{nil, &r.account.root.keys}, nil
	}
	u, err := r.user()
	if err != nil {
		return keyRing{}, err
	}
	return keyRing{u, &u.keys}, nil
}

func (k keyRing) name() string {
	if k.owner == nil {
		return ""
	}
	return k.owner.name
}

// find is the key of the ring that AccessKeyId names.
func (r *request) keyOf(ring keyRing) (*accessKey, *apiError) {
	id := r.value("AccessKeyId")
	for _, k := range *ring.keys {
		if k.id == id {
			return k, nil
		}
	}
	return nil, errNoKey(id)
}

type keyShape struct {
	UserName, AccessKeyId, Status, SecretAccessKey string
	CreateDate                                     time.Time
}

func createAccessKey(r *request) (any, *apiError) {
	ring, err := r.ring()
	if err != nil {
		return nil, err
	}
	if quota := r.account.quota(); len(*ring.keys) >= quota {
		return nil, errLimit("Cannot exceed quota for AccessKeysPerUser: " + strconv.Itoa(quota))
	}
	k := r.aws.newKey(r.account, ring.owner, r.now)
	*ring.keys = append(*ring.keys, k)
	return struct{ AccessKey keyShape }{keyShape{ring.name(), k.id, active, k.secret, k.created}}, nil
}

func updateAccessKey(r *request) (any, *apiError) {
	ring, err := r.ring()
	if err != nil {
		return nil, err
	}
	k, err := r.keyOf(ring)
	if err != nil {
		return nil, err
	}
	k.change(r.value("Status"), r.now)
	return nil, nil
}

func deleteAccessKey(r *request) (any, *apiError) {
	ring, err := r.ring()
	if err != nil {
		return nil, err
	}
	k, err := r.keyOf(ring)
	if err != nil {
		return nil, err
	}
	k.change(keyDeleted, r.now)
	*ring.keys = slices.DeleteFunc(slices.Clone(*ring.keys), func(other *accessKey) bool { return other == k })
	if ring.owner != nil {
		ring.owner.deleted = append(ring.owner.deleted, k)
	}
	return nil, nil
}

// listAccessKeys may answer from a replica that lags: a new key missing, a
// deleted one still there, an old status.
func listAccessKeys(r *request) (any, *apiError) {
	ring, err := r.ring()
	if err != nil {
		return nil, err
	}
	lag := r.aws.readLag(r.account)
	shapes := []keyShape{}
	for _, k := range ring.sighted(r.now, r.aws.config.Propagation) {
		if status := k.statusSeen(r.now, lag); status != "" && status != keyDeleted {
			shapes = append(shapes, keyShape{UserName: ring.name(), AccessKeyId: k.id, Status: status, CreateDate: k.created})
		}
	}
	shapes, end, err := paginate(r, shapes, func(s keyShape) string { return s.AccessKeyId })
	if err != nil {
		return nil, err
	}
	return struct {
		AccessKeyMetadata []keyShape
		page
	}{shapes, end}, nil
}

// sighted lists the keys that some replica may still know, by ID.
func (k keyRing) sighted(now time.Time, propagation time.Duration) []*accessKey {
	all := slices.Clone(*k.keys)
	if k.owner != nil {
		k.owner.deleted = slices.DeleteFunc(k.owner.deleted, func(d *accessKey) bool {
			return d.statusSeen(now, propagation) == keyDeleted
		})
		all = append(all, k.owner.deleted...)
	}
	return byID(all)
}

// byID orders keys as ListAccessKeys and the credential report do: by ascending
// ID, which has nothing to do with their age.
func byID(keys []*accessKey) []*accessKey {
	sorted := slices.Clone(keys)
	slices.SortFunc(sorted, func(a, b *accessKey) int {
		if a.id < b.id {
			return -1
		}
		return 1
	})
	return sorted
}

// lastUsedShape is a key's last use. LastUsedDate is absent for a key that was
// never used.
type lastUsedShape struct {
	LastUsedDate        time.Time
	ServiceName, Region string
}

func getAccessKeyLastUsed(r *request) (any, *apiError) {
	k := r.ownKey()
	if k == nil {
		return nil, errNoKey(r.value("AccessKeyId"))
	}
	shape := lastUsedShape{ServiceName: "N/A", Region: "N/A"}
	if last := k.lastUsed(r.now, r.aws.config.LastUsedLag); last != nil {
		shape = lastUsedShape{second(last.At), last.Service, last.Region}
	}
	name := ""
	if k.owner != nil {
		name = k.owner.name
	}
	return struct {
		UserName          string
		AccessKeyLastUsed lastUsedShape
	}{name, shape}, nil
}

// ownKey is the key that AccessKeyId names, if it is one of the account's.
func (r *request) ownKey() *accessKey {
	k := r.aws.keys[r.value("AccessKeyId")]
	if k == nil || k.account != r.account || k.status() == keyDeleted {
		return nil
	}
	return k
}

func onKeyOwner(r *request) target {
	k := r.ownKey()
	switch {
	case k == nil:
		return target{arn: r.account.arn("iam", "user/*"), spoken: "access key " + r.value("AccessKeyId")}
	case k.owner == nil:
		return target{arn: r.account.arn("iam", "root")}
	}
	return target{arn: r.account.userARN(k.owner), spoken: "user " + k.owner.name, tags: k.owner.tags}
}
