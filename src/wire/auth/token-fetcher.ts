import { delay, systemClock, withTimeout, withTimeoutSignal } from '../../async/index.js';
import {
  Code,
  EtcdError,
  errorFromServer,
  InvalidInputError,
  markNotApplied,
  UnauthenticatedError,
} from '../../errors/index.js';
import { hasLoneSurrogate, loneSurrogateText } from '../../model/index.js';
import type { AuthOptions, PasswordAuth, PasswordProvider, TokenAuth } from './auth.js';
import { headerToken } from './header-token.js';
import { markProviderError } from './provider-errors.js';

/** The pause before a password provider is called again after a refusal: the password may be changing. */
const passwordRetryMs = 1_000;

/** etcd's Authenticate RPC: takes a name and a password, returns a token. */
export type Authenticate = (name: string, password: string) => Promise<string>;

/**
 * Fetches the next token; `refused` means that etcd refused the last one. Resolves with undefined if authentication is
 * disabled in etcd.
 */
export type FetchToken = (refused: boolean) => Promise<string | undefined>;

export interface FetchPorts {
  readonly authenticate: Authenticate;
  /** The time limit for a call of a token or password provider. */
  readonly timeoutMs: number;
  readonly pause?: (ms: number) => Promise<void>;
}

/** Returns the function that fetches tokens with the client's credentials. */
export function tokenFetcher(auth: AuthOptions, ports: FetchPorts): FetchToken {
  const { authenticate, timeoutMs } = ports;
  if (!('tokenProvider' in auth)) return () => tokenByPassword(auth, ports);
  return async (refused) => {
    // A provider does not know whether etcd has authentication enabled, so ask etcd after a refusal. etcd refuses an
    // empty name before it checks a password.
    if (refused && (await undefinedIfAuthOff(authenticate('', ''), 'on')) === undefined) return undefined;
    return tokenFromProvider(auth, timeoutMs);
  };
}

/**
 * Returns the answer to Authenticate, or undefined if authentication is disabled.
 * @param fallback Returned instead of throwing any other EtcdError.
 */
async function undefinedIfAuthOff(answer: Promise<string>, fallback?: string): Promise<string | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof EtcdError)) throw error;
    if (error.reason === 'AuthNotEnabled') return undefined; // no token is needed, and etcd would refuse one
    if (fallback === undefined) throw error;
    return fallback;
  }
}

/** Validates an issued token: a hostile server may issue any text. */
async function sendableToken(answer: Promise<string>): Promise<string> {
  const token = headerToken(await answer);
  if (token !== undefined) return token;
  throw errorFromServer(
    Code.INTERNAL,
    'the answer to Authenticate contains no token that a header can carry',
  );
}

/** Reads `password` for each request, because the option may be a getter. */
async function tokenByPassword(auth: PasswordAuth, ports: FetchPorts): Promise<string | undefined> {
  const { password } = auth;
  if (typeof password === 'function') return tokenByPasswordProvider(password, auth.username, ports);
  return undefinedIfAuthOff(sendableToken(ports.authenticate(auth.username, password)));
}

/** Sends each password once. After a refusal, another password from the provider is sent too. */
async function tokenByPasswordProvider(
  provider: PasswordProvider,
  username: string,
  { authenticate, timeoutMs, pause = (ms) => delay(ms, undefined, { clock: systemClock }) }: FetchPorts,
): Promise<string | undefined> {
  const getPassword = () => callProvider('auth.password', provider, timeoutMs, 'password');
  const password = await getPassword();
  try {
    return await undefinedIfAuthOff(sendableToken(authenticate(username, password)));
  } catch (error) {
    if (!(error instanceof UnauthenticatedError)) throw error;
    await pause(passwordRetryMs);
    const other = await getPassword();
    if (other === password) throw markNotApplied(error);
    return await undefinedIfAuthOff(sendableToken(authenticate(username, other))).catch((secondError) => {
      throw secondError instanceof UnauthenticatedError ? markNotApplied(secondError) : secondError;
    });
  }
}

async function tokenFromProvider({ tokenProvider }: TokenAuth, timeoutMs: number): Promise<string> {
  const token = await callProvider('auth.tokenProvider', tokenProvider, timeoutMs, 'token');
  if (token.trim() === '') throw providerError('auth.tokenProvider', 'returned no token');
  const sendable = headerToken(token);
  if (sendable !== undefined) return sendable;
  throw new InvalidInputError(
    'auth.tokenProvider returned a token that no header can carry: it contains a line break, another control character or a character outside ASCII, or is too long',
  );
}

/**
 * Calls a provider from the client's options. Its failure is transient: the calls that wait for the token fail, and
 * streams ask again.
 */
async function callProvider(
  option: string,
  provider: (options: { readonly signal: AbortSignal }) => string | Promise<string>,
  timeoutMs: number,
  what: string,
): Promise<string> {
  let timedOut: EtcdError | undefined;
  const timeoutError = () => {
    timedOut = providerError(option, `returned no ${what} within ${timeoutMs} ms`);
    return timedOut;
  };
  let given: unknown;
  try {
    given = await withTimeoutSignal(timeoutMs, undefined, (signal) =>
      withTimeout(Promise.resolve(provider({ signal })), timeoutMs, timeoutError),
    );
  } catch (error) {
    if (error === timedOut) throw error;
    throw markProviderError(
      error instanceof EtcdError ? error : providerError(option, 'failed', error),
      option,
    );
  }
  if (typeof given !== 'string')
    throw providerError(option, `returned no ${what}, or one that is not a string`);
  if (hasLoneSurrogate(given)) throw providerError(option, `returned a ${what} that ${loneSurrogateText}`);
  return given;
}

function providerError(option: string, what: string, cause?: unknown): EtcdError {
  return new EtcdError(`${option} ${what}`, {
    code: Code.UNAVAILABLE,
    verdict: 'not-applied',
    ...(cause === undefined ? {} : { cause }),
  });
}
