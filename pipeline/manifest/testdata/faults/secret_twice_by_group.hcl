bundle {
  name = "payments"
}

environment "local" {
  embedded = "seed.json"
}

group "common" {
  secret "DB_PASSWORD" {
    parameter = "/common/db"
  }
}

function "hello" {
  kms_key = "alias/hello"
  include = ["common"]

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
