package permission

// post is a role and the kinds of acts that are its own.
type post struct {
	role  string // its name
	label string // what it is called within a template: keytend, create
	kinds []Kind
}

// postsOf are the roles that are to be made for policies, the harmless first.
func postsOf(policies map[Kind]Document, s Scope) []post {
	var all []post
	for _, k := range Kinds() {
		if _, wanted := policies[k]; !wanted {
			continue
		}
		label := string(k)
		if s.Roles[k] == "" || s.Roles[k] == s.memberRole() {
			label = "keytend"
		}
		all = withKind(all, post{role: s.role(k), label: label}, k)
	}
	return all
}

// withKind gives a kind to the role that has its name, which is added where there
// is none.
func withKind(all []post, p post, k Kind) []post {
	for i := range all {
		if all[i].role == p.role {
			all[i].kinds = append(all[i].kinds, k)
			return all
		}
	}
	p.kinds = []Kind{k}
	return append(all, p)
}
