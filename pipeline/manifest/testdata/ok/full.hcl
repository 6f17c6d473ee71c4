# Every block and every attribute.

bundle {
  name                = "payments"
  layer               = "payments-${environment.name}-${function.name}"
  default_environment = var.standard
  helpers             = ["node", "python", "exec"]
  blind               = false
}

variable "standard" {
  default     = "local"
  description = "the environment that is used without --env"
}

variable "tier" { default = "web" }
variable "empty" { default = "" }

environment "local" { embedded = "examples/local/parameters.json" }

environment "dev" {
  embedded = "seed.json"
  regions  = ["eu-central-1"]
  values   = {}
}

environment "prod" {
  account_id = "222222222222"
  regions    = ["us-west-2"]
  role       = "arn:aws:iam::222222222222:role/ci/bundle-${environment.name}"
  blind      = var.tier == "web"

  parameter_keys = ["alias/${environment.name}-parameters", "0d3c6b6e-5f0a-4a39-9d65-0a7f3c1f2b11"]

  values     = { domain = "example.com", tags = ["a", "b"], limit = 3, on = true }
}

locals {
  path = "${local.root}/x"
  root = "/${environment.name}/payments"
}

locals {
  upper   = upper(var.tier)
  nothing = var.empty == "" ? null : var.empty
  domain  = lookup(environment.values, "domain", "localhost")
  both    = concat(["prod"], ["local", "dev"])
  shared  = environment.name == "prod" && local.domain != "localhost" || !(var.tier == "web")
  heredoc = trimspace(<<-EOT
    text
  EOT
  )
  directive = "%{if var.tier == "web"}w%{else}x%{endif}"
  splat     = [{ a = "1" }, { a = "2" }][*].a
}

defaults {
  kms_key = "alias/${environment.name}-${function.name}"
  include = ["common"]
  blind   = environment.name == "prod" ? true : null
}

group "common" {
  secret "LOG_TOKEN" { parameter = "${local.root}/log-token-${function.name}" }
}

group "rest" {
  parameters { path = "/shared/${var.tier}" }
}

function "hello" {
  deployed_as  = "payments-${environment.name}-hello"
  environments = local.both

  secret "DB_PASSWORD" { parameter = "${local.root}/db/password" }
  secret "STRIPE_KEY" {
    parameter = "${local.path}:7"
    field     = "live.key"
    encoding  = "base64"
    optional  = true

    matches    = "[a-z]{3}\\d${var.tier == "web" ? "" : "+"}"
    min_length = 12
  }
  secret "NODE_AUTH_TOKEN" {
    parameter      = "${local.root}/npm"
    allow_reserved = true
    environments   = ["prod"]
  }
  secret "ROTATED" {
    secretsmanager = "${environment.name}/payments"
    field          = "password"
    version_stage  = "AWSPREVIOUS"
  }
  secret "MANAGED" { secretsmanager = "rds!cluster-1" }
  secret "NOTHING_SPECIAL" {
    parameter = "x"
    field     = local.nothing
    optional  = null
  }

  parameters {
    path      = "${local.root}/hello/"
    recursive = true
    prefix    = "HELLO_"
  }
  parameters {
    path         = "/a/b"
    prefix       = ""
    environments = ["prod"]
  }
}

function "worker" {
  kms_key      = "arn:aws:kms:us-west-2:222222222222:key/mrk-0123456789abcdef0123456789abcdef"
  shared_key   = true
  environments = ["prod"]
  include      = ["common", "rest"]
}

function "helper" {
  kms_key      = "arn:aws:kms:us-west-2:222222222222:key/mrk-0123456789abcdef0123456789abcdef"
  shared_key   = true
  environments = ["prod"]
  include      = null
  blind        = false
  secret "X1" { parameter = "x" }
}
