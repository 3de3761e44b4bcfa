// Package useragent reads user agents as CloudTrail records them: which program
// called, on what system, in which of AWS's runtimes. It knows the formats that
// AWS's SDKs and other programs document or are seen to write; each row of its
// table names where that is from.
//
// A caller writes into its user agent what it likes: what stands here is what a
// program says of itself, evidence and no proof. This room decides nothing.
package useragent

import (
	"regexp"
	"strings"
)

// Agent is what a user agent tells, without what differs from release to release
// and from call to call. Two agents that are equal are taken for the same
// program. Every part may be empty: not told.
type Agent struct {
	Family  Family  `json:"family"`            // the program, or the SDK that it is made with
	Program string  `json:"program,omitempty"` // what an Unknown or a Partner calls itself
	Major   string  `json:"major,omitempty"`   // major version, of the families where it tells programs apart
	Also    Family  `json:"also,omitempty"`    // the SDK below Family, where both are told
	System  System  `json:"system,omitempty"`
	Host    Host    `json:"host,omitempty"`     // what the kernel's name tells of the machine
	Runtime Runtime `json:"runtime,omitempty"`  // AWS_EXECUTION_ENV
	Tongue  string  `json:"language,omitempty"` // python, go, java
	App     string  `json:"app,omitempty"`      // application ID (AWS_SDK_UA_APP_ID), without our own version
}

// System is an operating system.
type System string

// The systems.
const (
	Linux   System = "linux"
	MacOS   System = "macos"
	Windows System = "windows"
	Android System = "android"
	IOS     System = "ios"
)

// Host is the kind of machine that a kernel is built for.
type Host string

// The hosts.
const (
	AmazonLinux   Host = "amazon-linux"   // mostly on EC2 and in AWS's containers; may run elsewhere
	EC2Kernel     Host = "ec2-kernel"     // Ubuntu's and Debian's for EC2
	Azure         Host = "azure"          // GitHub's hosted Linux runners too
	GoogleCloud   Host = "google-cloud"   // Ubuntu's for Google Cloud
	ContainerOS   Host = "container-os"   // Google's Container-Optimized OS: GitLab's hosted runners too
	OracleCloud   Host = "oracle-cloud"   //
	WSL           Host = "wsl"            // Windows Subsystem for Linux
	DockerDesktop Host = "docker-desktop" // a container on somebody's computer
	RedHat        Host = "red-hat"        // and its rebuilds
	Proxmox       Host = "proxmox"        // a hypervisor on somebody's premises
	Generic       Host = "generic"        // Ubuntu's for any machine
	DesktopLinux  Host = "desktop-linux"  // of distributions and patches that people have on their own computers

	WindowsDesktop Host = "windows-desktop" // 10, 11
	WindowsServer  Host = "windows-server"
)

// Runtime is what AWS_EXECUTION_ENV says: set by AWS where it runs the program.
type Runtime string

// The runtimes.
const (
	Lambda     Runtime = "lambda"
	Fargate    Runtime = "fargate"
	ECSOnEC2   Runtime = "ecs-on-ec2"
	CloudShell Runtime = "cloudshell"
	CodeBuild  Runtime = "codebuild"
	SageMaker  Runtime = "sagemaker"
	EKSAddon   Runtime = "eks-addon"
	AppRunner  Runtime = "app-runner"
	OnEC2      Runtime = "ec2"
)

// Parse reads one user agent; some services write it in brackets. What makes no sense is an Unknown agent with what
// it called itself; an empty one is the zero Agent.
func Parse(raw string) Agent {
	raw = strings.Trim(strings.TrimSpace(raw), "[]")
	if byService(raw) && !strings.HasPrefix(raw, "signin.") && !strings.HasPrefix(raw, "console.") {
		return Agent{Family: AWSService, Program: raw}
	}
	ua := split(raw)
	if len(ua.words) == 0 && len(ua.comments) == 0 {
		return Agent{}
	}
	a := Agent{Family: Unknown}
	a.families(ua)
	for _, w := range ua.words {
		a.read(w)
	}
	for _, c := range ua.comments {
		a.comment(c)
	}
	if a.Family == Unknown || a.Family == Partner {
		a.Program = ua.program(a.Family == Partner)
	}
	return a
}

// text is a user agent taken apart.
type text struct {
	words    []word
	comments []string // what stands in parentheses, in parts
}

// word is name/value; with#: the version that a value has, "os/linux#5.10".
type word struct{ name, value, version string }

