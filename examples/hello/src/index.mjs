// An HTTP endpoint for those who have the token. The package bundle-secrets is in the layer; the first request opens the secrets with one
// call to KMS, later ones have them in memory.
import { createHash, timingSafeEqual } from "node:crypto";
import { getSecret } from "bundle-secrets";

const digest = (text) => createHash("sha256").update(text).digest();

export async function handler(event) {
  const given = event.headers?.authorization ?? "";
  const wanted = `Bearer ${await getSecret("API_TOKEN")}`;
  if (!timingSafeEqual(digest(given), digest(wanted))) {
    return { statusCode: 401, headers: { "www-authenticate": "Bearer" }, body: "" };
  }
  return { statusCode: 200, headers: { "content-type": "text/plain" }, body: "hello\n" };
}
