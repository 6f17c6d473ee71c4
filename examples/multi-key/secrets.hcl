# Two functions, two keys, one layer. Without an AWS account:
#
#     bundle --manifest examples/multi-key/secrets.hcl --env local --out examples/multi-key/layer.zip

bundle {
  name                = "orders"
  layer               = "orders-${environment.name}-secrets"
  default_environment = "local"
  helpers             = ["node", "exec"]
}

environment "local" { embedded = "parameters.json" }

environment "prod" {
  account_id = "222222222222" # use your own
  regions    = ["us-west-2"]
}

locals {
  root = "/${environment.name}/orders"
}

# One line gives every function its own key.
defaults {
  deployed_as = "orders-${environment.name}-${function.name}"
  kms_key     = "alias/orders-${environment.name}-${function.name}"
}

function "api" {
  secret "DB_PASSWORD" { parameter = "${local.root}/db/api" }
  secret "SESSION_KEY" { parameter = "${local.root}/session-key" }
}

# The worker uses another database user. Its role cannot open the document of api, although both are in one layer.
function "worker" {
  secret "DB_PASSWORD" { parameter = "${local.root}/db/worker" }
  secret "SMTP_PASSWORD" { parameter = "${local.root}/smtp" }
}
