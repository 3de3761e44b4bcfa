package fakeaws

import "slices"

// The root user's credentials, as the root user itself (or a root session) sees
// and deletes them.

// aboutRoot reports whether a call is about the root user: it makes it, and
// names nobody else.
func (r *request) aboutRoot() bool { return r.value("UserName") == "" && r.caller.root() }

// rootPassword is the root user's; it has one unless somebody took it.
func (r *request) rootPassword() *apiError {
	if r.account.root.noPassword {
		return errNoEntity("Login Profile for User null cannot be found.")
	}
	return nil
}

func getRootPassword(r *request) (any, *apiError) {
	if err := r.rootPassword(); err != nil {
		return nil, err
	}
	return struct{ LoginProfile loginShape }{loginShape{CreateDate: r.account.created}}, nil
}

func deleteRootPassword(r *request) (any, *apiError) {
	if err := r.rootPassword(); err != nil {
		return nil, err
	}
	r.account.root.noPassword = true
	return nil, nil
}

func deleteRootCertificate(r *request) (any, *apiError) {
	root := &r.account.root
	id := r.value("CertificateId")
	i := slices.IndexFunc(root.certificates, func(c CertificateSpec) bool { return c.ID == id })
	if i < 0 {
		return nil, errNoEntity("The Certificate with id " + id + " cannot be found.")
	}
	root.certificates = slices.Delete(root.certificates, i, i+1)
	return nil, nil
}

// rootDevice is the root user's virtual device.
func (acct *account) rootDevice() string { return acct.arn("iam", "mfa/root-account-mfa-device") }

func listRootDevices(r *request) (any, *apiError) {
	shapes := []deviceShape{}
	if r.account.root.mfa {
		shapes = append(shapes, deviceShape{SerialNumber: r.account.rootDevice(), EnableDate: r.account.created})
	}
	return struct {
		MFADevices []deviceShape
		page
	}{shapes, page{}}, nil
}

// deactivateMFADevice takes a device from a user or from the root user.
func deactivateMFADevice(r *request) (any, *apiError) {
	serial := r.value("SerialNumber")
	if r.aboutRoot() {
		if !r.account.root.mfa || serial != r.account.rootDevice() {
			return nil, errNoEntity("MFA device with serial number " + serial + " cannot be found.")
		}
		r.account.root.mfa = false
		return nil, nil
	}
	u, err := r.user()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(u.devices, func(d device) bool { return d.serial == serial })
	if i < 0 {
		return nil, errNoEntity("MFA device with serial number " + serial + " cannot be found.")
	}
	u.devices = slices.Delete(u.devices, i, i+1)
	return nil, nil
}
