# options: --var tier=a --var tier=b
bundle {
  name = "payments"
}

variable "tier" {
  default = "web"
}

environment "local" {
  embedded = "seed.json"
}

function "hello" {
  kms_key = "alias/hello"

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
