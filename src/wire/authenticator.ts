import { within } from '../async/index.js';
import { Code, EtcdError, errorFromServer, InvalidInputError } from '../errors/index.js';
import type { AuthOptions, TokenAuth } from './auth.js';
import { headerToken } from './token-text.js';

/** etcd's Authenticate RPC: a name, a password, a token. */
export type Authenticate = (name: string, password: string) => Promise<string>;

/**
 * How a client gets its next token; `refused` says that etcd turned the last one down. It resolves with undefined where
 * etcd does no authentication.
 */
export type FetchToken = (refused: boolean) => Promise<string | undefined>;

/** @param timeoutMs How long a token provider may take. */
export function tokenFetcher(auth: AuthOptions, authenticate: Authenticate, timeoutMs: number): FetchToken {
  if (!('tokenProvider' in auth)) return () => unlessOff(issued(authenticate(auth.username, auth.password)));
  return async (refused) => {
    // A provider knows nothing of etcd: when a token was turned down, ask whether any is wanted. Nobody's name is
    // refused before a password is checked.
    if (refused && (await unlessOff(authenticate('', ''), 'on')) === undefined) return undefined;
    return provide(auth, timeoutMs);
  };
}

/** What Authenticate gives; undefined where authentication is off, and `refusal` (if there is one) where it is on. */
async function unlessOff(answer: Promise<string>, refusal?: string): Promise<string | undefined> {
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
async function issued(answer: Promise<string>): Promise<string> {
  const token = headerToken(await answer);
  if (token !== undefined) return token;
  throw errorFromServer(Code.INTERNAL, 'the answer to Authenticate holds no token that can be sent');
}

/** A provider that fails is a passing trouble: streams go on asking, and only the calls that waited for it fail. */
async function provide({ tokenProvider }: TokenAuth, timeoutMs: number): Promise<string> {
  const signal = AbortSignal.timeout(Math.min(timeoutMs, 2 ** 31 - 1));
  const late = () => failed(`gave no token within ${timeoutMs} ms`);
  let token: unknown;
  try {
    token = await within(Promise.resolve(tokenProvider({ signal })), timeoutMs, late);
  } catch (error) {
    throw error instanceof EtcdError ? error : failed('failed', error);
  }
  if (typeof token !== 'string' || token.trim() === '')
    throw failed('gave no token, or none that is a string');
  const sendable = headerToken(token);
  if (sendable !== undefined) return sendable;
  throw new InvalidInputError(
    'auth.tokenProvider gave a token that no header can carry: it has a line end, another control character or a letter beyond ASCII in it, or is too long',
  );
}

function failed(what: string, cause?: unknown): EtcdError {
  return new EtcdError(`auth.tokenProvider ${what}`, {
    code: Code.UNAVAILABLE,
    verdict: 'not-applied',
    ...(cause === undefined ? {} : { cause }),
  });
}
