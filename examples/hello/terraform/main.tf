# The function hello with its secrets in a layer. Apply keys/ and build layer.zip first. docs/terraform.md says why plan and
# apply share the files layer.zip and function.zip.

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

variable "layer" {
  description = "the layer that bundle built"
  type        = string
  default     = "../layer.zip"
}

variable "code" {
  description = "a zip of the files in src"
  type        = string
  default     = "../function.zip"
}

data "aws_kms_alias" "hello" {
  name = "alias/hello-${var.environment}"
}

resource "aws_lambda_layer_version" "secrets" {
  layer_name               = "hello-${var.environment}-secrets"
  filename                 = var.layer
  source_code_hash         = filebase64sha256(var.layer) # an unchanged build gives the same file, and Terraform publishes nothing
  compatible_architectures = ["x86_64", "arm64"]
}

resource "aws_lambda_function" "hello" {
  function_name    = "hello-${var.environment}" # deployed_as in secrets.hcl
  runtime          = "nodejs22.x"
  architectures    = ["arm64"]
  filename         = var.code
  source_code_hash = filebase64sha256(var.code)
  handler          = "index.handler" # or wrapped.handler, with the variable below
  role             = aws_iam_role.hello.arn
  layers           = [aws_lambda_layer_version.secrets.arn]

  environment {
    variables = {
      BUNDLE_SECRETS_ENVIRONMENT = var.environment # refuses a layer of another environment
      # AWS_LAMBDA_EXEC_WRAPPER  = "/opt/bundle/exec"
    }
  }
}

resource "aws_apigatewayv2_api" "hello" {
  name          = "hello-${var.environment}"
  protocol_type = "HTTP"
  route_key     = "GET /hello"
  target        = aws_lambda_function.hello.arn
}

resource "aws_lambda_permission" "api" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.hello.function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.hello.execution_arn}/*"
}

resource "aws_iam_role" "hello" {
  name               = "hello-${var.environment}" # the key's policy names it
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

resource "aws_iam_role_policy_attachment" "logs" {
  role       = aws_iam_role.hello.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

resource "aws_iam_role_policy" "secrets" {
  name   = "open-secrets"
  role   = aws_iam_role.hello.id
  policy = data.aws_iam_policy_document.secrets.json
}

data "aws_iam_policy_document" "secrets" {
  statement {
    actions   = ["kms:Decrypt"]
    resources = [data.aws_kms_alias.hello.target_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:bundle:function"
      values   = ["hello/hello"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:bundle:environment"
      values   = [var.environment]
    }
  }
}

output "url" {
  value = "${aws_apigatewayv2_api.hello.api_endpoint}/hello"
}
