# IAM Roles Anywhere takes the place of the keys of billing in account 123456789012: server outside AWS.
# Its rights are those seen used from 2026-08-25 to 2026-11-23 that the user has now, and no others.
# Data events are not in it: reads and writes of S3 objects, DynamoDB items, SQS and SNS messages, Lambda invocations. Where the program does such things, add their actions yourself, as narrow as the user's are now.
# What happens less often than the window is long (yearly jobs, recovery) is not in it either.
# No event names on what these were called, so that the user's own resources stand, * among them: ec2:DescribeInstances sqs:ListQueues. Narrow them to what the program needs.
data "aws_iam_policy_document" "billing_role" {
  statement {
    actions   = ["ec2:DescribeInstances"]
    resources = ["*"]
  }

  statement {
    actions   = ["s3:PutObject"]
    resources = ["arn:aws:s3:::example/*"]
  }

  statement {
    actions       = ["s3:PutObject", "sqs:ListQueues"]
    not_resources = ["arn:aws:sqs:*:123456789012:payroll"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestedRegion"
      values   = ["eu-central-1"]
    }
  }

  statement {
    effect    = "Deny"
    actions   = ["s3:PutObject"]
    resources = ["arn:aws:s3:::example/locked/*"]
  }
}

data "aws_iam_policy_document" "trust_billing_role" {
  statement {
    actions = ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"]

    principals {
      type        = "Service"
      identifiers = ["rolesanywhere.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_rolesanywhere_trust_anchor.servers.arn]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalTag/x509Subject/CN"
      values   = ["backup.example.com"]
    }
  }
}

resource "aws_iam_role" "billing_role" {
  name               = "billing-role"
  assume_role_policy = data.aws_iam_policy_document.trust_billing_role.json
  description        = "Takes the place of keys of the IAM user billing"
  tags = {
    "keytend:replaces" = "AIDACKCEVSQ6C2EXAMPLE"
  }
}

resource "aws_iam_policy" "billing_role" {
  name   = "billing-role"
  policy = data.aws_iam_policy_document.billing_role.json
}

resource "aws_iam_role_policy_attachment" "billing_role" {
  role       = aws_iam_role.billing_role.name
  policy_arn = aws_iam_policy.billing_role.arn
}

variable "ca_certificate" {
  description = "The certificate, in PEM, of the authority that issues the servers' certificates"
  type        = string
}

resource "aws_rolesanywhere_trust_anchor" "servers" {
  name    = "servers"
  enabled = true

  source {
    source_type = "CERTIFICATE_BUNDLE"

    source_data {
      x509_certificate_data = var.ca_certificate
    }
  }
}

resource "aws_rolesanywhere_profile" "billing_role" {
  name      = "billing-role"
  enabled   = true
  role_arns = [aws_iam_role.billing_role.arn]
}

output "billing_role_trust_anchor_arn" {
  description = "For credential_process of aws_signing_helper"
  value       = aws_rolesanywhere_trust_anchor.servers.arn
}

output "billing_role_profile_arn" {
  description = "For credential_process of aws_signing_helper"
  value       = aws_rolesanywhere_profile.billing_role.arn
}

output "billing_role_arn" {
  description = "The role that takes the key's place"
  value       = aws_iam_role.billing_role.arn
}
