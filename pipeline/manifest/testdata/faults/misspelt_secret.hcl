bundle {
  name = "payments"
}

environment "local" {
  embedded = "seed.json"
}

function "hello" {
  kms_key = "alias/hello"

  secrets "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
