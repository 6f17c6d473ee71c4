bundle {
  name = "payments"
}

environment "prod" {
  account_id = "222222222222"
  regions    = ["us-west-2"]
}

locals {
  account = 012345678901
}

function "hello" {
  kms_key = "arn:aws:kms:us-west-2:${local.account}:key/1234"
  secret "DB_PASSWORD" { parameter = "/payments/db" }
}
