bundle {
  name = "payments"
}

environment "local" {
  embedded = "seed.json"
}

locals {
  root = ["/a", "/b"][2]
}

group "common" {
  secret "LOG_TOKEN" {
    parameter = "${local.root}/log"
  }
}

function "hello" {
  kms_key = "alias/${local.root}/${function.name}"
  include = ["common"]

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}

function "world" {
  kms_key = "alias/${local.root}/${function.name}"
  include = ["common"]

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
