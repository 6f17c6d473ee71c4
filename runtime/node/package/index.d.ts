/** The code of a failure, the same in every language. docs/runtime.md, section 3, says what to do about each. */
export type SecretsErrorCode =
  | "bad_setting"
  | "bundle_not_found"
  | "secret_not_found"
  | "unknown_format"
  | "bad_document"
  | "wrong_function"
  | "wrong_environment"
  | "wrong_key"
  | "wrong_digest"
  | "tampered"
  | "access_denied"
  | "key_unusable"
  | "credentials"
  | "bad_endpoint"
  | "unavailable"
  | "bad_reply"
  | "reserved_variable"
  | "bad_value";

/** Every failure, except for a name that is not a string (a TypeError). No message contains a value. */
export class SecretsError extends Error {
  readonly name: "SecretsError";
  readonly code: SecretsErrorCode;
  constructor(code: SecretsErrorCode, message: string);
}

/** Returns the value of one secret as a string. */
export function getSecret(name: string): Promise<string>;

/** Returns all values by name, as a frozen object without a prototype. */
export function getSecrets(): Promise<Readonly<Record<string, string>>>;

/** Returns the value of one secret as a new array of bytes, decoded if the manifest says `encoding = "base64"`. */
export function getSecretBytes(name: string): Promise<Uint8Array>;

export interface LoadEnvOptions {
  /** Whether to replace existing variables. By default, they are kept. */
  override?: boolean;
}

/** Sets every value as a variable of process.env, or none if there is a failure. */
export function loadEnv(options?: LoadEnvOptions): Promise<void>;
