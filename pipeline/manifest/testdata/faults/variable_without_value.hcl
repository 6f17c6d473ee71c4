bundle {
  name = "payments"
}

variable "tier" {
}

environment "local" {
  embedded = "seed.json"
}

function "hello" {
  kms_key = "alias/${var.tier}"

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
