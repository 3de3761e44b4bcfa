variable "principal" {
  description = "ARN of whoever runs Keytend and may assume the role."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:iam::[0-9]{12}:.+$", var.principal))
    error_message = "Want the ARN of a role, a user or an account: arn:aws:iam::123456789012:role/keytend."
  }
}

variable "external_id" {
  description = "External ID that Keytend sends along. Empty: none."
  type        = string
  default     = ""

  validation {
    condition     = var.external_id == "" || length(var.external_id) >= 2 && length(var.external_id) <= 1224 && can(regex("^[A-Za-z0-9+=,.@:/_-]+$", var.external_id))
    error_message = "Want 2 to 1,224 letters, digits or any of +=,.@:/_-."
  }
}

variable "name" {
  description = "Name of the role."
  type        = string
  default     = "keytend-member"

  validation {
    condition     = can(regex("^[A-Za-z0-9+=,.@_-]{1,64}$", var.name))
    error_message = "Want 1 to 64 letters, digits or any of +=,.@_-."
  }
}

variable "write" {
  description = "Let Keytend change keys in this account, and deliver them. Otherwise it may read."
  type        = bool
  default     = false
}

variable "user_path" {
  description = "Change keys of users below this path alone, such as /apps/."
  type        = string
  default     = "/"

  validation {
    condition     = can(regex("^/([!-~]*/)?$", var.user_path))
    error_message = "Want a path that begins and ends with a slash, such as /apps/."
  }
}

variable "tags" {
  description = "Tags of the role."
  type        = map(string)
  default     = {}
}
