bundle {
  name = "payments"
}

environment "local" {
  embedded = "seed.json"
}

group "common" {
  secret "LOG_TOKEN" {
    parameter = "/common/log"
  }
}

function "hello" {
  kms_key = "alias/hello"
  include = ["comon", "common"]

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
