package fakeaws

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// The long-lived credentials beside passwords and access keys.

func credentialActions() map[string]action {
	return map[string]action{
		"ListServiceSpecificCredentials":  {do: listServiceCredentials, on: onServiceCredentials},
		"UpdateServiceSpecificCredential": {do: updateServiceCredential, on: onUser, needs: []string{"ServiceSpecificCredentialId", "Status"}},
		"DeleteServiceSpecificCredential": {do: deleteServiceCredential, on: onUser, needs: []string{"ServiceSpecificCredentialId"}},
		"ListSigningCertificates":         {do: listSigningCertificates, on: onUser},
		"DeleteSigningCertificate":        {do: deleteSigningCertificate, on: onUser, needs: []string{"CertificateId"}},
		"ListMFADevices":                  {do: listMFADevices, on: onUser},
		"DeactivateMFADevice":             {do: deactivateMFADevice, on: onUser, needs: []string{"SerialNumber"}},
	}
}

type serviceCredentialShape struct {
	UserName, Status, ServiceUserName        string
	CreateDate, ExpirationDate               time.Time
	ServiceSpecificCredentialId, ServiceName string
}

func onServiceCredentials(r *request) target {
	if r.value("AllUsers") == "true" {
		return target{arn: r.account.arn("iam", "user/*")}
	}
	return onUser(r)
}

// listServiceCredentials lists one user's credentials or, with AllUsers,
// everybody's.
func listServiceCredentials(r *request) (any, *apiError) {
	if r.value("AllUsers") == "true" && r.value("UserName") != "" {
		return nil, errInvalidInput("UserName and AllUsers cannot be specified together.")
	}
	users := r.account.users.all()
	if r.value("AllUsers") != "true" {
		u, err := r.user()
		if err != nil {
			return nil, err
		}
		users = []*user{u}
	}
	all := []serviceCredentialShape{}
	for _, u := range users {
		all = append(all, u.credentialShapes(r.value("ServiceName"), r.now)...)
	}
	all, end, err := paginate(r, all, func(s serviceCredentialShape) string {
		return strings.ToLower(s.UserName) + "/" + s.ServiceSpecificCredentialId
	})
	if err != nil {
		return nil, err
	}
	return struct {
		ServiceSpecificCredentials []serviceCredentialShape
		page
	}{all, end}, nil
}

func (u *user) credentialShapes(service string, now time.Time) []serviceCredentialShape {
	var shapes []serviceCredentialShape
	for _, c := range u.credentials {
		if service != "" && c.Service != service {
			continue
		}
		status := cmp.Or(c.Status, active)
		if !c.Expires.IsZero() && !now.Before(c.Expires) {
			status = "Expired"
		}
		shapes = append(shapes, serviceCredentialShape{
			UserName: u.name, Status: status, ServiceUserName: c.UserName, CreateDate: orNever(c.Created), ExpirationDate: orNever(c.Expires),
			ServiceSpecificCredentialId: c.ID, ServiceName: c.Service,
		})
	}
	slices.SortFunc(shapes, func(a, b serviceCredentialShape) int {
		return strings.Compare(a.ServiceSpecificCredentialId, b.ServiceSpecificCredentialId)
	})
	return shapes
}

// serviceCredential finds the credential that a call is about.
func (r *request) serviceCredential() (*user, int, *apiError) {
	u, err := r.user()
	if err != nil {
		return nil, 0, err
	}
	id := r.value("ServiceSpecificCredentialId")
	i := slices.IndexFunc(u.credentials, func(c ServiceCredentialSpec) bool { return c.ID == id })
	if i < 0 {
		return nil, 0, errNoEntity("No such credential " + id + " exists")
	}
	return u, i, nil
}

func updateServiceCredential(r *request) (any, *apiError) {
	u, i, err := r.serviceCredential()
	if err != nil {
		return nil, err
	}
	u.credentials[i].Status = r.value("Status")
	return nil, nil
}

func deleteServiceCredential(r *request) (any, *apiError) {
	u, i, err := r.serviceCredential()
	if err != nil {
		return nil, err
	}
	u.credentials = slices.Delete(u.credentials, i, i+1)
	return nil, nil
}

type certificateShape struct {
	UserName, CertificateId, CertificateBody, Status string
	UploadDate                                       time.Time
}

// certificateBody stands for every certificate's text: nothing here reads it.
const certificateBody = "-----BEGIN CERTIFICATE-----\nMIIBexample\n-----END CERTIFICATE-----\n"

func listSigningCertificates(r *request) (any, *apiError) {
	name, certificates := "", r.account.root.certificates
	if !r.caller.root() || r.value("UserName") != "" {
		u, err := r.user()
		if err != nil {
			return nil, err
		}
		name, certificates = u.name, u.certificates
	}
	shapes := []certificateShape{}
	for _, c := range certificates {
		shapes = append(shapes, certificateShape{name, c.ID, certificateBody, cmp.Or(c.Status, active), orNever(c.Uploaded)})
	}
	slices.SortFunc(shapes, func(a, b certificateShape) int { return strings.Compare(a.CertificateId, b.CertificateId) })
	shapes, end, err := paginate(r, shapes, func(s certificateShape) string { return s.CertificateId })
	if err != nil {
		return nil, err
	}
	return struct {
		Certificates []certificateShape
		page
	}{shapes, end}, nil
}

func deleteSigningCertificate(r *request) (any, *apiError) {
	if r.aboutRoot() {
		return deleteRootCertificate(r)
	}
	u, err := r.user()
	if err != nil {
		return nil, err
	}
	id := r.value("CertificateId")
	i := slices.IndexFunc(u.certificates, func(c CertificateSpec) bool { return c.ID == id })
	if i < 0 {
		return nil, errNoEntity("The Certificate with id " + id + " cannot be found.")
	}
	u.certificates = slices.Delete(u.certificates, i, i+1)
	return nil, nil
}

type deviceShape struct {
	UserName, SerialNumber string
	EnableDate             time.Time
}

func listMFADevices(r *request) (any, *apiError) {
	if r.aboutRoot() {
		return listRootDevices(r)
	}
	u, err := r.user()
	if err != nil {
		return nil, err
	}
	shapes := []deviceShape{}
	for _, d := range u.devices {
		shapes = append(shapes, deviceShape{u.name, d.serial, d.enabled})
	}
	slices.SortFunc(shapes, func(a, b deviceShape) int { return strings.Compare(a.SerialNumber, b.SerialNumber) })
	shapes, end, err := paginate(r, shapes, func(s deviceShape) string { return s.SerialNumber })
	if err != nil {
		return nil, err
	}
	return struct {
		MFADevices []deviceShape
		page
	}{shapes, end}, nil
}
