import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { reset, setSecrets } from "bundle-secrets/testing";
import { databaseURL } from "./database.mjs";

afterEach(reset);

test("the password is part of the address", async () => {
  setSecrets({ DB_PASSWORD: "not/real" });
  assert.equal(await databaseURL(), "postgres://app:not%2Freal@db.example.com/app");
});

test("a missing secret is an error", async () => {
  setSecrets({ OTHER: "x" });
  await assert.rejects(databaseURL(), { name: "SecretsError", code: "secret_not_found" });
});
