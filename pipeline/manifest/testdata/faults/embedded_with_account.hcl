bundle {
  name = "payments"
}

environment "local" {
  embedded = "seed.json"
  account_id = "222222222222"
}

function "hello" {
  kms_key = "alias/hello"

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
