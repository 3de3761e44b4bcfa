package useragent

import "cmp"

// String says in a few words what called: "Terraform on Linux in AWS Lambda".
func (a Agent) String() string {
	text := cmp.Or(a.spoken(), "a program that doesn't say what it is")
	if a.Own() {
		text = "keytend"
	} else if a.App != "" {
		text += " called " + a.App
	}
	return text + a.where()
}

func (a Agent) spoken() string {
	if a.Family == Unknown || a.Family == Partner {
		return a.Program
	}
	if a.Family == AWSService && a.Program != "" {
		return a.Program
	}
	for i := range rows {
		if rows[i].Family == a.Family {
			if rows[i].Majors && a.Major != "" && rows[i].Kind == CLI {
				return rows[i].Spoken + " " + a.Major
			}
			return rows[i].Spoken
		}
	}
	return string(a.Family)
}

// where is the runtime, else the machine.
func (a Agent) where() string {
	if text, known := runtimeWords[a.Runtime]; known {
		return " " + text
	}
	if a.Runtime != "" {
		return " in " + string(a.Runtime)
	}
	if text, known := hostWords[a.Host]; known {
		return " on " + text
	}
	if text, known := systemWords[a.System]; known {
		return " on " + text
	}
	return ""
}

var runtimeWords = map[Runtime]string{
	Lambda: "in AWS Lambda", Fargate: "in an ECS task on Fargate", ECSOnEC2: "in an ECS task on EC2", CloudShell: "in CloudShell",
	CodeBuild: "in CodeBuild", SageMaker: "in SageMaker", EKSAddon: "in EKS", AppRunner: "in App Runner", OnEC2: "on EC2",
}

var hostWords = map[Host]string{
	AmazonLinux: "Amazon Linux", EC2Kernel: "Linux of EC2", Azure: "Linux of Azure", GoogleCloud: "Linux of Google Cloud", OracleCloud: "Linux of Oracle's cloud",
	WSL: "Windows (WSL)", DockerDesktop: "a desktop's Docker", RedHat: "Red Hat Linux", Proxmox: "Linux of Proxmox",
	ContainerOS: "Google's Container-Optimized OS", DesktopLinux: "a desktop's Linux",
}

var systemWords = map[System]string{Linux: "Linux", MacOS: "macOS", Windows: "Windows", Android: "Android", IOS: "iOS"}
