# The key of the function hello. Apply this first, because the layer is sealed under the key before the function is planned.

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
  type    = string
  default = "prod"
}

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}

locals {
  iam = "arn:${data.aws_partition.this.partition}:iam::${data.aws_caller_identity.this.account_id}"
}

resource "aws_kms_key" "hello" {
  description         = "secrets of hello in ${var.environment}"
  enable_key_rotation = true
  policy              = data.aws_iam_policy_document.key.json
}

resource "aws_kms_alias" "hello" {
  name          = "alias/hello-${var.environment}"
  target_key_id = aws_kms_key.hello.key_id
}

data "aws_iam_policy_document" "key" {
  # The account's IAM policies decide who can manage the key and encrypt under it …
  statement {
    sid       = "Account"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["${local.iam}:root"]
    }
  }

  # … but none of them can let anyone except the function decrypt.
  statement {
    sid       = "OnlyTheFunctionDecrypts"
    effect    = "Deny"
    actions   = ["kms:Decrypt", "kms:ReEncryptFrom"]
    resources = ["*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "ArnNotEquals"
      variable = "aws:PrincipalArn"
      values   = ["${local.iam}:role/hello-${var.environment}"]
    }
  }
}
