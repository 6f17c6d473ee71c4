# The functions of one environment in one region, with the layers that bundle published.

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
  type = bool
}

variable "layers" {
  description = "the ARN of the layer version that bundle published for each function: layers.auto.tfvars.json"
  type        = map(string)
}

variable "helpers" {
  description = "the ARN of the layer with the helpers"
  type        = string
}

variable "code" {
  description = "a folder of NAME.zip"
  type        = string
  default     = "build"
}

data "aws_kms_alias" "key" {
  for_each = var.layers
  name     = var.key_per_function ? "alias/shop-${var.environment}-${each.key}" : "alias/shop-${var.environment}"
}

resource "aws_lambda_function" "shop" {
  for_each         = var.layers
  function_name    = "shop-${var.environment}-${each.key}" # deployed_as in the manifest
  runtime          = "nodejs22.x"
  architectures    = ["arm64"]
  filename         = "${var.code}/${each.key}.zip"
  source_code_hash = filebase64sha256("${var.code}/${each.key}.zip")
  handler          = "index.handler"
  role             = aws_iam_role.shop[each.key].arn
  layers           = [var.helpers, each.value]

  environment {
    variables = {
      BUNDLE_SECRETS_ENVIRONMENT = var.environment
    }
  }
}

resource "aws_iam_role" "shop" {
  for_each           = var.layers
  name               = "shop-${var.environment}-${each.key}"
  assume_role_policy = data.aws_iam_policy_document.lambda.json
}

data "aws_iam_policy_document" "lambda" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

# With one key for all functions, only these two conditions keep a function from the secrets of another.
data "aws_iam_policy_document" "secrets" {
  for_each = var.layers

  statement {
    actions   = ["kms:Decrypt"]
    resources = [data.aws_kms_alias.key[each.key].target_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:bundle:function"
      values   = ["shop/${each.key}"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:bundle:environment"
      values   = [var.environment]
    }
  }
}

resource "aws_iam_role_policy" "secrets" {
  for_each = var.layers
  name     = "open-secrets"
  role     = aws_iam_role.shop[each.key].id
  policy   = data.aws_iam_policy_document.secrets[each.key].json
}
