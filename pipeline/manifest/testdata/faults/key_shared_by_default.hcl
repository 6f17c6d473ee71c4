bundle {
  name = "payments"
}

environment "local" {
  embedded = "seed.json"
}

defaults {
  kms_key = "alias/all"
}

function "a" {
  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}

function "b" {
  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}

function "c" {
  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
