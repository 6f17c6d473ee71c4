bundle {
  name = "payments"
}

environment "local" {
  embedded = "seed.json"
}

function "hello" {
  kms_kye = "alias/hello"

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
