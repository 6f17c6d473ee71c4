bundle {
  name = "payments"
}

environment "local" {
  embedded = "seed.json"
}

function "hello" {
  kms_key = "alias/hello"

  secret "DB_PASSWORD" {
    parameter  = "/payments/db"
    version_id = "7"
  }
}
