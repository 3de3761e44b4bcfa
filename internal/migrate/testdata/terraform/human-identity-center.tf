# IAM Identity Center takes the place of the keys of billing in account 123456789012: person at a command line.
# Its rights are those seen used from 2026-08-25 to 2026-11-23 that the user has now, and no others.
# Data events are not in it: reads and writes of S3 objects, DynamoDB items, SQS and SNS messages, Lambda invocations. Where the program does such things, add their actions yourself, as narrow as the user's are now.
# What happens less often than the window is long (yearly jobs, recovery) is not in it either.
# No event names on what these were called, so that the user's own resources stand, * among them: ec2:DescribeInstances sqs:ListQueues. Narrow them to what the program needs.
variable "billing_role_principal_id" {
  description = "The person, or better a group, in IAM Identity Center's directory"
  type        = string
}

variable "billing_role_principal_type" {
  description = "GROUP or USER"
  type        = string
  default     = "GROUP"
}

data "aws_ssoadmin_instances" "this" {
}

resource "aws_ssoadmin_permission_set" "billing_role" {
  name         = "billing-role"
  instance_arn = tolist(data.aws_ssoadmin_instances.this.arns)[0]
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

resource "aws_ssoadmin_permission_set_inline_policy" "billing_role" {
  instance_arn       = tolist(data.aws_ssoadmin_instances.this.arns)[0]
  permission_set_arn = aws_ssoadmin_permission_set.billing_role.arn
  inline_policy      = data.aws_iam_policy_document.billing_role.json
}

resource "aws_ssoadmin_permissions_boundary_attachment" "billing_role" {
  instance_arn       = tolist(data.aws_ssoadmin_instances.this.arns)[0]
  permission_set_arn = aws_ssoadmin_permission_set.billing_role.arn

  permissions_boundary {
    customer_managed_policy_reference {
      name = "limits"
      path = "/team/"
    }
  }
}

resource "aws_ssoadmin_account_assignment" "billing_role" {
  instance_arn       = tolist(data.aws_ssoadmin_instances.this.arns)[0]
  permission_set_arn = aws_ssoadmin_permission_set.billing_role.arn
  principal_id       = var.billing_role_principal_id
  principal_type     = var.billing_role_principal_type
  target_id          = "123456789012"
  target_type        = "AWS_ACCOUNT"
}
