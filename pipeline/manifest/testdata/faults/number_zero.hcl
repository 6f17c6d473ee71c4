bundle {
  name = "payments"
}

environment "prod" {
  account_id = 012345678901
  regions    = ["us-west-2"]
}

function "hello" {
  kms_key = "alias/hello"
  secret "DB_PASSWORD" { parameter = "/payments/db" }
}
