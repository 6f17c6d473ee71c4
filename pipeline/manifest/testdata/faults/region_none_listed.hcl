bundle {
  name = "payments"
}

environment "prod" {
  account_id = "222222222222"
  regions    = []
}

function "hello" {
  kms_key = "alias/hello"

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
