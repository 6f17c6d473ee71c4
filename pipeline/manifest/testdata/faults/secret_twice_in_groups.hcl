bundle {
  name = "payments"
}

environment "local" {
  embedded = "seed.json"
}

group "red" {
  secret "LOG_TOKEN" {
    parameter = "/red/log"
  }
}

group "blue" {
  secret "LOG_TOKEN" {
    parameter = "/blue/log"
  }
}

function "hello" {
  kms_key = "alias/hello"
  include = ["red", "blue"]

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}

function "world" {
  kms_key = "alias/world"
  include = ["red", "blue"]

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
