bundle {
  name = "payments"
}

environment "local" {
  embedded = "seed.json"
}

locals {
  root = "/a"
}

locals {
  root = "/b"
}

function "hello" {
  kms_key = "alias/hello"

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
