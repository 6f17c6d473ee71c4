"use strict";

/** SecretsError is every failure of this package. Its code is one of docs/runtime.md, section 3; its message contains no value. */
class SecretsError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}
Object.defineProperty(SecretsError.prototype, "name", { value: "SecretsError", configurable: true });

/** A Trouble is a failure of one request. next says what can follow: "again" to retry, "sign" to sign again, or nothing. */
class Trouble {
  constructor(code, reason, next) {
    Object.assign(this, { code, reason, next });
  }
}

module.exports = { SecretsError, Trouble };
