bundle {
  name = "payments"
}

environment "prod" {
  account_id = "222222222222"
  regions    = ["us-west-2"]
  values = {
    domain  = "example.com"
    team    = "..." # ${opt:team}
    written = "and so on..."
  }
}

function "hello" {
  kms_key = "alias/hello"

  secret "DB" {
    parameter = "/${environment.values.team}/${environment.values.domain}"
  }
  secret "HOST" {
    parameter = environment.values.team
  }
}
