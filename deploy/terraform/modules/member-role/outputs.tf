output "role_arn" {
  description = "ARN of the role."
  value       = aws_iam_role.keytend.arn
}

output "role_name" {
  description = "Name of the role, which accounts.organization.role of keytend.yaml takes."
  value       = aws_iam_role.keytend.name
}
