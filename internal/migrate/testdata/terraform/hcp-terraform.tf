# Role for an OIDC token takes the place of the keys of billing in account 123456789012: HCP Terraform.
# Its rights are those seen used from 2026-08-25 to 2026-11-23 that the user has now, and no others.
# Data events are not in it: reads and writes of S3 objects, DynamoDB items, SQS and SNS messages, Lambda invocations. Where the program does such things, add their actions yourself, as narrow as the user's are now.
# What happens less often than the window is long (yearly jobs, recovery) is not in it either.
# No event names on what these were called, so that the user's own resources stand, * among them: ec2:DescribeInstances sqs:ListQueues. Narrow them to what the program needs.
# Plans may assume the role as applies may, and where the workspace plans pull requests, so may theirs: see who can open one.
# Keep this: once it is applied the account has the provider, keytend migrate writes it no more, and Terraform would take it away.
resource "aws_iam_openid_connect_provider" "app_terraform_io" {
  url            = "https://app.terraform.io"
  client_id_list = ["aws.workload.identity"]
}

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
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.app_terraform_io.arn]
    }

    condition {
      test     = "StringEquals"
      variable = "app.terraform.io:aud"
      values   = ["aws.workload.identity"]
    }

    condition {
      test     = "StringLike"
      variable = "app.terraform.io:sub"
      values   = ["organization:example:project:shop:workspace:prod:run_phase:*"]
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

output "billing_role_arn" {
  description = "The role that takes the key's place"
  value       = aws_iam_role.billing_role.arn
}
