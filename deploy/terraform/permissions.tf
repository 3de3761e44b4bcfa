# What the function may do: what `keytend permissions --for lambda,reap` prints
# (and scan, where it scans), on the secrets and users of this module alone. A
# test holds the two together.

locals {
  arn = "arn:${local.partition}"

  # A secret's ARN ends in six characters that Secrets Manager chooses.
  secret_arns = concat(
    [for s in values(var.secrets) : s.arn],
    [for p in var.secret_patterns : "${local.arn}:secretsmanager:${local.region}:${local.account}:secret:${p}${endswith(p, "*") ? "" : "-??????"}"],
  )
  user_arn = "${local.arn}:iam::${local.account}:user${var.user_path}*"
  self_arn = "${local.arn}:iam::${local.account}:role/${local.function_name}"
}
