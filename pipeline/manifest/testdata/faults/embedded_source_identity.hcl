bundle {
  name = "payments"
}

environment "local" {
  embedded = "parameters.json"
  source_identity = "shop"
}

function "hello" {
  kms_key = "alias/hello"

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
