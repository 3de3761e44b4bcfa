package fakeaws

func accountActions() map[string]action {
	return map[string]action{
		"GetAccountSummary":              {do: getAccountSummary},
		"ListAccountAliases":             {do: listAccountAliases},
		"CreateAccountAlias":             {do: createAccountAlias, needs: []string{"AccountAlias"}},
		"DeleteAccountAlias":             {do: deleteAccountAlias, needs: []string{"AccountAlias"}},
		"ListOrganizationsFeatures":      {do: listOrganizationsFeatures},
		"GetAccountAuthorizationDetails": {do: getAccountAuthorizationDetails},
	}
}

// getAccountSummary counts entities beside IAM's default quotas.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
func getAccountSummary(r *request) (any, *apiError) {
	acct := r.account
	versions, devices, inUse := 0, 0, 0
	for _, p := range acct.policies.byName {
		versions += len(p.versions)
	}
	for _, u := range acct.users.byName {
		devices += len(u.devices)
		if len(u.devices) > 0 {
			inUse++
		}
	}
	return struct{ SummaryMap map[string]int }{map[string]int{
		"Users": acct.users.len(), "UsersQuota": 5000,
		"Groups": acct.groups.len(), "GroupsQuota": 300, "GroupsPerUserQuota": 10,
		"Roles": acct.roles.len(), "RolesQuota": 1000,
		"Policies": acct.policies.len(), "PoliciesQuota": 1500, "PolicySizeQuota": 6144,
		"PolicyVersionsInUse": versions, "PolicyVersionsInUseQuota": 10000, "VersionsPerPolicyQuota": 5,
		"AttachedPoliciesPerUserQuota": 10, "AttachedPoliciesPerGroupQuota": 10, "AttachedPoliciesPerRoleQuota": 10,
		"UserPolicySizeQuota": 2048, "GroupPolicySizeQuota": 5120, "RolePolicySizeQuota": 10240, "AssumeRolePolicySizeQuota": 2048,
		"AccessKeysPerUserQuota": acct.quota(), "SigningCertificatesPerUserQuota": 2,
		"AccountAccessKeysPresent":          whether(acct.root.hasActiveKey()),
		"AccountSigningCertificatesPresent": whether(len(acct.root.certificates) > 0),
		"AccountMFAEnabled":                 whether(acct.root.mfa),
		"AccountPasswordPresent":            whether(!acct.root.noPassword),
		"MFADevices":                        devices + whether(acct.root.mfa), "MFADevicesInUse": inUse + whether(acct.root.mfa),
		"ServerCertificates": 0, "ServerCertificatesQuota": 20,
		"InstanceProfiles": acct.profiles.len(), "InstanceProfilesQuota": 1000,
		"Providers": 0, "GlobalEndpointTokenVersion": 1,
	}}, nil
}

func whether(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (r *rootUser) hasActiveKey() bool {
	for _, k := range r.keys {
		if k.status() == active {
			return true
		}
	}
	return false
}

func listAccountAliases(r *request) (any, *apiError) {
	aliases := []string{}
	if r.account.alias != "" {
		aliases = append(aliases, r.account.alias)
	}
	aliases, end, err := paginate(r, aliases, func(s string) string { return s })
	if err != nil {
		return nil, err
	}
	return struct {
		AccountAliases []string
		page
	}{aliases, end}, nil
}

// createAccountAlias replaces the alias: an account has one.
func createAccountAlias(r *request) (any, *apiError) {
	alias := r.value("AccountAlias")
	for _, other := range r.aws.accounts {
		if other.alias == alias && other != r.account {
			return nil, errExists("The account alias " + alias + " already exists.")
		}
	}
	r.account.alias = alias
	return nil, nil
}

func deleteAccountAlias(r *request) (any, *apiError) {
	alias := r.value("AccountAlias")
	if alias != r.account.alias {
		return nil, errNoEntity("The account alias " + alias + " cannot be found.")
	}
	r.account.alias = ""
	return nil, nil
}
