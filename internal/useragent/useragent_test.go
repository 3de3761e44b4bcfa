package useragent

import (
	"encoding/json"
	"strings"
	"testing"
)

// seen are user agents in the formats that the programs of the table write, with
// what is to be read: family, then what else is told.
var seen = []struct{ raw, want string }{
	// The AWS CLI.
	{"aws-cli/2.15.0 md/awscrt#0.19.19 ua/2.0 os/linux#5.10.0-28-cloud-amd64 md/arch#x86_64 lang/python#3.11.6 md/pyimpl#CPython cfg/retry-mode#standard md/installer#exe md/distrib#debian.11 md/prompt#off md/command#s3.ls", "aws-cli major=2 linux ec2-kernel python"},
	{"aws-cli/2.15.0 md/awscrt#0.19.19 ua/2.0 os/macos#23.1.0 md/arch#arm64 lang/python#3.11.6 md/pyimpl#CPython md/installer#source md/prompt#off md/command#sts.get-caller-identity", "aws-cli major=2 macos python"},
	{"aws-cli/2.28.1 md/awscrt#0.26.1 ua/2.1 os/windows#10 md/arch#amd64 lang/python#3.13.4 md/pyimpl#CPython m/E,b,Z cfg/retry-mode#standard md/installer#exe md/prompt#off md/command#ec2.describe-instances", "aws-cli major=2 windows windows-desktop python"},
	{"aws-cli/2.15.0 Python/3.11.6 Linux/5.15.133+ docker/x86_64.amzn.2 prompt/off command/ecs.update-service", "aws-cli major=2 linux container-os python"},
	{"aws-cli/2.15.0 Python/3.11.6 Linux/6.7.4-arch1-1 exe/x86_64.arch prompt/off command/s3.ls", "aws-cli major=2 linux desktop-linux python"},
	{"aws-cli/2.15.0 Python/3.11.6 Linux/6.1.21-v8+ exe/aarch64.debian.12 prompt/off command/s3.ls", "aws-cli major=2 linux python"},
	{"aws-cli/2.15.0 ua/2.0 os/linux#5.15.154+ lang/python#3.11.6", "aws-cli major=2 linux container-os python"},
	{"aws-cli/2.13.25 Python/3.11.5 Linux/5.15.133.1-microsoft-standard-WSL2 exe/x86_64.ubuntu.22 prompt/off command/s3.cp", "aws-cli major=2 linux wsl python"},
	{"aws-cli/2.4.5 Python/3.8.8 Darwin/20.6.0 exe/x86_64 prompt/off command/iam.list-users", "aws-cli major=2 macos python"},
	{"aws-cli/2.0.30 Python/3.7.3 Windows/10 botocore/2.0.0dev34", "aws-cli major=2 also=boto windows windows-desktop python"},
	{"aws-cli/1.18.69 Python/3.8.10 Linux/5.4.0-1029-aws botocore/1.16.19", "aws-cli major=1 also=boto linux ec2-kernel python"},
	{"aws-cli/1.18.147 Python/2.7.18 Linux/4.14.225-169.362.amzn2.x86_64 botocore/1.18.6", "aws-cli major=1 also=boto linux amazon-linux python"},
	{"aws-cli/2.17.9 md/awscrt#0.20.11 ua/2.0 os/linux#6.1.94-99.176.amzn2023.x86_64 md/arch#x86_64 lang/python#3.11.8 md/pyimpl#CPython exec-env/CloudShell cfg/retry-mode#standard md/installer#exe md/distrib#amzn.2023 md/prompt#off md/command#s3.ls", "aws-cli major=2 linux amazon-linux cloudshell python"},
	{"aws-cli/2.15.0 md/awscrt#0.19.19 ua/2.0 os/linux#5.10.0 md/arch#x86_64 lang/python#3.11.6 md/pyimpl#CPython exec-env/AWS_ECS_FARGATE cfg/retry-mode#standard md/command#s3.ls", "aws-cli major=2 linux fargate python"},
	{"aws-cli/2.22.0 md/awscrt#0.22.0 ua/2.0 os/linux#6.8.0-1017-azure md/arch#x86_64 lang/python#3.12.6 md/pyimpl#CPython cfg/retry-mode#standard md/installer#exe md/distrib#ubuntu.24 md/prompt#off md/command#s3.sync", "aws-cli major=2 linux azure python"},
	{"aws-cli/2.11.0 Python/3.11.2 Linux/6.4.16-linuxkit docker/x86_64.amzn.2 prompt/off command/s3.ls", "aws-cli major=2 linux docker-desktop python"},

	// Python.
	{"Boto3/1.34.0 md/Botocore#1.34.0 ua/2.0 os/linux#6.1.72-96.166.amzn2023.x86_64 md/arch#aarch64 lang/python#3.13.0 md/pyimpl#CPython exec-env/AWS_Lambda_python3.13 cfg/retry-mode#legacy Botocore/1.34.0", "boto linux amazon-linux lambda python"},
	{"Boto3/1.9.7 Python/3.6.5 Linux/4.14.152-98.182.amzn1.x86_64 exec-env/AWS_Lambda_python3.6 Botocore/1.12.7", "boto linux amazon-linux lambda python"},
	{"Boto3/1.28.57 md/Botocore#1.31.57 ua/2.0 os/macos#22.6.0 md/arch#arm64 lang/python#3.11.5 md/pyimpl#CPython cfg/retry-mode#legacy Botocore/1.31.57 Resource", "boto macos python"},
	{"Boto3/1.26.0 Python/3.9.2 Windows/10 Botocore/1.29.0", "boto windows windows-desktop python"},
	{"Boto3/1.35.10 md/Botocore#1.35.10 ua/2.0 os/linux#5.15.0-1068-gke md/arch#x86_64 lang/python#3.12.3 md/pyimpl#CPython cfg/retry-mode#standard Botocore/1.35.10", "boto linux google-cloud python"},
	{"Boto3/1.34.0 md/Botocore#1.34.0 ua/2.0 os/linux#5.14.0-362.el9.x86_64 md/arch#x86_64 lang/python#3.9.18 md/pyimpl#CPython app/billing-export Botocore/1.34.0", "boto linux red-hat python app=billing-export"},
	{"Boto3/1.24.0 Python/3.8.10 Linux/5.4.0-150-generic Botocore/1.27.0", "boto linux generic python"},
	{"Boto3/1.24.0 Python/3.8.10 Linux/6.2.16-3-pve Botocore/1.27.0", "boto linux proxmox python"},
	{"Botocore/1.31.0 ua/2.0 os/linux#5.10 md/arch#x86_64 lang/python#3.11.4 md/pyimpl#CPython exec-env/AWS_ECS_EC2", "boto linux ecs-on-ec2 python"},
	{"aiobotocore/2.7.0 md/Botocore#1.31.64 ua/2.0 os/linux#6.1.0 md/arch#x86_64 lang/python#3.11.6 md/pyimpl#CPython", "boto linux python"},
	{"Boto/2.49.0 Python/2.7.12 Linux/4.4.0-1061-aws", "boto linux ec2-kernel python"},
	{"Boto3/1.33.13 md/Botocore#1.33.13 ua/2.0 os/linux#4.14.255 md/arch#x86_64 lang/python#3.7.16 md/pyimpl#CPython exec-env/AmazonSageMaker-Notebook Botocore/1.33.13", "boto linux sagemaker python"},
	{"python-requests/2.31.0", "python-requests"},

	// Go.
	{"aws-sdk-go-v2/1.47.7 ua/2.1 os/linux lang/go#1.26 md/GOOS#linux md/GOARCH#amd64 api/iam#1.64.8 app/keytend+j1.abc m/E,F", "aws-sdk-go-v2 linux go app=keytend"},
	{"aws-sdk-go-v2/1.21.0 os/linux lang/go#1.20.7 md/GOOS#linux md/GOARCH#amd64 api/sqs#1.24.5 exec-env/AWS_ECS_FARGATE", "aws-sdk-go-v2 linux fargate go"},
	{"aws-sdk-go-v2/1.30.3 os/macos lang/go#1.22.5 md/GOOS#darwin md/GOARCH#arm64 api/s3#1.58.2", "aws-sdk-go-v2 macos go"},
	{"aws-sdk-go/1.44.100 (go1.19; linux; amd64)", "aws-sdk-go linux go"},
	{"aws-sdk-go/1.44.100 (go1.19; linux; amd64) exec-env/AWS_ECS_EC2 S3Manager", "aws-sdk-go linux ecs-on-ec2 go"},
	{"aws-sdk-go/1.38.0 (go1.16; windows; amd64)", "aws-sdk-go windows go"},
	{"aws-sdk-go/1.44.0 (go1.18; darwin; arm64)", "aws-sdk-go macos go"},
	{"Go-http-client/1.1", "go-http"},

	// JavaScript.
	{"aws-sdk-js/3.350.0 ua/2.0 os/linux#5.10.178-162.673.amzn2.x86_64 lang/js md/nodejs#18.16.0 api/s3#3.350.0 exec-env/AWS_Lambda_nodejs18.x", "aws-sdk-js linux amazon-linux lambda js"},
	{"aws-sdk-js/3.556.0 ua/2.0 os/macOS#10.15.7 lang/js md/browser#Chrome_123.0.0.0 api/cognito-identity#3.556.0", "aws-sdk-js macos js"},
	{"aws-sdk-js/3.621.0 ua/2.0 os/win32#10.0.19045 lang/js md/nodejs#20.11.0 api/dynamodb#3.621.0", "aws-sdk-js windows windows-desktop js"},
	{"aws-sdk-nodejs/2.1354.0 linux/v18.16.0 exec-env/AWS_Lambda_nodejs18.x promise", "aws-sdk-js-2 linux lambda"},
	{"aws-sdk-nodejs/2.814.0 darwin/v14.15.1 callback", "aws-sdk-js-2 macos"},
	{"aws-sdk-nodejs/2.1001.0 win32/v14.17.0 promise", "aws-sdk-js-2 windows windows-desktop"},

	// Java, .NET and the others.
	{"aws-sdk-java/1.12.400 Linux/5.10.165-143.735.amzn2.x86_64 OpenJDK_64-Bit_Server_VM/17.0.6+10-LTS java/17.0.6 vendor/Amazon.com_Inc. cfg/retry-mode/standard", "aws-sdk-java major=1 linux amazon-linux java"},
	{"aws-sdk-java/2.20.26 Linux/5.15.0-1031-aws OpenJDK_64-Bit_Server_VM/17.0.6+10 Java/17.0.6 vendor/Eclipse_Adoptium io/sync http/Apache cfg/retry-mode/legacy", "aws-sdk-java major=2 linux ec2-kernel java"},
	{"aws-sdk-java/2.30.16 md/io#sync md/http#Apache ua/2.1 os/Linux#6.1.119-129.201.amzn2023.x86_64 lang/java#21.0.6 md/OpenJDK_64-Bit_Server_VM#21.0.6 md/vendor#Amazon.com_Inc. md/en exec-env/AWS_Lambda_java21 m/D", "aws-sdk-java major=2 linux amazon-linux lambda java"},
	{"aws-sdk-java/1.11.848 Mac_OS_X/10.15.7 Java_HotSpot(TM)_64-Bit_Server_VM/25.261-b12 java/1.8.0_261 vendor/Oracle_Corporation", "aws-sdk-java major=1 macos java"},
	{"aws-sdk-java/1.11.500 Windows_10/10.0 OpenJDK_64-Bit_Server_VM/11.0.2+9 java/11.0.2", "aws-sdk-java major=1 windows windows-desktop java"},
	{"Hadoop 3.3.1, aws-sdk-java/1.11.901 Linux/4.15.0-112-generic OpenJDK_64-Bit_Server_VM/25.275-b01 java/1.8.0_275 vendor/Private_Build", "hadoop also=aws-sdk-java linux generic java"},
	{"aws-sdk-dotnet-coreclr/3.7.400.0 ua/2.0 os/windows#10.0.17763.0 md/ARCH#X64 lang/.NET_Core#8.0.1 md/aws-sdk-dotnet-core#3.7.400.0 api/S3#3.7.400.0 cfg/retry-mode#legacy md/ClientAsync", "aws-sdk-dotnet windows windows-server .net"},
	{"aws-sdk-dotnet-coreclr/3.7.100.14 aws-sdk-dotnet-core/3.7.103.13 .NET_Core/6.0.13 OS/Linux_5.10.0 ClientAsync", "aws-sdk-dotnet linux .net"},
	{"aws-sdk-dotnet-45/3.3.0.0 aws-sdk-dotnet-core/3.3.0.0 .NET_Runtime/4.0 .NET_Framework/4.0 OS/Microsoft_Windows_NT_6.2.9200.0 ClientSync", "aws-sdk-dotnet windows"},
	{"AWSPowerShell.NetCore/4.1.300 aws-sdk-dotnet-core/3.7.106 .NET_Core/7.0.3 OS/Microsoft_Windows_10.0.19045 PowerShellCore/7.3", "aws-powershell also=aws-sdk-dotnet windows windows-desktop .net"},
	{"aws-sdk-php/3.263.0 ua/2.0 OS/Linux#5.10.0-21-amd64 lang/php#8.1.16 GuzzleHttp/7", "aws-sdk-php linux php"},
	{"aws-sdk-php/3.20.15 GuzzleHttp/6.2.1 curl/7.47.0 PHP/7.0.15", "aws-sdk-php php"},
	{"aws-sdk-ruby3/3.171.0 ua/2.0 api/s3#1.119.2 os/linux#5.15 md/x86_64 lang/ruby#3.1.3 md/3.1.3 cfg/retry-mode#legacy", "aws-sdk-ruby linux ruby"},
	{"aws-sdk-ruby3/3.104.3 ruby/2.7.1 x86_64-linux aws-sdk-s3/1.79.1", "aws-sdk-ruby linux ruby"},
	{"aws-sdk-cpp/1.11.100 ua/2.0 md/aws-crt#0.20.1 os/Linux#5.15.0 md/arch#x86_64 lang/c++#C++11 md/GCC#9.4.0 api/S3", "aws-sdk-cpp linux c++"},
	{"aws-sdk-rust/1.3.3 ua/2.1 api/s3#1.62.0 os/macos lang/rust#1.81.0 m/E", "aws-sdk-rust macos rust"},
	{"aws-sdk-swift/1.0.0 ua/2.1 api/s3#1.0.0 os/ios#17.4 lang/swift#5.10", "aws-sdk-swift ios swift"},
	{"aws-sdk-kotlin/1.0.30 ua/2.1 api/sqs#1.0.30 os/linux#6.1 lang/kotlin#1.9.22 md/javaVersion#17.0.9", "aws-sdk-kotlin linux kotlin"},
	{"aws-sdk-android/2.22.0 Linux/4.9.337 Dalvik/2.1.0 en_US", "aws-sdk-android linux"},
	{"MinIO (linux; amd64) minio-go/v7.0.43 mc/RELEASE.2022-11-07T23-47-39Z", "minio-client also=minio-sdk linux"},
	{"MinIO (linux; amd64) minio-go/v7.0.43", "minio-sdk linux"},

	// What describes infrastructure.
	{"APN/1.0 HashiCorp/1.0 Terraform/1.5.7 (+https://www.terraform.io) terraform-provider-aws/5.1.0 (+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.18.1 os/linux lang/go#1.20 md/GOOS#linux md/GOARCH#amd64 api/sts#1.19.2", "terraform also=aws-sdk-go-v2 linux go"},
	{"APN/1.0 HashiCorp/1.0 Terraform/1.9.8 (+https://www.terraform.io) terraform-provider-aws/5.80.0 (+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.32.5 ua/2.1 os/macos lang/go#1.23.3 md/GOOS#darwin md/GOARCH#arm64 api/ec2#1.193.0", "terraform also=aws-sdk-go-v2 macos go"},
	{"aws-sdk-go/1.29.7 (go1.13; linux; amd64) APN/1.0 HashiCorp/1.0 Terraform/0.12.20 (+https://www.terraform.io)", "terraform also=aws-sdk-go linux go"},
	{"APN/1.0 Pulumi/1.0 PulumiAws/6.0.0 aws-sdk-go-v2/1.21.0 os/linux lang/go#1.21 md/GOOS#linux", "pulumi also=aws-sdk-go-v2 linux go"},
	{"APN/1.0 HashiCorp/1.0 Packer/1.9.4 aws-sdk-go/1.44.298 (go1.20.7; linux; amd64)", "packer also=aws-sdk-go linux go"},
	{"APN/1.0 Ansible/2.15.0 amazon.aws/6.0.0 Boto3/1.26.0 Python/3.10.6 Linux/5.15.0-76-generic Botocore/1.29.0", "ansible also=boto linux generic python"},
	{"aws-cdk/2.1000.0 aws-sdk-js/3.699.0 ua/2.1 os/darwin#23.6.0 lang/js md/nodejs#20.18.0 api/cloudformation#3.699.0", "aws-cdk also=aws-sdk-js macos js"},
	{"aws-sam-cli/1.100.0 Boto3/1.28.0 Python/3.11.4 Linux/6.2.0-1016-azure Botocore/1.31.0", "aws-sam-cli also=boto linux azure python"},
	{"eksctl/0.150.0 aws-sdk-go-v2/1.20.0 os/linux lang/go#1.20.5 md/GOOS#linux", "eksctl also=aws-sdk-go-v2 linux go"},

	// CI services.
	{"configure-aws-credentials-for-github-actions aws-sdk-js/3.600.0 ua/2.0 os/linux#6.5.0-1022-azure lang/js md/nodejs#20.13.1 api/sts#3.600.0", "github-actions also=aws-sdk-js linux azure js"},
	{"aws-sdk-nodejs/2.1354.0 linux/v16.16.0 configure-aws-credentials-for-github-actions promise", "github-actions also=aws-sdk-js-2 linux"},
	{"amazon-ecr-login-for-github-actions aws-sdk-nodejs/2.1354.0 linux/v16.16.0 promise", "github-actions also=aws-sdk-js-2 linux"},
	{"aws-cloudformation-github-deploy-for-github-actions aws-sdk-js/3.500.0 ua/2.0 os/linux#6.2.0 lang/js", "github-actions also=aws-sdk-js linux js"},
	{"Boto3/1.26.0 Python/3.10.0 Linux/5.15.0 bitbucket-pipelines-aws-s3/1.1.0 Botocore/1.29.0", "bitbucket-pipelines also=boto linux python"},

	// Kubernetes, machines, desktops, products.
	{"elbv2.k8s.aws/v2.4.1 (linux/amd64) aws-sdk-go/1.42.27 (go1.17.9; linux; amd64)", "aws-load-balancer-controller also=aws-sdk-go linux go"},
	{"aws-sdk-go/1.44.311 (go1.20.6; linux; amd64) ExternalDNS/v0.13.5", "external-dns also=aws-sdk-go linux go"},
	{"cluster-autoscaler/1.26.2 aws-sdk-go/1.44.100 (go1.19; linux; amd64)", "cluster-autoscaler also=aws-sdk-go linux go"},
	{"karpenter.sh-v0.29.0 aws-sdk-go/1.44.275 (go1.20.5; linux; amd64)", "karpenter also=aws-sdk-go linux go"},
	{"kubernetes/v1.24.0 aws-sdk-go/1.38.49 (go1.18.1; linux; amd64)", "kubernetes also=aws-sdk-go linux go"},
	{"aws-sdk-go-v2/1.24.0 os/linux lang/go#1.21.5 md/GOOS#linux exec-env/EKS_ADDON-aws-ebs-csi-driver-v1.26.0 api/ec2#1.141.0", "aws-sdk-go-v2 linux eks-addon go"},
	{"CWAgent/1.247358.0 (go1.20.5; linux; amd64) ID/0c1d aws-sdk-go/1.44.100", "cloudwatch-agent also=aws-sdk-go linux go"},
	{"rclone/v1.65.0", "rclone"},
	{"S3cmd/2.3.0", "s3cmd"},
	{"APN/1.0 Veeam/1.0 Backup/12.0", "veeam"},
	{"Cyberduck/8.7.0.40629 (Mac OS X/13.5.1) (aarch64)", "cyberduck macos"},
	{"S3 Browser/10.9.9 (https://s3browser.com)", "s3-browser"},
	{"WinSCP/6.1.2 neon/0.32.5", "winscp"},
	{"AWS-Toolkit-For-VSCode/1.90.0 Visual-Studio-Code/1.82.0 ClientId/1 aws-sdk-nodejs/2.1384.0 win32/v18.15.0", "aws-toolkit also=aws-sdk-js-2 windows windows-desktop"},
	{"Grafana/10.1.0 aws-sdk-go/1.44.323 (go1.20.8; linux; amd64)", "grafana also=aws-sdk-go linux go"},
	{"Boto3/1.24.96 Python/3.10.8 Linux/5.10.149 Botocore/1.27.96 Airflow/2.6.3 AmPP/8.0.0", "airflow also=boto linux python"},
	{"APN/1.0 Acme/1.0 Backupper/3.1 aws-sdk-java/2.20.0 Linux/5.10 Java/17.0.6", "partner program=Acme_Backupper also=aws-sdk-java linux java"},
	{"curl/8.4.0", "curl"},
	{"PostmanRuntime/7.36.0", "postman"},

	{"aws-cli/1.16.145 Python/3.6.0 Windows/2016Server botocore/1.12.135", "aws-cli major=1 also=boto windows windows-server python"},
	{"aws-sdk-go/1.44.116 (go1.20.3; linux; amd64) ebs.csi.aws.com/v1.17.0", "ebs-csi-driver also=aws-sdk-go linux go"},
	{"aws-toolkit-jetbrains/1.80 IntelliJ-IDEA-Ultimate-Edition/2023.2 ClientId/1", "aws-toolkit"},

	// AWS for somebody, and the console.
	{"cloudformation.amazonaws.com", "aws-service program=cloudformation.amazonaws.com"},
	{"AWS Internal", "aws-service program=AWS_Internal"},
	{"signin.amazonaws.com", "console"},
	{"[S3Console/0.4, aws-internal/3 aws-sdk-java/1.11.964 Linux/5.4.0 OpenJDK_64-Bit_Server_VM/25.282-b08 java/1.8.0_282 vendor/Oracle_Corporation]", "console also=aws-sdk-java linux java"},
	{"[aws-internal/3 aws-sdk-java/1.11.848]", "aws-service also=aws-sdk-java"},
	{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36", "browser macos"},
	{"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:120.0) Gecko/20100101 Firefox/120.0", "browser windows"},

	// What makes no sense.
	{"acme-inventory/4.2", "unknown program=acme-inventory"},
	{"(broken", "unknown program=broken"},
	{"-", "unknown program=-"},
	{"", ""},
}

func TestParse(t *testing.T) {
	if len(seen) < 80 {
		t.Fatalf("only %d user agents", len(seen))
	}
	for _, c := range seen {
		got := told(Parse(c.raw))
		want := map[string]bool{}
		for _, part := range strings.Fields(c.want) {
			want[part] = true
		}
		for _, part := range strings.Fields(got) {
			if !want[part] {
				t.Errorf("%s\n  read  %s\n  want  %s", c.raw, got, c.want)
				break
			}
			delete(want, part)
		}
		if len(want) > 0 {
			t.Errorf("%s\n  read  %s\n  want  %s", c.raw, got, c.want)
		}
	}
}

func told(a Agent) string {
	parts := []string{string(a.Family)}
	for name, value := range map[string]string{"program=": a.Program, "major=": a.Major, "also=": string(a.Also), "app=": a.App} {
		if value != "" {
			parts = append(parts, name+strings.ReplaceAll(value, " ", "_"))
		}
	}
	return strings.Join(append(parts, string(a.System), string(a.Host), string(a.Runtime), a.Tongue), " ")
}

// What differs from release to release makes no other agent.
func TestReleasesAreTheSame(t *testing.T) {
	for _, pair := range [][2]string{
		{"aws-sdk-go-v2/1.21.0 os/linux lang/go#1.20.7 md/GOOS#linux api/sqs#1.24.5", "aws-sdk-go-v2/1.41.0 ua/2.1 os/linux lang/go#1.26.1 md/GOOS#linux api/s3#1.99.0 m/E"},
		{"Boto3/1.34.0 md/Botocore#1.34.0 ua/2.0 os/linux#6.1 lang/python#3.12 exec-env/AWS_Lambda_python3.12", "Boto3/1.38.0 md/Botocore#1.38.0 ua/2.1 os/linux#6.8 lang/python#3.13 exec-env/AWS_Lambda_python3.13"},
		{"x app/keytend-1.2.3", "x app/keytend+j1.abc"},
	} {
		if a, b := Parse(pair[0]), Parse(pair[1]); a != b {
			t.Errorf("%+v is not %+v", a, b)
		}
	}
}

// Agents are kept as JSON and come back the same.
func TestAgentsAreKept(t *testing.T) {
	for _, c := range seen {
		a := Parse(c.raw)
		text, err := json.Marshal(a)
		var back Agent
		if err == nil {
			err = json.Unmarshal(text, &back)
		}
		if err != nil || back != a {
			t.Errorf("%s: %+v came back as %+v (%v)", c.raw, a, back, err)
		}
	}
}

func TestString(t *testing.T) {
	for raw, want := range map[string]string{
		seen[0].raw: "the AWS CLI 2 on Linux of EC2",
		"aws-sdk-go-v2/1.47.7 os/linux lang/go#1.26 app/keytend-1.2.3": "keytend on Linux",
		"Boto3/1.34.0 os/linux#5.14 app/billing-export":                "a Python program (boto3) called billing-export on Linux",
		"aws-sdk-nodejs/2.1 linux/v18 exec-env/AWS_Lambda_nodejs18.x":  "a Node.js program in AWS Lambda",
		"acme-inventory/4.2":           "acme-inventory",
		"cloudformation.amazonaws.com": "cloudformation.amazonaws.com",
		"":                             "a program that doesn't say what it is",
	} {
		if got := Parse(raw).String(); got != want {
			t.Errorf("%s: %q, want %q", raw, got, want)
		}
	}
}

// Every row is found by its own word, has a kind, words and a source.
func TestRows(t *testing.T) {
	for _, row := range Rows() {
		if row.Kind == "" || row.Spoken == "" || row.Source == "" {
			t.Errorf("%s: not complete: %+v", row.Word, row)
		}
		if got := Parse(strings.TrimSuffix(row.Word, "*") + "/1.2"); got.Family != row.Family {
			t.Errorf("%s is read as %s, want %s", row.Word, got.Family, row.Family)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range seen {
		f.Add(c.raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if a := Parse(raw); a.String() == "" {
			t.Errorf("%q has no words", raw)
		}
	})
}
