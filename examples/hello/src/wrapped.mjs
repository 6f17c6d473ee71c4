// The same without a line about secrets: the exec wrapper puts API_TOKEN into the environment before Node starts.
// The function's handler is then wrapped.handler, and it has the variable AWS_LAMBDA_EXEC_WRAPPER=/opt/bundle/exec.
import { createHash, timingSafeEqual } from "node:crypto";

const digest = (text) => createHash("sha256").update(text).digest();
const wanted = digest(`Bearer ${process.env.API_TOKEN}`);

export async function handler(event) {
  if (!timingSafeEqual(digest(event.headers?.authorization ?? ""), wanted)) {
    return { statusCode: 401, headers: { "www-authenticate": "Bearer" }, body: "" };
  }
  return { statusCode: 200, headers: { "content-type": "text/plain" }, body: "hello\n" };
}
