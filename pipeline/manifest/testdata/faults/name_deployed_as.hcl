bundle {
  name = "payments"
}

environment "local" {
  embedded = "seed.json"
}

function "hello" {
  kms_key = "alias/hello"
  deployed_as = "arn:aws:lambda:us-west-2:222222222222:function:hello"

  secret "DB_PASSWORD" {
    parameter = "/payments/db"
  }
}
