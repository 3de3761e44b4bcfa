# The role by which Keytend enters this account from another one. What it may do
# stands in permissions.tf, by kind of action.

locals {
  policies = { for kind, policy in {
    read       = data.aws_iam_policy_document.read.json
    create     = data.aws_iam_policy_document.create.json
    deliver    = data.aws_iam_policy_document.deliver.json
    deactivate = data.aws_iam_policy_document.deactivate.json
    delete     = data.aws_iam_policy_document.delete.json
  } : kind => policy if kind == "read" || var.write }

  user_arns = ["arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:user${var.user_path}*"]
  self_arns = ["arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:role/${var.name}"]
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = [var.principal]
    }

    dynamic "condition" {
      for_each = var.external_id == "" ? [] : [var.external_id]

      content {
        test     = "StringEquals"
        variable = "sts:ExternalId"
        values   = [condition.value]
      }
    }
  }
}

resource "aws_iam_role" "keytend" {
  name               = var.name
  description        = "What Keytend enters this account by"
  assume_role_policy = data.aws_iam_policy_document.trust.json
  tags               = var.tags
}

resource "aws_iam_role_policy" "keytend" {
  for_each = local.policies

  name   = "keytend-${each.key}"
  role   = aws_iam_role.keytend.name
  policy = each.value
}
