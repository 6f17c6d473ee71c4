bundle {
  name = "payments"
}

environment "local" {
  embedded = "seed.json"
}

function "hello" {
  kms_key = "alias/${environment.account_id}"

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
