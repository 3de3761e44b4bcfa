# One secret, made by hand or by `keytend secret adopt`, rotates every 45 days.
#
#   GOOS=linux GOARCH=arm64 CGO_ENABLED=0 go build -trimpath -ldflags=-s\ -w -o bootstrap ./cmd/keytend
#   keytend terraform package --binary bootstrap --out keytend-lambda.zip

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
  description = "Region of the secret."
  type        = string
  default     = "us-east-1"
}

variable "secret" {
  description = "Name of the secret that holds the key."
  type        = string
  default     = "prod/billing"
}

variable "mail" {
  description = "Address that is told when a rotation fails."
  type        = string
  default     = "security@example.com"
}

data "aws_secretsmanager_secret" "key" {
  name = var.secret
}

module "keytend" {
  source = "../.."

  package = "${path.module}/keytend-lambda.zip"

  secrets = {
    key = {
      arn        = data.aws_secretsmanager_secret.key.arn
      every_days = 45
    }
  }

  mail = [var.mail]
}

output "function_arn" {
  description = "ARN of the rotation function."
  value       = module.keytend.function_arn
}
