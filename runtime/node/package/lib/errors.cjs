"use strict";

/** SecretsError is every failure of this package. Its code is one of docs/runtime.md, section 3; its message holds no value. */
class SecretsError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}
Object.defineProperty(SecretsError.prototype, "name", { value: "SecretsError", configurable: true });

/** A Trouble is a failure of one request, before it is known whether another one follows: next is "again", "sign" or nothing. */
class Trouble {
  constructor(code, reason, next) {
    Object.assign(this, { code, reason, next });
  }
}

module.exports = { SecretsError, Trouble };
