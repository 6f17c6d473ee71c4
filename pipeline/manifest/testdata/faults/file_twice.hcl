bundle {
  name = "payments"
}

environment "local" {
  embedded = "seed.json"
}

function "hello" {
  kms_key = "alias/hello"

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}

function "world" {
  kms_key = "alias/world"
  deployed_as = "HELLO"

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
