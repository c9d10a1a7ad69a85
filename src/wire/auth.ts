import { InvalidInputError } from '../errors/index.js';
import { anything, boolean, optionsChecker } from '../model/index.js';

interface PlaintextPermission {
  /**
   * Lets the password or token go over plaintext to a host that is not loopback. Whoever can listen on the way then
   * has it. Default: such a client is refused when it is made.
   */
  readonly allowPlaintext?: boolean;
}

/**
 * Gives the password, for one that changes while the client lives: asked before each request for a token, and again
 * after a refusal. One request at a time for the whole client; the signal ends one that takes longer than `timeoutMs`.
 * What it throws fails the calls that waited for it.
 */
export type PasswordProvider = (options: { readonly signal: AbortSignal }) => string | Promise<string>;

/** A user and a password, for etcd's own authentication. */
export interface PasswordAuth extends PlaintextPermission {
  readonly username: string;
  /**
   * A string that etcd refuses is a final error. A function's password may be another one the next time: a refusal
   * fails the calls that waited, and watches, leases and registrations go on asking.
   */
  readonly password: string | PasswordProvider;
}

/** Tokens that somebody else issues, such as JWTs. */
export interface TokenAuth extends PlaintextPermission {
  /**
   * Gives a token: asked before the first call, when etcd turns the last one down (every change of a user or role
   * makes older JWTs invalid), and before one runs out that says when it does. One request at a time for the whole
   * client; the signal ends one that takes longer than `timeoutMs`. What it throws fails the calls that waited for it.
   * White space around the token is cut off, so that the content of a file may be given as it is; one that no header
   * can carry is refused with {@link InvalidInputError}, whose text does not have it.
   */
  tokenProvider(options: { readonly signal: AbortSignal }): string | Promise<string>;
}

/** As whom to speak to etcd: a user and a password, or a provider of tokens, never both. */
export type AuthOptions = PasswordAuth | TokenAuth;

/** Secrets are checked by {@link checkAuth}, which shows none. */
export const authInput = optionsChecker<AuthOptions>(
  { username: anything, password: anything, tokenProvider: anything, allowPlaintext: boolean },
  {
    label: 'auth',
    secret: true,
    suggestions: { user: 'username', name: 'username', token: 'tokenProvider' },
  },
);

/** @throws {InvalidInputError} naming what is missing, never what was given. */
export function checkAuth(auth: AuthOptions | undefined): void {
  if (auth === undefined) return;
  authInput(auth, 'auth');
  const given: Partial<PasswordAuth & TokenAuth> = auth;
  const byPassword = given.username !== undefined || given.password !== undefined;
  if (byPassword && given.tokenProvider !== undefined)
    throw new InvalidInputError('auth has a tokenProvider and a user with a password: one of them must go');
  if (given.tokenProvider !== undefined) {
    if (typeof given.tokenProvider !== 'function')
      throw new InvalidInputError('auth.tokenProvider is not a function');
    return;
  }
  if (typeof given.username !== 'string')
    throw new InvalidInputError('auth.username is missing, or no string');
  if (typeof given.password !== 'string' && typeof given.password !== 'function')
    throw new InvalidInputError('auth.password is missing, or neither a string nor a function');
  if (given.username === '') throw new InvalidInputError('auth.username is empty');
}
