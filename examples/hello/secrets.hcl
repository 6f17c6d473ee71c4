# One function, one secret. Without an AWS account:
#
#     bundle --manifest examples/hello/secrets.hcl --env local --out examples/hello/layer.zip

bundle {
  name                = "hello"
  layer               = "hello-${environment.name}-secrets"
  default_environment = "local"
  helpers             = ["node", "exec"] # for index.mjs, and for wrapped.mjs
}

environment "local" { embedded = "parameters.json" }

environment "prod" {
  account_id = "222222222222" # use your own
  regions    = ["us-west-2"]
}

function "hello" {
  deployed_as = "hello-${environment.name}" # the function's name in the templates
  kms_key     = "alias/hello-${environment.name}"

  secret "API_TOKEN" { parameter = "/${environment.name}/hello/api-token" }
}
