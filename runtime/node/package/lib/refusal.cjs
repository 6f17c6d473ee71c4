"use strict";
// What the error replies of KMS mean. A cold start that goes well does not run this.

const { Trouble } = require("./errors.cjs");

const AGAIN = ["unavailable", "again"];
const SIGN = ["credentials", "sign"];
/** For each error of KMS, our code, and whether to retry ("again") or to sign the request again ("sign"). */
const ERRORS = {
  AccessDeniedException: ["access_denied"],
  DisabledException: ["key_unusable"],
  KMSInvalidStateException: ["key_unusable"],
  NotFoundException: ["key_unusable"],
  InvalidKeyUsageException: ["key_unusable"],
  IncorrectKeyException: ["wrong_key"],
  InvalidCiphertextException: ["tampered"],
  MissingAuthenticationToken: ["credentials"],
  MissingAuthenticationTokenException: ["credentials"],
  IncompleteSignature: ["credentials"],
  IncompleteSignatureException: ["credentials"],
  ExpiredTokenException: SIGN,
  ExpiredToken: SIGN,
  InvalidSignatureException: SIGN,
  SignatureDoesNotMatch: SIGN,
  RequestExpired: SIGN,
  RequestInTheFuture: SIGN,
  RequestTimeTooSkewed: SIGN,
  UnrecognizedClientException: SIGN,
  InvalidClientTokenId: SIGN,
  ThrottlingException: AGAIN,
  Throttling: AGAIN,
  TooManyRequestsException: AGAIN,
  RequestLimitExceeded: AGAIN,
  KeyUnavailableException: AGAIN,
  DependencyTimeoutException: AGAIN,
  KMSInternalException: AGAIN,
  RequestTimeout: AGAIN,
  RequestTimeoutException: AGAIN,
};

/** trouble returns the Trouble for an error reply. */
function trouble(status, headers, { __type, message, Message = message }) {
  const name = String(headers["x-amzn-errortype"] || __type || "").split(":")[0].split("#").at(-1);
  const [code, next] = Object.hasOwn(ERRORS, name) ? ERRORS[name] : status === 429 || status >= 500 ? AGAIN : ["bad_reply"];
  let reason = `KMS returned status ${status}`;
  if (/^[A-Z][A-Za-z]{2,63}$/.test(name)) {
    reason = `KMS returned ${name}`;
    // Only the messages of these codes help. Others can quote the request: a signature error contains its session token.
    const said = code === "access_denied" || code === "key_unusable" ? quotable(Message) : "";
    if (said) reason += `: ${said}`;
  }
  return new Trouble(code, reason, next);
}

/**
 * quotable returns the beginning of a KMS message about a missing permission or the state of a key, up to the first word that is
 * neither a plain word nor an ARN. For any other message it returns "": the reply can come from a proxy or another server.
 */
function quotable(message) {
  if (typeof message !== "string") return "";
  let said = "";
  for (const word of message.split(" ")) {
    const form = /^'*arn:/.test(word) ? /^[A-Za-z0-9:/+=,.@_'-]{1,300}$/ : /^(?!.*::)[A-Za-z:'.,-]{1,60}$/;
    if (!form.test(word) || said.length + word.length > 1000) break;
    said += said ? ` ${word}` : word;
  }
  said = said.replace(/\.+$/, "");
  return /^(User: arn:.* is not authorized to perform: kms:|arn:.* is |Key 'arn:.* does not exist)/.test(said) ? said : "";
}

module.exports = { trouble };
