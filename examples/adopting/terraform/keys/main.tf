# The keys of one environment in one region. Apply this first, because layers are sealed under these keys.

terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.61"
    }
  }
}

variable "environment" {
  type = string
}

variable "key_per_function" {
  description = "as environment.values.key_per_function of the manifest"
  type        = bool
}

variable "functions" {
  description = "the functions' names in the manifest"
  type        = set(string)
}

variable "policies" {
  description = "what bundle policy --kind key has written: a folder of NAME.json; \"\" before there is one"
  type        = string
  default     = ""
}

locals {
  aliases = var.key_per_function ? { for name in var.functions : name => "alias/shop-${var.environment}-${name}" } : { all = "alias/shop-${var.environment}" }
}

resource "aws_kms_key" "function" {
  for_each            = local.aliases
  description         = "secrets of ${each.key} in ${var.environment}"
  enable_key_rotation = true
  policy              = var.policies == "" ? null : file("${var.policies}/${each.key}.json")
}

resource "aws_kms_alias" "function" {
  for_each      = local.aliases
  name          = each.value
  target_key_id = aws_kms_key.function[each.key].key_id
}

# The key that Parameter Store encrypts parameters under. A blind build moves secrets from this key to the others.
resource "aws_kms_key" "parameters" {
  description         = "parameters of ${var.environment}"
  enable_key_rotation = true
}

resource "aws_kms_alias" "parameters" {
  name          = "alias/shop-${var.environment}-parameters"
  target_key_id = aws_kms_key.parameters.key_id
}
