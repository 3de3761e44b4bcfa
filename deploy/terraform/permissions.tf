# Generated from internal/permission by `go test ./deploy/terraform -update`.
# What `keytend permissions --for lambda,reap` prints, on this module's users and
# secrets alone; and what a scan reads.
data "aws_iam_policy_document" "rotation" {
  statement {
    sid       = "KeytendCreateSecretsTags"
    actions   = ["secretsmanager:TagResource", "secretsmanager:UntagResource"]
    resources = local.secret_arns

    condition {
      test     = "ForAllValues:StringLike"
      variable = "aws:TagKeys"
      values   = ["keytend:rotation/*"]
    }
  }

  statement {
    sid       = "KeytendCreateUsers"
    actions   = ["iam:CreateAccessKey"]
    resources = local.user_arns

    dynamic "condition" {
      for_each = var.user_tag == null ? [] : [var.user_tag]

      content {
        test     = "StringEquals"
        variable = "aws:ResourceTag/${condition.value.key}"
        values   = [condition.value.value]
      }
    }
  }

  statement {
    sid       = "KeytendCreateUsersTags"
    actions   = ["iam:TagUser", "iam:UntagUser"]
    resources = local.user_arns

    condition {
      test     = "ForAllValues:StringLike"
      variable = "aws:TagKeys"
      values   = ["keytend:claim", "keytend:secret", "AKIA*"]
    }

    dynamic "condition" {
      for_each = var.user_tag == null ? [] : [var.user_tag]

      content {
        test     = "StringEquals"
        variable = "aws:ResourceTag/${condition.value.key}"
        values   = [condition.value.value]
      }
    }
  }

  statement {
    sid       = "KeytendDeactivateUsers"
    actions   = ["iam:UpdateAccessKey"]
    resources = local.user_arns

    dynamic "condition" {
      for_each = var.user_tag == null ? [] : [var.user_tag]

      content {
        test     = "StringEquals"
        variable = "aws:ResourceTag/${condition.value.key}"
        values   = [condition.value.value]
      }
    }
  }

  statement {
    sid       = "KeytendDeleteUsers"
    actions   = ["iam:DeleteAccessKey"]
    resources = local.user_arns

    dynamic "condition" {
      for_each = var.user_tag == null ? [] : [var.user_tag]

      content {
        test     = "StringEquals"
        variable = "aws:ResourceTag/${condition.value.key}"
        values   = [condition.value.value]
      }
    }
  }

  dynamic "statement" {
    for_each = length(var.kms_key_arns) > 0 ? [1] : []

    content {
      sid       = "KeytendDeliverEncryption"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = var.kms_key_arns

      condition {
        test     = "StringLike"
        variable = "kms:ViaService"
        values   = ["secretsmanager.*.amazonaws.com", "ssm.*.amazonaws.com"]
      }
    }
  }

  statement {
    sid       = "KeytendDeliverSecrets"
    actions   = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage"]
    resources = local.secret_arns
  }

  statement {
    sid       = "KeytendRead"
    actions   = ["cloudtrail:LookupEvents", "iam:GetAccessKeyLastUsed", "iam:GetAccountSummary", "secretsmanager:ListSecrets"]
    resources = ["*"]
  }

  statement {
    sid       = "KeytendReadItself"
    actions   = ["iam:SimulatePrincipalPolicy"]
    resources = local.self_arns
  }

  statement {
    sid       = "KeytendReadItselfRole"
    actions   = ["iam:GetRole"]
    resources = local.self_arns
  }

  statement {
    sid       = "KeytendReadUsers"
    actions   = ["iam:GetUser", "iam:ListAccessKeys"]
    resources = local.user_arns
  }
}

data "aws_iam_policy_document" "scan" {
  statement {
    sid       = "KeytendRead"
    actions   = ["iam:GenerateCredentialReport", "iam:GetAccessKeyLastUsed", "iam:GetAccountAuthorizationDetails", "iam:GetAccountSummary", "iam:GetCredentialReport", "iam:GetLoginProfile", "iam:GetUser", "iam:ListAccessKeys", "iam:ListAccountAliases", "iam:ListMFADevices", "iam:ListServiceSpecificCredentials", "iam:ListSigningCertificates", "secretsmanager:DescribeSecret"]
    resources = ["*"]
  }
}
