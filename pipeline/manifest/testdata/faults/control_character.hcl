bundle {
  name = "payments"
}

environment "local" {
  embedded = "seed.json"
}

# a comment with an escape: [2J

function "hello" {
  kms_key = "alias/hello"

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
