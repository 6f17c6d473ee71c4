bundle {
  name = "payments"
}

environment "local" {
  embedded = "seed.json"
}

local {
  root = "/payments"
}

function "hello" {
  kms_key = "alias/hello"

  secret "DB_PASSWORD" {
    parameter = "${local.root}/db"
  }
}
