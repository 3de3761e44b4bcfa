package useragent

import "strings"

// Family is a program, or the SDK that a program is made with.
type Family string

// Families that others ask for by name; the table has more.
const (
	Unknown       Family = "unknown"
	Partner       Family = "partner" // a product of AWS's partner network that isn't in the table
	AWSCLI        Family = "aws-cli"
	Boto          Family = "boto"
	Terraform     Family = "terraform"
	GitHubActions Family = "github-actions"
	Console       Family = "console"
	AWSService    Family = "aws-service"
	Browser       Family = "browser"
)

// Kind groups families by what they tell about who runs them.
type Kind string

// The kinds.
const (
	Deployment Kind = "deployment" // describes infrastructure and makes it so: Terraform, Ansible
	Pipeline   Kind = "pipeline"   // runs in a CI service
	Cluster    Kind = "cluster"    // a controller of Kubernetes
	Agentry    Kind = "agent"      // runs on a machine and reports or copies
	Desktop    Kind = "desktop"    // has a window: a person is there
	CLI        Kind = "cli"        // a person or a script types
	Product    Kind = "product"    // somebody's software or service
	SDK        Kind = "sdk"        // a program of somebody's own
	ByAWS      Kind = "aws"        // AWS calls for somebody
)

// Row is one family, as its word in a user agent tells it.
type Row struct {
	Word   string // the product's name; * at the end: what begins so
	Family Family
	Kind   Kind
	Spoken string // in a sentence: "Terraform", "a Python program (boto3)"
	Majors bool   // major versions are different programs
	Source string // where the word is documented, or written by the program
}

// Kind says what kind of program it is; empty where the table has none.
func (a Agent) Kind() Kind {
	for i := range rows {
		if rows[i].Family == a.Family {
			return rows[i].Kind
		}
	}
	return ""
}

// Rows is the table, the most particular first. The slice is shared: don't
// change it.
func Rows() []Row { return rows }

// byService reports whether an AWS service called for somebody: the name of its
// host stands in the user agent's place.
func byService(raw string) bool {
	lower := strings.ToLower(raw)
	return lower == "aws internal" || !strings.ContainsAny(raw, " /") && (strings.HasSuffix(lower, ".amazonaws.com") || strings.HasSuffix(lower, ".amazonaws.com.cn"))
}

const cloudTrailRecord = "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html"

