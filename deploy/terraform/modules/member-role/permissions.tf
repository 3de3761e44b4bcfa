# Generated from internal/permission by `go test ./deploy/terraform -update`.
data "aws_iam_policy_document" "read" {
  statement {
    sid       = "KeytendRead"
    actions   = ["cloudtrail:LookupEvents", "config:DescribeConfigRules", "config:DescribeConfigurationRecorderStatus", "iam:GenerateCredentialReport", "iam:GetAccessKeyLastUsed", "iam:GetAccountAuthorizationDetails", "iam:GetAccountSummary", "iam:GetCredentialReport", "iam:GetLoginProfile", "iam:GetUser", "iam:ListAccessKeys", "iam:ListAccountAliases", "iam:ListMFADevices", "iam:ListServiceSpecificCredentials", "iam:ListSigningCertificates", "secretsmanager:DescribeSecret"]
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

data "aws_iam_policy_document" "deliver" {
  statement {
    sid       = "KeytendDeliver"
    actions   = ["ssm:DescribeParameters"]
    resources = ["*"]
  }

  statement {
    sid       = "KeytendDeliverEncryption"
    actions   = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"]
    resources = ["arn:aws:kms:*:*:key/*"]

    condition {
      test     = "StringLike"
      variable = "kms:ViaService"
      values   = ["secretsmanager.*.amazonaws.com", "ssm.*.amazonaws.com"]
    }
  }

  statement {
    sid       = "KeytendDeliverParameters"
    actions   = ["ssm:GetParameter", "ssm:PutParameter"]
    resources = ["arn:aws:ssm:*:*:parameter/*"]
  }

  statement {
    sid       = "KeytendDeliverSecrets"
    actions   = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage"]
    resources = ["arn:aws:secretsmanager:*:*:secret:*"]
  }
}

data "aws_iam_policy_document" "create" {
  statement {
    sid       = "KeytendCreateUsers"
    actions   = ["iam:CreateAccessKey"]
    resources = local.user_arns
  }

  statement {
    sid       = "KeytendCreateUsersTags"
    actions   = ["iam:TagUser", "iam:UntagUser"]
    resources = local.user_arns

    condition {
      test     = "ForAllValues:StringLike"
      variable = "aws:TagKeys"
      values   = ["keytend:claim", "AKIA*"]
    }
  }
}

data "aws_iam_policy_document" "deactivate" {
  statement {
    sid       = "KeytendDeactivateUsers"
    actions   = ["iam:UpdateAccessKey"]
    resources = local.user_arns
  }
}

data "aws_iam_policy_document" "delete" {
  statement {
    sid       = "KeytendDeleteUsers"
    actions   = ["iam:DeleteAccessKey"]
    resources = local.user_arns
  }
}
