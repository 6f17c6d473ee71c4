bundle {
  name = "payments"
}

environment "local" {
  embedded = "seed.json"
}

function "hello" {
  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
