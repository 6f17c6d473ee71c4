bundle {
  name = "payments"
}

environment "local" {
  embedded = "seed.json"
}
