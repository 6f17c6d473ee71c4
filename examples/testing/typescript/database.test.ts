import { afterEach, expect, test } from "vitest";
import { SecretsError } from "bundle-secrets";
import { reset, setSecrets } from "bundle-secrets/testing";
import { databaseURL } from "./database.js";

afterEach(reset);

test("the password is part of the address", async () => {
  setSecrets({ DB_PASSWORD: "not/real" });
  expect(await databaseURL()).toBe("postgres://app:not%2Freal@db.example.com/app");
});

test("a missing secret is an error", async () => {
  setSecrets({ OTHER: "x" });
  const error = await databaseURL().catch((e: unknown) => e);
  expect(error).toBeInstanceOf(SecretsError);
  expect((error as SecretsError).code).toBe("secret_not_found");
});
