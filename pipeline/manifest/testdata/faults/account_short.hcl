bundle {
  name = "payments"
}

environment "prod" {
  account_id = "2222"
  regions    = ["us-west-2"]
}

function "hello" {
  kms_key = "alias/hello"

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
