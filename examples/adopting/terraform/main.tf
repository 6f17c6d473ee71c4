# The functions of one environment in one region. bundle publish has put the ARNs of their layers into SSM parameters.

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

variable "functions" {
  description = "the functions' names in the manifest"
  type        = set(string)
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

# Every plan reads the ARN again. An ARN is no secret, so it can be in the state. Never read a function's secrets this way.
data "aws_ssm_parameter" "layer" {
  for_each = var.functions
  name     = "/bundle/${var.environment}/shop/${each.key}/layer-arn" # layer_parameter in the manifest
}

data "aws_kms_alias" "key" {
  for_each = var.functions
  name     = var.key_per_function ? "alias/shop-${var.environment}-${each.key}" : "alias/shop-${var.environment}"
}

resource "aws_lambda_function" "shop" {
  for_each         = var.functions
  function_name    = "shop-${var.environment}-${each.key}" # deployed_as in the manifest
  runtime          = "nodejs22.x"
  architectures    = ["arm64"]
  filename         = "${var.code}/${each.key}.zip"
  source_code_hash = filebase64sha256("${var.code}/${each.key}.zip")
  handler          = "index.handler"
  role             = aws_iam_role.shop[each.key].arn
  layers           = [var.helpers, data.aws_ssm_parameter.layer[each.key].insecure_value]

  environment {
    variables = {
      BUNDLE_SECRETS_ENVIRONMENT = var.environment
    }
  }
}

resource "aws_iam_role" "shop" {
  for_each           = var.functions
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
  for_each = var.functions

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
  for_each = var.functions
  name     = "open-secrets"
  role     = aws_iam_role.shop[each.key].id
  policy   = data.aws_iam_policy_document.secrets[each.key].json
}
