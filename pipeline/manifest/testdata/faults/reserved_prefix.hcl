bundle {
  name = "payments"
}

environment "local" {
  embedded = "seed.json"
}

function "hello" {
  kms_key = "alias/hello"

  parameters {
    path   = "/payments/aws"
    prefix = "aws_"
  }
}
