import { InvalidInputError } from '../../errors/index.js';
import { anything, boolean, hasLoneSurrogate, loneSurrogateText, optionsChecker } from '../../model/index.js';

/**
 * Returns the password, for passwords that change during the client's life. The client calls it before each request for
 * a token, and again after a refusal, one call at a time. The signal aborts after `timeoutMs`. A thrown error fails the
 * calls that wait for the token.
 */
export type PasswordProvider = (options: { readonly signal: AbortSignal }) => string | Promise<string>;

/** A user and a password, for etcd's own authentication. */
export interface PasswordAuth {
  /** The name of the etcd user. */
  readonly username: string;
  /**
   * The password, or a function that returns it. If etcd refuses a string, the error is final. If it refuses the
   * password of a function, the waiting calls fail, and watches, leases and registrations keep asking, because the
   * function may return another password next time.
   */
  readonly password: string | PasswordProvider;
  /**
   * Allows sending the password and its tokens in plaintext to a host that is not loopback, where anyone on the path can
   * read them. Default false: the constructor then throws for such endpoints.
   */
  readonly allowPlaintext?: boolean;
}

/** Tokens from another issuer, such as JWTs. */
export interface TokenAuth {
  /**
   * Returns a token. The client calls it before the first call, after etcd refuses a token (every change of a user or
   * role invalidates older JWTs), and before a token expires that states its expiry; one call at a time. The signal
   * aborts after `timeoutMs`. A thrown error fails the calls that wait for the token. White space around the token is
   * removed, so the content of a file can be returned as it is. A token that no header can carry is refused with
   * {@link InvalidInputError}, whose message does not contain it.
   */
  tokenProvider(options: { readonly signal: AbortSignal }): string | Promise<string>;
  /** Allows sending tokens in plaintext, as {@link PasswordAuth.allowPlaintext} does. Default false. */
  readonly allowPlaintext?: boolean;
}

/** The client's credentials: a user and a password, or a provider of tokens. Both together are refused. */
export type AuthOptions = PasswordAuth | TokenAuth;

/** Checks the names of the options. {@link checkAuth} checks the secrets, and its messages contain none. */
export const authInput = optionsChecker<AuthOptions>(
  { username: anything, password: anything, tokenProvider: anything, allowPlaintext: boolean },
  {
    label: 'auth',
    secret: true,
    suggestions: { user: 'username', name: 'username', token: 'tokenProvider' },
  },
);

/** @throws {InvalidInputError} naming the wrong or missing option, without its value. */
export function checkAuth(auth: AuthOptions | undefined): void {
  if (auth === undefined) return;
  authInput(auth, 'auth');
  const given: Partial<PasswordAuth & TokenAuth> = auth;
  const byPassword = given.username !== undefined || given.password !== undefined;
  if (byPassword && given.tokenProvider !== undefined)
    throw new InvalidInputError('auth.tokenProvider and auth.username with auth.password exclude each other');
  if (given.tokenProvider !== undefined) {
    if (typeof given.tokenProvider !== 'function')
      throw new InvalidInputError('auth.tokenProvider is not a function');
    return;
  }
  if (typeof given.username !== 'string')
    throw new InvalidInputError('auth.username is missing, or not a string');
  if (typeof given.password !== 'string' && typeof given.password !== 'function')
    throw new InvalidInputError('auth.password is missing, or neither a string nor a function');
  if (given.username === '') throw new InvalidInputError('auth.username is empty');
  for (const option of ['username', 'password'] as const) {
    const value = given[option];
    if (typeof value === 'string' && hasLoneSurrogate(value))
      throw new InvalidInputError(`auth.${option} ${loneSurrogateText}`);
  }
}
