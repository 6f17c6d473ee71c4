# A service of 40 functions in four environments and two regions. docs/adopting.md explains it.
#
# This folder is one manifest. This file has what all teams share. Each team has its own file, which CODEOWNERS can assign to it.
# "local" needs no AWS account:
#
#     bundle --manifest examples/adopting/secrets --env local --out 'layers/{environment}/{function}.zip'

bundle {
  name                = "shop"
  layer               = "shop-${environment.name}-${function.name}-secrets" # one layer for each function
  layer_parameter     = "/bundle/${environment.name}/shop/${function.name}/layer-arn" # from which the deployments take its ARN
  default_environment = "local"
}

# ---- Environments -------------------------------------------------------------------------------------------------

environment "local" {
  embedded = "parameters.json"
  values   = { key_per_function = false }
}

environment "dev" {
  account_id = "111111111111"
  regions    = ["us-west-2", "eu-central-1"]
  role       = "arn:aws:iam::111111111111:role/shop-secrets-build"
  values     = { key_per_function = false }
}

environment "test" {
  account_id = "222222222222"
  regions    = ["us-west-2", "eu-central-1"]
  role       = "arn:aws:iam::222222222222:role/shop-secrets-build"
  values     = { key_per_function = false }
}

# In the next environments, a function's key opens only its own secrets, and the build reads no value.
environment "staging" {
  account_id     = "333333333333"
  regions        = ["us-west-2", "eu-central-1"]
  role           = "arn:aws:iam::333333333333:role/shop-secrets-build"
  blind          = true
  parameter_keys = ["alias/shop-staging-parameters"]
  values         = { key_per_function = true }
}

environment "prod" {
  account_id     = "444444444444"
  regions        = ["us-west-2", "eu-central-1"]
  role           = "arn:aws:iam::444444444444:role/shop-secrets-build"
  blind          = true
  parameter_keys = ["alias/shop-prod-parameters"]
  values         = { key_per_function = true }
}

# ---- Shared by the functions --------------------------------------------------------------------------------------

locals {
  root = "/${environment.name}/shop"
}

defaults {
  deployed_as = "shop-${environment.name}-${function.name}"
  kms_key     = environment.values.key_per_function ? "alias/shop-${environment.name}-${function.name}" : "alias/shop-${environment.name}"
  shared_key  = !environment.values.key_per_function
  include     = ["common"]
}

group "common" {
  secret "LOG_TOKEN" { parameter = "${local.root}/log-token" }
}

# One database user for each function, so that you can change the password of one function.
group "database" {
  secret "DB_PASSWORD" { parameter = "${local.root}/db/${function.name}" }
}

group "sessions" {
  secret "SESSION_KEY" { parameter = "${local.root}/sessions/key" }
  secret "CSRF_KEY" { parameter = "${local.root}/sessions/csrf-key" }
}

group "payments" {
  secret "STRIPE_KEY" { parameter = "${local.root}/stripe/key" }
}

group "mail" {
  secret "SMTP_PASSWORD" { parameter = "${local.root}/smtp/password" }
}
