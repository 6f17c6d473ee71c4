bundle {
  name = "payments"
}

environment "local" {
  embedded = "parameters.json"
  external_id = "shop"
}

function "hello" {
  kms_key = "alias/hello"

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
