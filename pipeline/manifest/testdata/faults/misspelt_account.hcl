bundle {
  name = "payments"
}

environment "prod" {
  account    = "222222222222"
  regions    = ["us-west-2"]
}

function "hello" {
  kms_key = "alias/hello"

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
