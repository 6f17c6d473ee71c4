# The secrets of an example: two Lambda functions, "hello" and "worker", each with a KMS key of its own.
#
# It builds as it stands, with no AWS account: the environment "local" is an AWS embedded in the tool.
#
#     bundle --manifest secrets.hcl --env local --out layer.zip
#
# This file holds the names of parameters, never their values. docs/manifest.md explains every line of it.

bundle {
  name                = "payments"                     # goes into the encryption context of every ciphertext
  layer               = "payments-${environment.name}" # what the layer will be called when it is published
  default_environment = "local"                        # without --env; where CI is set, --env is required for it
}

# A value from outside: --var stable=6, or BUNDLE_VAR_stable=6 in the environment.
variable "stable" {
  description = "which version of the signing key is in use"
  default     = "1"
}

# ---- Environments -------------------------------------------------------------------------------------------------

# The embedded AWS: its Parameter Store begins with what the file holds. All values there are visibly fake.
environment "local" {
  embedded = "examples/local/parameters.json"
}

# A real account: a build with the credentials of another account stops before it reads a parameter.
# (These two are samples. Put in your own.)
environment "dev" {
  account_id = "111111111111"
  regions    = ["us-west-2"]
}

environment "prod" {
  account_id = "222222222222"
  regions    = ["us-west-2"]
  role       = "arn:aws:iam::222222222222:role/bundle-build" # assumed for the build
}

# ---- What functions have in common --------------------------------------------------------------------------------

locals {
  root = "/${environment.name}/payments" # in "prod", local.root is /prod/payments
}

# For every function that does not say otherwise. function.name is that of the function at hand, so each gets a key of
# its own: alias/local-hello, alias/prod-worker. Two functions with one key could read each other's secrets.
defaults {
  kms_key = "alias/${environment.name}-${function.name}"
  include = ["common"]
}

# Secrets for every function that includes the group; the defaults include it for all.
group "common" {
  secret "LOG_TOKEN" {
    parameter = "${local.root}/log-token"
  }
}

# ---- Functions ----------------------------------------------------------------------------------------------------

function "hello" {
  deployed_as = "payments-${environment.name}-hello" # the name Lambda knows it by

  # A parameter, as it is. The label is the name that the function's code will see.
  secret "DB_PASSWORD" {
    parameter = "${local.root}/db/password"
  }

  # One field of a parameter that holds JSON.
  secret "STRIPE_KEY" {
    parameter = "${local.root}/stripe"
    field     = "live.key"
  }

  # Bytes, which Parameter Store keeps as base64. The helpers hand them out decoded.
  secret "TLS_KEY" {
    parameter = "${local.root}/tls-key"
    encoding  = "base64"
  }

  # A version. A label works as well: "${local.root}/signing-key:current".
  secret "SIGNING_KEY" {
    parameter = "${local.root}/signing-key:${var.stable}"
  }

  # A long one: 8 KB is the most that Parameter Store keeps (in its advanced tier). A KMS ciphertext holds 4 KB, so
  # this one becomes two.
  secret "CA_BUNDLE" {
    parameter = "${local.root}/ca-bundle"
  }

  # A secret that need not exist. The sample has none: the function does without.
  secret "FEATURE_FLAGS" {
    parameter = "${local.root}/feature-flags"
    optional  = true
  }
}

function "worker" {
  deployed_as = "payments-${environment.name}-worker"

  secret "QUEUE_TOKEN" {
    parameter = "${local.root}/queue-token"
  }

  # Every parameter below a path: /local/payments/worker/smtp/password becomes WORKER_SMTP_PASSWORD.
  parameters {
    path      = "${local.root}/worker/"
    recursive = true
    prefix    = "WORKER_"
  }
}
