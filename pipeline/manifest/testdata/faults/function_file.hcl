bundle {
  name = "payments"
}

environment "local" {
  embedded = "seed.json"
}

function "hello" {
  kms_key = "alias/hello"
  deployed_as = file("/etc/passwd")

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
