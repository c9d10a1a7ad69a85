import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { sharedAbortController } from '../../../internal.js';
import { ApiError } from '../ports.js';
import { limits } from './limits.js';

/** A page, or several tabs that share a session token. */
export interface Session {
  /** Aborts when the session ends. */
  readonly signal: AbortSignal;
}

interface StoredSession extends Session {
  readonly digest: Buffer;
  readonly ending: AbortController;
}

/**
 * One-time tokens and the sessions for which they are exchanged. Digests of tokens are compared: the duration of that
 * shows nothing about a token.
 */
export class Sessions {
  /** The oldest first. */
  #links: Buffer[] = [];
  /** The least recently used first. */
  #sessions: StoredSession[] = [];

  /** Creates a token that can be exchanged once. With too many unused tokens, the oldest ends. */
  createLink(): string {
    const token = newToken();
    this.#links = [...this.#links, digestOf(token)].slice(-limits.links);
    return token;
  }

  /**
   * Exchanges a one-time token for a session token. With too many sessions, the least recently used ends.
   * @throws {ApiError} for a wrong token. Their number has no limit: it would refuse the right one too, and 256 bits cannot
   * be guessed.
   */
  exchange(token: string): string {
    const link = find(this.#links, token, (digest) => digest);
    if (!link) throw new ApiError('unauthorized', 'the link was used already, or it is not of this command');
    this.#links = this.#links.filter((digest) => digest !== link);
    return this.#create();
  }

  /** The session of a token; undefined for a wrong one. */
  get(token: string): Session | undefined {
    const session = find(this.#sessions, token, ({ digest }) => digest);
    if (session) this.#sessions = [...this.#sessions.filter((other) => other !== session), session];
    return session;
  }

  /** Ends all sessions, and accepts no token any more. */
  close(): void {
    this.#links = [];
    for (const { ending } of this.#sessions.splice(0)) ending.abort();
  }

  #create(): string {
    const token = newToken();
    const ending = sharedAbortController();
    this.#sessions.push({ digest: digestOf(token), ending, signal: ending.signal });
    if (this.#sessions.length > limits.sessions) this.#sessions.shift()?.ending.abort();
    return token;
  }
}

/** 256 random bits, in an alphabet that URLs keep as it is. */
function newToken(): string {
  return randomBytes(32).toString('base64url');
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** Compares with all of them, in constant time each. */
function find<T>(items: readonly T[], token: string, digest: (item: T) => Buffer): T | undefined {
  const wanted = digestOf(token);
  return items.filter((item) => timingSafeEqual(digest(item), wanted))[0];
}
