bundle {
  name = "payments"
}

environment "local" {
  embedded = "seed.json"
}

environment "prod" {
  account_id = "222222222222"
  regions    = ["us-west-2"]
}


function "hello" {
  kms_key = "alias/${environment.values.domain}"
  environments = ["prod"]

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}

function "world" {
  kms_key = "alias/world"
  environments = ["local"]

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
