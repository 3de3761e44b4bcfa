# Monitoring alone, in one region of one account: AWS Config's verdicts, alarms
# on what `keytend scan --cloudwatch` counts in a cron job, and mail. A
# configuration recorder must run in the region.

terraform {
  required_version = ">= 1.5.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.40.0, < 7.0.0"
    }
  }
}

provider "aws" {
  region = var.region
}

variable "region" {
  description = "Region of the rules and alarms."
  type        = string
  default     = "us-east-1"
}

variable "mail" {
  description = "Addresses that are told."
  type        = set(string)
  default     = ["security@example.com"]
}

module "keytend" {
  source = "../.."

  config_rules = {}
  alarms       = { metrics_from_elsewhere = true }
  mail         = var.mail
}

output "topic_arn" {
  description = "ARN of the topic that is told."
  value       = module.keytend.topic_arn
}
