import { delay, longestTimerMs, withTimeout } from '../async/index.js';
import {
  Code,
  EtcdError,
  errorFromServer,
  InvalidInputError,
  markNotApplied,
  UnauthenticatedError,
} from '../errors/index.js';
import type { AuthOptions, PasswordAuth, PasswordProvider, TokenAuth } from './auth.js';
import { headerToken } from './header-token.js';

/** A password function is asked again so long after its password was refused: it may be about to change. */
const passwordRetryMs = 1_000;

/** etcd's Authenticate RPC: a name, a password, a token. */
export type Authenticate = (name: string, password: string) => Promise<string>;

/**
 * How a client gets its next token; `refused` says that etcd refused the last one. It resolves with undefined where
 * etcd does no authentication.
 */
export type FetchToken = (refused: boolean) => Promise<string | undefined>;

export interface FetchPorts {
  readonly authenticate: Authenticate;
  /** How long a token provider or a password function may take. */
  readonly timeoutMs: number;
  readonly pause?: (ms: number) => Promise<void>;
}

export function tokenFetcher(auth: AuthOptions, ports: FetchPorts): FetchToken {
  const { authenticate, timeoutMs } = ports;
  if (!('tokenProvider' in auth)) return () => tokenByPassword(auth, ports);
  return async (refused) => {
    // A provider knows nothing of etcd: when a token was refused, ask whether any is wanted. A missing name is
    // refused before a password is checked.
    if (refused && (await undefinedIfAuthOff(authenticate('', ''), 'on')) === undefined) return undefined;
    return tokenFromProvider(auth, timeoutMs);
  };
}

/** What Authenticate gives; undefined where authentication is off, and `refusal` (if there is one) where it is on. */
async function undefinedIfAuthOff(answer: Promise<string>, refusal?: string): Promise<string | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof EtcdError)) throw error;
    if (error.reason === 'AuthNotEnabled') return undefined; // a token would be refused, and is not needed
    if (refusal === undefined) throw error;
    return refusal;
  }
}

/** A token is what it is: the server that issues it may be any. */
async function sendableToken(answer: Promise<string>): Promise<string> {
  const token = headerToken(await answer);
  if (token !== undefined) return token;
  throw errorFromServer(Code.INTERNAL, 'the answer to Authenticate holds no token that can be sent');
}

/** The option is read each time: it may be a getter. */
async function tokenByPassword(auth: PasswordAuth, ports: FetchPorts): Promise<string | undefined> {
  const { password } = auth;
  if (typeof password === 'function') return tokenByPasswordProvider(password, auth.username, ports);
  return undefinedIfAuthOff(sendableToken(ports.authenticate(auth.username, password)));
}

/** A refused password is sent once; if the function has another one soon after, that one is sent as well. */
async function tokenByPasswordProvider(
  provider: PasswordProvider,
  username: string,
  { authenticate, timeoutMs, pause = (ms) => delay(ms, undefined, { unref: true }) }: FetchPorts,
): Promise<string | undefined> {
  const ask = () => callProvider('auth.password', provider, timeoutMs, 'password');
  const password = await ask();
  try {
    return await undefinedIfAuthOff(sendableToken(authenticate(username, password)));
  } catch (error) {
    if (!(error instanceof UnauthenticatedError)) throw error;
    await pause(passwordRetryMs);
    const other = await ask();
    if (other === password) throw markNotApplied(error);
    return await undefinedIfAuthOff(sendableToken(authenticate(username, other))).catch((again) => {
      throw again instanceof UnauthenticatedError ? markNotApplied(again) : again;
    });
  }
}

async function tokenFromProvider({ tokenProvider }: TokenAuth, timeoutMs: number): Promise<string> {
  const token = await callProvider('auth.tokenProvider', tokenProvider, timeoutMs, 'token');
  if (token.trim() === '')
    throw providerError('auth.tokenProvider', 'gave no token, or none that is a string');
  const sendable = headerToken(token);
  if (sendable !== undefined) return sendable;
  throw new InvalidInputError(
    'auth.tokenProvider gave a token that no header can carry: it has a line end, another control character or a letter beyond ASCII in it, or is too long',
  );
}

/**
 * What a function of the user's gives. Its failure is a passing trouble: streams go on asking, and only the calls that
 * waited for it fail.
 */
async function callProvider(
  option: string,
  provider: (options: { readonly signal: AbortSignal }) => string | Promise<string>,
  timeoutMs: number,
  what: string,
): Promise<string> {
  const signal = AbortSignal.timeout(Math.min(timeoutMs, longestTimerMs));
  const late = () => providerError(option, `gave no ${what} within ${timeoutMs} ms`);
  let given: unknown;
  try {
    given = await withTimeout(Promise.resolve(provider({ signal })), timeoutMs, late);
  } catch (error) {
    throw error instanceof EtcdError ? error : providerError(option, 'failed', error);
  }
  if (typeof given !== 'string') throw providerError(option, `gave no ${what}, or none that is a string`);
  return given;
}

function providerError(option: string, what: string, cause?: unknown): EtcdError {
  return new EtcdError(`${option} ${what}`, {
    code: Code.UNAVAILABLE,
    verdict: 'not-applied',
    ...(cause === undefined ? {} : { cause }),
  });
}