// split takes a user agent apart.
func split(raw string) text {
	var t text
	depth := 0
	for _, part := range strings.FieldsFunc(raw, func(r rune) bool { return r == ' ' || r == '\t' || r == ',' }) {
		opens, closes := strings.Count(part, "("), strings.Count(part, ")")
		if depth > 0 || opens > 0 {
			t.comments = append(t.comments, strings.Trim(part, "();"))
		} else {
			t.words = append(t.words, wordOf(part))
		}
		depth = max(0, depth+opens-closes)
	}
	return t
}

func wordOf(part string) word {
	name, value, _ := strings.Cut(part, "/")
	w := word{name: name, value: value}
	if at := strings.IndexAny(value, "#"); at >= 0 {
		w.value, w.version = value[:at], value[at+1:]
	}
	return w
}

// program is what an agent calls itself: its first product; of a partner the
// one that follows its name.
func (t text) program(partner bool) string {
	var names []string
	for _, w := range t.words {
		if w.value != "" && !marker(w.name) && !strings.EqualFold(w.name, "APN") || len(t.words) == 1 {
			names = append(names, w.name)
		}
	}
	switch {
	case len(names) == 0 && len(t.words) > 0:
		return t.words[0].name
	case len(names) == 0:
		return strings.Join(t.comments, " ")
	case partner && len(names) > 1:
		return names[0] + " " + names[1]
	}
	return names[0]
}

// marker reports whether a word is not a product but says something about one.
// https://github.com/boto/botocore/blob/develop/botocore/useragent.py
func marker(name string) bool {
	switch strings.ToLower(name) {
	case "md", "ua", "os", "lang", "exec-env", "api", "cfg", "ft", "m", "lib", "app", "io", "http", "vendor", "prompt", "command", "exe", "id":
		return true
	}
	return false
}

// families finds the program, and the SDK below it. The table's order is that of
// rank: what is more particular stands first.
func (a *Agent) families(t text) {
	for i := range rows {
		w, found := t.find(rows[i].Word)
		switch {
		case !found:
		case a.Family == Unknown:
			a.Family = rows[i].Family
			if rows[i].Majors {
				a.Major = major(w.value)
			}
		case rows[i].Kind == SDK && rows[i].Family != a.Family && a.Also == "":
			a.Also = rows[i].Family
		}
	}
}

func (t text) find(name string) (word, bool) {
	for _, w := range t.words {
		if strings.EqualFold(w.name, name) || strings.HasSuffix(name, "*") && len(w.name) >= len(name)-1 && strings.EqualFold(w.name[:len(name)-1], name[:len(name)-1]) {
			return w, true
		}
	}
	return word{}, false
}

func major(version string) string {
	n := 0
	for n < len(version) && version[n] >= '0' && version[n] <= '9' {
		n++
	}
	return version[:n]
}

// read takes what one word tells beside the product.
func (a *Agent) read(w word) {
	switch name := strings.ToLower(w.name); name {
	case "os":
		a.system(w.value, w.value+" "+w.version)
	case "md":
		if strings.EqualFold(w.value, "goos") {
			a.system(w.version, "")
		}
	case "lang":
		a.Tongue = tongue(w.value)
	case "exec-env":
		a.Runtime = runtimeOf(w.value)
	case "app":
		a.App = appOf(w.value)
	case "linux", "darwin", "windows", "macos", "mac_os_x", "x86_64-linux", "aarch64-linux", "win32":
		a.system(w.name, w.value)
	case "python", "java", "php", "ruby", "node.js", "powershellcore", ".net_core", ".net":
		if a.Tongue == "" {
			a.Tongue = tongue(w.name)
		}
	default:
		if strings.HasPrefix(name, "windows_") || strings.HasPrefix(name, "mac_os") {
			a.system(w.name, "")
		}
	}
}

// comment takes what stands in parentheses: Go's first SDK writes "(go1.19;
// linux; amd64)", browsers "(Macintosh; Intel Mac OS X 10_15_7)".
func (a *Agent) comment(part string) {
	switch lower := strings.ToLower(part); {
	case strings.HasPrefix(lower, "go1."):
		a.Tongue = "go"
	case lower == "linux", lower == "darwin", lower == "windows", lower == "macintosh", lower == "android", lower == "iphone", lower == "mac":
		a.system(lower, "")
	}
}