var rows = []Row{
	{"signin.amazonaws.com", Console, ByAWS, "the console", false, cloudTrailRecord},
	{"console.amazonaws.com", Console, ByAWS, "the console", false, cloudTrailRecord},
	{"S3Console", Console, ByAWS, "the console", false, cloudTrailRecord},
	{"aws-internal", AWSService, ByAWS, "an AWS service", false, cloudTrailRecord},

	{"configure-aws-credentials-for-github-actions", GitHubActions, Pipeline, "GitHub Actions", false, "https://github.com/aws-actions/configure-aws-credentials"},
	{"amazon-ecr-login-for-github-actions", GitHubActions, Pipeline, "GitHub Actions", false, "https://github.com/aws-actions/amazon-ecr-login"},
	{"amazon-ecs-deploy-task-definition-for-github-actions", GitHubActions, Pipeline, "GitHub Actions", false, "https://github.com/aws-actions/amazon-ecs-deploy-task-definition"},
	{"amazon-ecs-render-task-definition-for-github-actions", GitHubActions, Pipeline, "GitHub Actions", false, "https://github.com/aws-actions/amazon-ecs-render-task-definition"},
	{"aws-cloudformation-github-deploy-for-github-actions", GitHubActions, Pipeline, "GitHub Actions", false, "https://github.com/aws-actions/aws-cloudformation-github-deploy"},
	{"aws-codebuild-run-build-for-github-actions", GitHubActions, Pipeline, "GitHub Actions", false, "https://github.com/aws-actions/aws-codebuild-run-build"},
	{"bitbucket-pipe*", "bitbucket-pipelines", Pipeline, "Bitbucket Pipelines", false, "https://bitbucket.org/atlassian/aws-s3-deploy"},
	{"AzureDevOps*", "azure-pipelines", Pipeline, "Azure Pipelines", false, "https://github.com/aws/aws-toolkit-azure-devops"},
	{"VSTS*", "azure-pipelines", Pipeline, "Azure Pipelines", false, "https://github.com/aws/aws-toolkit-azure-devops"},
	{"Jenkins*", "jenkins", Pipeline, "Jenkins", false, "https://github.com/jenkinsci"},
	{"Spinnaker*", "spinnaker", Pipeline, "Spinnaker", false, "https://github.com/spinnaker/clouddriver"},
	{"GitLab*", "gitlab-runner", Pipeline, "GitLab", false, "https://gitlab.com/gitlab-org/gitlab-runner"},

	{"TFC*", "hcp-terraform", Deployment, "HCP Terraform", false, "https://developer.hashicorp.com/terraform/cloud-docs"},
	{"Terraform", Terraform, Deployment, "Terraform", false, "https://github.com/hashicorp/aws-sdk-go-base"},
	{"terraform-provider-aws", Terraform, Deployment, "Terraform", false, "https://github.com/hashicorp/aws-sdk-go-base"},
	{"HashiCorp-Terraform*", Terraform, Deployment, "Terraform", false, "https://github.com/hashicorp/terraform"},
	{"OpenTofu", "opentofu", Deployment, "OpenTofu", false, "https://github.com/opentofu/opentofu"},
	{"terragrunt*", Terraform, Deployment, "Terraform", false, "https://github.com/gruntwork-io/terragrunt"},
	{"Pulumi*", "pulumi", Deployment, "Pulumi", false, "https://github.com/pulumi/pulumi-aws"},
	{"Packer*", "packer", Deployment, "Packer", false, "https://github.com/hashicorp/packer-plugin-amazon"},
	{"Ansible*", "ansible", Deployment, "Ansible", false, "https://github.com/ansible-collections/amazon.aws"},
	{"aws-cdk*", "aws-cdk", Deployment, "the AWS CDK", false, "https://github.com/aws/aws-cdk-cli"},
	{"aws-sam-cli*", "aws-sam-cli", Deployment, "the AWS SAM CLI", false, "https://github.com/aws/aws-sam-cli"},
	{"serverless*", "serverless-framework", Deployment, "the Serverless Framework", false, "https://github.com/serverless/serverless"},
	{"crossplane*", "crossplane", Deployment, "Crossplane", false, "https://github.com/crossplane-contrib/provider-upjet-aws"},
	{"upjet*", "crossplane", Deployment, "Crossplane", false, "https://github.com/crossplane-contrib/provider-upjet-aws"},
	{"copilot-cli*", "aws-copilot", Deployment, "AWS Copilot", false, "https://github.com/aws/copilot-cli"},
	{"amplify-cli*", "aws-amplify", Deployment, "the Amplify CLI", false, "https://github.com/aws-amplify/amplify-cli"},
	{"eb-cli*", "eb-cli", Deployment, "the Elastic Beanstalk CLI", false, "https://github.com/aws/aws-elastic-beanstalk-cli"},
	{"ecs-cli*", "ecs-cli", Deployment, "the ECS CLI", false, "https://github.com/aws/amazon-ecs-cli"},
	{"eksctl*", "eksctl", Deployment, "eksctl", false, "https://github.com/eksctl-io/eksctl"},
	{"kops*", "kops", Deployment, "kOps", false, "https://github.com/kubernetes/kops"},
	{"aws-chalice*", "aws-chalice", Deployment, "AWS Chalice", false, "https://github.com/aws/chalice"},
	{"cloud-custodian*", "cloud-custodian", Deployment, "Cloud Custodian", false, "https://github.com/cloud-custodian/cloud-custodian"},

	{"karpenter*", "karpenter", Cluster, "Karpenter", false, "https://github.com/aws/karpenter-provider-aws"},
	{"cluster-autoscaler*", "cluster-autoscaler", Cluster, "the Kubernetes Cluster Autoscaler", false, "https://github.com/kubernetes/autoscaler"},
	{"elbv2.k8s.aws", "aws-load-balancer-controller", Cluster, "the AWS Load Balancer Controller", false, "https://github.com/kubernetes-sigs/aws-load-balancer-controller"},
	{"ExternalDNS*", "external-dns", Cluster, "ExternalDNS", false, "https://github.com/kubernetes-sigs/external-dns"},
	{"external-dns*", "external-dns", Cluster, "ExternalDNS", false, "https://github.com/kubernetes-sigs/external-dns"},
	{"external-secrets*", "external-secrets", Cluster, "External Secrets", false, "https://github.com/external-secrets/external-secrets"},
	{"cert-manager*", "cert-manager", Cluster, "cert-manager", false, "https://github.com/cert-manager/cert-manager"},
	{"aws-ebs-csi-driver*", "ebs-csi-driver", Cluster, "the EBS CSI driver", false, "https://github.com/kubernetes-sigs/aws-ebs-csi-driver"},
	{"aws-efs-csi-driver*", "efs-csi-driver", Cluster, "the EFS CSI driver", false, "https://github.com/kubernetes-sigs/aws-efs-csi-driver"},
	{"amazon-vpc-cni*", "vpc-cni", Cluster, "the VPC CNI", false, "https://github.com/aws/amazon-vpc-cni-k8s"},
	{"velero*", "velero", Cluster, "Velero", false, "https://github.com/vmware-tanzu/velero-plugin-for-aws"},
	{"cluster-api*", "cluster-api", Cluster, "Cluster API", false, "https://github.com/kubernetes-sigs/cluster-api-provider-aws"},
	{"ebs.csi.aws.com*", "ebs-csi-driver", Cluster, "the EBS CSI driver", false, "https://github.com/kubernetes-sigs/aws-ebs-csi-driver"},
	{"efs.csi.aws.com*", "efs-csi-driver", Cluster, "the EFS CSI driver", false, "https://github.com/kubernetes-sigs/aws-efs-csi-driver"},
	{"secrets-store-csi-driver*", "secrets-store-csi-driver", Cluster, "the Secrets Store CSI driver", false, "https://github.com/aws/secrets-store-csi-driver-provider-aws"},
	{"argo-cd*", "argo-cd", Cluster, "Argo CD", false, "https://github.com/argoproj/argo-cd"},
	{"argocd*", "argo-cd", Cluster, "Argo CD", false, "https://github.com/argoproj/argo-cd"},
	{"kubernetes*", "kubernetes", Cluster, "Kubernetes", false, "https://github.com/kubernetes/cloud-provider-aws"},

	{"CWAgent*", "cloudwatch-agent", Agentry, "the CloudWatch agent", false, "https://github.com/aws/amazon-cloudwatch-agent"},
	{"amazon-ssm-agent*", "ssm-agent", Agentry, "the SSM agent", false, "https://github.com/aws/amazon-ssm-agent"},
	{"aws-codedeploy-agent*", "codedeploy-agent", Agentry, "the CodeDeploy agent", false, "https://github.com/aws/aws-codedeploy-agent"},
	{"aws-fluent-bit-plugin*", "fluent-bit", Agentry, "Fluent Bit", false, "https://github.com/fluent/fluent-bit"},
	{"fluent-bit*", "fluent-bit", Agentry, "Fluent Bit", false, "https://github.com/fluent/fluent-bit"},
	{"fluentd*", "fluentd", Agentry, "Fluentd", false, "https://github.com/fluent/fluent-plugin-s3"},
	{"Vector*", "vector", Agentry, "Vector", false, "https://github.com/vectordotdev/vector"},
	{"logstash*", "logstash", Agentry, "Logstash", false, "https://github.com/logstash-plugins"},
	{"Telegraf*", "telegraf", Agentry, "Telegraf", false, "https://github.com/influxdata/telegraf"},
	{"Veeam*", "veeam", Agentry, "Veeam", false, "https://docs.aws.amazon.com/apn/ (APN user agents)"},
	{"restic*", "restic", Agentry, "restic", false, "https://github.com/restic/restic"},
	{"Duplicati*", "duplicati", Agentry, "Duplicati", false, "https://github.com/duplicati/duplicati"},
	{"rclone*", "rclone", Agentry, "rclone", false, "https://rclone.org/docs/#user-agent-string"},

	{"aws-toolkit-*", "aws-toolkit", Desktop, "an AWS toolkit in an editor", false, "https://github.com/aws/aws-toolkit-vscode"},
	{"AWSToolkit*", "aws-toolkit", Desktop, "an AWS toolkit in an editor", false, "https://github.com/aws/aws-toolkit-visual-studio"},
	{"Cyberduck*", "cyberduck", Desktop, "Cyberduck", false, "https://github.com/iterate-ch/cyberduck"},
	{"Mountain", "mountain-duck", Desktop, "Mountain Duck", false, "https://github.com/iterate-ch/cyberduck"},
	{"WinSCP*", "winscp", Desktop, "WinSCP", false, "https://github.com/winscp/winscp"},
	{"Browser", "s3-browser", Desktop, "S3 Browser", false, "https://s3browser.com"},
	{"CloudBerry*", "msp360", Desktop, "MSP360 (CloudBerry)", false, "https://www.msp360.com"},
	{"Transmit*", "transmit", Desktop, "Transmit", false, "https://panic.com/transmit"},
	{"PostmanRuntime*", "postman", Desktop, "Postman", false, "https://github.com/postmanlabs/postman-runtime"},
	{"NoSQLWorkbench*", "nosql-workbench", Desktop, "NoSQL Workbench", false, "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/workbench.html"},

	{"AWSPowerShell*", "aws-powershell", CLI, "AWS Tools for PowerShell", false, "https://github.com/aws/aws-tools-for-powershell"},
	{"aws-cli", AWSCLI, CLI, "the AWS CLI", true, "https://github.com/aws/aws-cli"},
	{"aws-vault*", "aws-vault", CLI, "aws-vault", false, "https://github.com/99designs/aws-vault"},
	{"S3cmd*", "s3cmd", CLI, "s3cmd", false, "https://github.com/s3tools/s3cmd"},
	{"s5cmd*", "s5cmd", CLI, "s5cmd", false, "https://github.com/peak/s5cmd"},
	{"mc", "minio-client", CLI, "the MinIO client", false, "https://github.com/minio/mc"},
	{"steampipe*", "steampipe", CLI, "Steampipe", false, "https://github.com/turbot/steampipe-plugin-aws"},
	{"Prowler*", "prowler", CLI, "Prowler", false, "https://github.com/prowler-cloud/prowler"},

	{"Grafana*", "grafana", Product, "Grafana", false, "https://github.com/grafana/grafana-aws-sdk"},
	{"Prometheus*", "prometheus", Product, "Prometheus", false, "https://github.com/prometheus/prometheus"},
	{"Airflow*", "airflow", Product, "Apache Airflow", false, "https://github.com/apache/airflow"},
	{"Hadoop*", "hadoop", Product, "Hadoop (S3A)", false, "https://hadoop.apache.org/docs/stable/hadoop-aws/tools/hadoop-aws/index.html"},
	{"Vault*", "vault", Product, "Vault", false, "https://github.com/hashicorp/vault"},
	{"Consul*", "consul", Product, "Consul", false, "https://github.com/hashicorp/consul"},
	{"Datadog*", "datadog", Product, "Datadog", false, "https://docs.datadoghq.com/integrations/amazon_web_services/"},
	{"NewRelic*", "new-relic", Product, "New Relic", false, "https://docs.newrelic.com"},
	{"Snowflake*", "snowflake", Product, "Snowflake", false, "https://docs.snowflake.com"},
	{"Databricks*", "databricks", Product, "Databricks", false, "https://docs.databricks.com"},
	{"Splunk*", "splunk", Product, "Splunk", false, "https://docs.splunk.com"},
	{"Fivetran*", "fivetran", Product, "Fivetran", false, "https://fivetran.com/docs"},
	{"SumoLogic*", "sumo-logic", Product, "Sumo Logic", false, "https://help.sumologic.com"},
	{"Lacework*", "lacework", Product, "Lacework", false, "https://docs.fortinet.com/product/lacework-forticnapp"},
	{"CloudHealth*", "cloudhealth", Product, "CloudHealth", false, "https://techdocs.broadcom.com"},
	{"APN", Partner, Product, "a partner's product", false, "https://docs.aws.amazon.com/apn/ (APN user agents)"},
	{"Mozilla", Browser, Desktop, "a browser", false, cloudTrailRecord},

	{"Boto3", Boto, SDK, "a Python program (boto3)", false, "https://github.com/boto/botocore/blob/develop/botocore/useragent.py"},
	{"Botocore", Boto, SDK, "a Python program (botocore)", false, "https://github.com/boto/botocore/blob/develop/botocore/useragent.py"},
	{"aiobotocore", Boto, SDK, "a Python program (aiobotocore)", false, "https://github.com/aio-libs/aiobotocore"},
	{"Boto", Boto, SDK, "an old Python program (boto 2)", false, "https://github.com/boto/boto"},
	{"aws-sdk-go-v2", "aws-sdk-go-v2", SDK, "a Go program", false, "https://github.com/aws/aws-sdk-go-v2"},
	{"aws-sdk-go", "aws-sdk-go", SDK, "a Go program", false, "https://github.com/aws/aws-sdk-go"},
	{"aws-sdk-js", "aws-sdk-js", SDK, "a JavaScript program", false, "https://github.com/aws/aws-sdk-js-v3"},
	{"aws-sdk-nodejs", "aws-sdk-js-2", SDK, "a Node.js program", false, "https://github.com/aws/aws-sdk-js"},
	{"aws-sdk-java", "aws-sdk-java", SDK, "a Java program", true, "https://github.com/aws/aws-sdk-java-v2"},
	{"aws-sdk-android", "aws-sdk-android", SDK, "an Android app", false, "https://github.com/aws-amplify/aws-sdk-android"},
	{"aws-sdk-iOS", "aws-sdk-ios", SDK, "an iOS app", false, "https://github.com/aws-amplify/aws-sdk-ios"},
	{"aws-sdk-dotnet*", "aws-sdk-dotnet", SDK, "a .NET program", false, "https://github.com/aws/aws-sdk-net"},
	{"aws-sdk-php", "aws-sdk-php", SDK, "a PHP program", false, "https://github.com/aws/aws-sdk-php"},
	{"aws-sdk-ruby*", "aws-sdk-ruby", SDK, "a Ruby program", false, "https://github.com/aws/aws-sdk-ruby"},
	{"aws-sdk-cpp", "aws-sdk-cpp", SDK, "a C++ program", false, "https://github.com/aws/aws-sdk-cpp"},
	{"aws-sdk-rust", "aws-sdk-rust", SDK, "a Rust program", false, "https://github.com/awslabs/aws-sdk-rust"},
	{"aws-sdk-swift", "aws-sdk-swift", SDK, "a Swift program", false, "https://github.com/awslabs/aws-sdk-swift"},
	{"aws-sdk-kotlin", "aws-sdk-kotlin", SDK, "a Kotlin program", false, "https://github.com/awslabs/aws-sdk-kotlin"},
	{"MinIO", "minio-sdk", SDK, "a program with MinIO's SDK", false, "https://github.com/minio/minio-go"},
	{"minio-go", "minio-sdk", SDK, "a program with MinIO's SDK", false, "https://github.com/minio/minio-go"},
	{"curl", "curl", CLI, "curl", false, "https://curl.se/docs/manpage.html#--aws-sigv4"},
	{"python-requests", "python-requests", SDK, "a Python program (requests)", false, "https://github.com/psf/requests"},
	{"Python-urllib", "python-urllib", SDK, "a Python program (urllib)", false, "https://docs.python.org/3/library/urllib.request.html"},
	{"Go-http-client", "go-http", SDK, "a Go program without an SDK", false, "https://pkg.go.dev/net/http"},
	{"okhttp", "okhttp", SDK, "a Java program (OkHttp)", false, "https://github.com/square/okhttp"},
	{"Apache-HttpClient", "apache-httpclient", SDK, "a Java program (HttpClient)", false, "https://hc.apache.org"},
}
