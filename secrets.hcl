# The secrets of an example: two Lambda functions, "hello" and "worker", each with its own KMS key.
#
# It builds unchanged and without an AWS account: the environment "local" uses an AWS embedded in the tool.
#
#     bundle --manifest secrets.hcl --env local --out layer.zip
#
# This file contains names of parameters and secrets, never their values. docs/manifest.md explains every line.

bundle {
  name                = "payments"                     # part of the encryption context of every ciphertext
  layer               = "payments-${environment.name}" # the name to publish the layer under
  default_environment = "local"                        # used without --env; if CI is set, --env is required for it
}

# An input variable: --var stable=6, or BUNDLE_VAR_stable=6 in the environment.
variable "stable" {
  description = "which version of the signing key is in use"
  default     = "1"
}

# ---- Environments -------------------------------------------------------------------------------------------------

# The embedded AWS. It starts with the parameters and secrets in this file. All values are obviously fake.
environment "local" {
  embedded = "examples/local/parameters.json"
}

# A real account. A build with the credentials of another account stops before it reads a secret.
# (These two are samples. Use your own.)
environment "dev" {
  account_id = "111111111111"
  regions    = ["us-west-2"]
}

environment "prod" {
  account_id = "222222222222"
  regions    = ["us-west-2"]
  role       = "arn:aws:iam::222222222222:role/bundle-build" # assumed for the build
}

# ---- Shared by the functions --------------------------------------------------------------------------------------

locals {
  root = "/${environment.name}/payments" # in "prod", local.root is /prod/payments
}

# For every function that does not set these attributes. function.name differs for each function, so each gets its own
# key: alias/local-hello, alias/prod-worker. Two functions with the same key could read each other's secrets.
defaults {
  kms_key = "alias/${environment.name}-${function.name}"
  include = ["common"]
}

# Secrets for every function that includes the group. The defaults include it in all functions.
group "common" {
  secret "LOG_TOKEN" {
    parameter = "${local.root}/log-token"
  }
}

# ---- Functions ----------------------------------------------------------------------------------------------------

function "hello" {
  deployed_as = "payments-${environment.name}-hello" # the function's name in Lambda

  # A whole parameter. The label is the name that the function's code uses.
  secret "DB_PASSWORD" {
    parameter = "${local.root}/db/password"
  }

  # One field of a parameter with a JSON value.
  secret "STRIPE_KEY" {
    parameter = "${local.root}/stripe"
    field     = "live.key"
  }

  # Bytes, which Parameter Store stores as base64. The helpers return them decoded.
  secret "TLS_KEY" {
    parameter = "${local.root}/tls-key"
    encoding  = "base64"
  }

  # A version. A label works too: "${local.root}/signing-key:current".
  secret "SIGNING_KEY" {
    parameter = "${local.root}/signing-key:${var.stable}"
  }

  # A long value: Parameter Store stores at most 8 KB (in its advanced tier). A KMS ciphertext holds 4 KB, so this value
  # becomes two ciphertexts.
  secret "CA_BUNDLE" {
    parameter = "${local.root}/ca-bundle"
  }

  # An optional secret. The sample does not have it, so the function runs without it.
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

  # A secret of Secrets Manager, and one field of it: its current version. docs/from/secrets-manager.md says what happens
  # when it rotates.
  secret "REPORTS_PASSWORD" {
    secretsmanager = "${environment.name}/payments/reports-db"
    field          = "password"
  }

  # Every parameter below a path: /local/payments/worker/smtp/password becomes WORKER_SMTP_PASSWORD.
  parameters {
    path      = "${local.root}/worker/"
    recursive = true
    prefix    = "WORKER_"
  }
}