// system takes the first system that is told, and what its version tells.
func (a *Agent) system(name, version string) {
	if a.System == "" {
		a.System = systemOf(strings.ToLower(name))
	}
	switch {
	case a.Host != "":
	case a.System == Linux:
		a.Host = hostOf(strings.ToLower(version))
	case a.System == Windows:
		a.Host = windowsOf(strings.ToLower(name + " " + version))
	}
}

func systemOf(name string) System {
	for _, s := range []struct {
		part string
		is   System
	}{{"android", Android}, {"ios", IOS}, {"iphone", IOS}, {"linux", Linux}, {"darwin", MacOS}, {"mac", MacOS}, {"win", Windows}} {
		if strings.Contains(name, s.part) {
			return s.is
		}
	}
	return ""
}

// hosts are parts of Linux kernels' release names.
var hosts = []struct {
	part string
	is   Host
}{
	{"amzn", AmazonLinux}, {"-aws", EC2Kernel}, {"cloud-amd64", EC2Kernel}, {"-azure", Azure}, {"-gcp", GoogleCloud}, {"-gke", GoogleCloud},
	{"-oracle", OracleCloud}, {"microsoft", WSL}, {"linuxkit", DockerDesktop}, {"orbstack", DockerDesktop}, {"-pve", Proxmox}, {".el", RedHat}, {"-generic", Generic},
	{"-arch", DesktopLinux}, {"-zen", DesktopLinux}, {"-manjaro", DesktopLinux}, {"-surface", DesktopLinux}, {"-cachyos", DesktopLinux}, {"-liquorix", DesktopLinux}, {"-xanmod", DesktopLinux},
}

// containerOS: 5.15.133+. Old Raspberry Pis have such kernels as well.
var containerOS = regexp.MustCompile(`(^| )\d+\.\d+\.\d+\+$`)

func hostOf(kernel string) Host {
	for _, h := range hosts {
		if strings.Contains(kernel, h.part) {
			return h.is
		}
	}
	if containerOS.MatchString(kernel) {
		return ContainerOS
	}
	return ""
}

// windowsOf tells Windows' servers from its desktops by release or build: "10",
// "2019Server", "Microsoft_Windows_10.0.17763". Some builds are both.
// https://learn.microsoft.com/windows/win32/sysinfo/operating-system-version
func windowsOf(release string) Host {
	for _, w := range []struct {
		part string
		is   Host
	}{
		{"server", WindowsServer}, {"10.0.14393", WindowsServer}, {"10.0.17763", WindowsServer}, {"10.0.20348", WindowsServer}, {"10.0.26100", ""},
		{"10.0.1", WindowsDesktop}, {"10.0.2", WindowsDesktop}, {"win32", WindowsDesktop},
	} {
		if strings.Contains(release, w.part) {
			return w.is
		}
	}
	for part := range strings.FieldsSeq(strings.ReplaceAll(release, "_", " ")) {
		if part == "10" || part == "11" {
			return WindowsDesktop
		}
	}
	return ""
}

func tongue(name string) string {
	name = strings.ToLower(name)
	switch name {
	case "powershellcore", ".net_core", ".net", ".net_framework", "dotnet":
		return ".net"
	case "node.js", "nodejs":
		return "js"
	}
	return name
}

// runtimes are the beginnings of AWS_EXECUTION_ENV.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ec2-metadata.html
var runtimes = []struct {
	begins string
	is     Runtime
}{
	{"AWS_Lambda", Lambda}, {"AWS_ECS_FARGATE", Fargate}, {"AWS_ECS_EC2", ECSOnEC2}, {"CloudShell", CloudShell}, {"AWS_CODEBUILD", CodeBuild}, {"CodeBuild", CodeBuild},
	{"SageMaker", SageMaker}, {"AmazonSageMaker", SageMaker}, {"EKS_ADDON", EKSAddon}, {"AWS_APP_RUNNER", AppRunner}, {"EC2", OnEC2},
}

// runtimeOf is an unknown one's own name, without its version.
func runtimeOf(value string) Runtime {
	for _, r := range runtimes {
		if strings.HasPrefix(strings.ToLower(value), strings.ToLower(r.begins)) {
			return r.is
		}
	}
	return Runtime(strings.TrimRight(value, "-_.v0123456789"))
}

// appOf is an application ID; ours is without version and claim.
func appOf(value string) string {
	if strings.HasPrefix(value, OwnApp) {
		return OwnApp
	}
	return value
}

// OwnApp is Keytend's application ID.
const OwnApp = "keytend"

// Own reports whether Keytend itself called.
func (a Agent) Own() bool { return a.App == OwnApp }
