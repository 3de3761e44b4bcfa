# An organization. Applied in its management account: a role in every account,
# by a StackSet, for a Keytend that runs in the account of var.keytend_role_arn;
# AWS Config's rules in all accounts; and the rotation function for the secrets
# of this one. Secrets of other accounts are rotated by a function over there:
# apply the module in those accounts, too.
#
# Before, once, in the management account, as an administrator:
#
#   aws cloudformation activate-organizations-access

terraform {
  required_version = ">= 1.5.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.80.0, < 7.0.0"
    }
  }
}

provider "aws" {
  region = var.region
}

variable "region" {
  description = "Region of the function, of AWS Config's rules and of the alarms."
  type        = string
  default     = "us-east-1"
}

variable "keytend_role_arn" {
  description = "ARN of the role that Keytend runs as."
  type        = string
}

variable "external_id" {
  description = "External ID that Keytend sends along when it enters an account."
  type        = string
}

variable "organizational_unit_ids" {
  description = "Organizational units, or the organization's root, whose accounts get the role. A unit without any account shows as a change in each plan: leave it out."
  type        = list(string)
}

variable "mail" {
  description = "Addresses that are told of alarms, failed rotations and Config's verdicts."
  type        = set(string)
}

module "keytend" {
  source = "../.."

  package         = "${path.module}/keytend-lambda.zip"
  policy          = file("${path.module}/keytend.yaml")
  secret_patterns = ["prod/keys/*"]
  user_path       = "/apps/"
  scan            = {}

  config_rules = {
    max_key_age  = 90
    max_unused   = 45
    organization = true
  }

  # A StackSet leaves the management account out.
  member_role = {
    principal   = var.keytend_role_arn
    external_id = var.external_id
    write       = true
  }

  mail = var.mail
  tags = { owner = "security" }
}

resource "aws_cloudformation_stack_set" "member_role" {
  name             = "keytend-member-role"
  description      = "The role by which Keytend enters each account"
  permission_model = "SERVICE_MANAGED"
  capabilities     = ["CAPABILITY_NAMED_IAM"]
  template_body    = file("${path.module}/../../../cloudformation/member-role.yaml")

  parameters = {
    Principal  = var.keytend_role_arn
    ExternalId = var.external_id
  }

  auto_deployment {
    enabled                          = true
    retain_stacks_on_account_removal = false
  }

  lifecycle {
    ignore_changes = [administration_role_arn]
  }
}

resource "aws_cloudformation_stack_instances" "member_role" {
  stack_set_name = aws_cloudformation_stack_set.member_role.name
  regions        = [var.region]

  deployment_targets {
    organizational_unit_ids = var.organizational_unit_ids
  }
}

output "member_role_arn" {
  description = "ARN of the role in the management account."
  value       = module.keytend.member_role_arn
}

output "topic_arn" {
  description = "ARN of the topic that is told."
  value       = module.keytend.topic_arn
}
