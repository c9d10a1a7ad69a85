import { delay, onAbort, Pacer, raceAbort, refClock } from '../async/index.js';
import { acquire, LockLostError, type Ownership, type QueueClient } from '../lock/index.js';
import { printable } from '../model/index.js';
import { ElectionTerm } from './election-term.js';
import type { Term } from './types.js';

/** What a campaign needs. */
export interface CampaignRequest {
  readonly name: Buffer;
  readonly value: Buffer;
  readonly ttlSeconds: number;
  /** Ends the term at once, and with it the campaign. */
  readonly signal: AbortSignal | undefined;
  /** The client's default deadline, in milliseconds. */
  readonly timeoutMs: number;
  /** Returns a number in [0, 1). */
  readonly random: () => number;
}

/** Between a lost term and the next candidacy. */
const lossBackoff = { baseMs: 200, maxMs: 5_000 };

/**
 * Yields one term after the other, each with a lease and a key of its own, until the signal aborts or the iteration is
 * left. Nothing is left behind in etcd then.
 * @param stop Aborts when the campaign ends for any reason.
 */
export async function* campaign(
  client: QueueClient,
  request: CampaignRequest,
  stop: AbortSignal,
): AsyncGenerator<Term, never> {
  const lossPacer = new Pacer(lossBackoff, refClock, request.random);
  for (;;) {
    const ownership = await enter(client, request, stop);
    const term = new ElectionTerm(ownership, ownership.createRevision, request.timeoutMs);
    const removeListener = onAbort(request.signal, () => void term[Symbol.asyncDispose]());
    try {
      stop.throwIfAborted();
      yield term;
      await untilEnded(term, stop);
    } finally {
      removeListener();
      await term[Symbol.asyncDispose]();
    }
    const isLost = term.signal.reason instanceof LockLostError;
    if (isLost) await delay(lossPacer.nextDelayMs(), stop);
  }
}

/** Enters the election, and again whenever the place is lost, until the candidate is elected. */
async function enter(client: QueueClient, request: CampaignRequest, signal: AbortSignal): Promise<Ownership> {
  const ownership = await acquire(client, {
    ...request,
    kind: 'election',
    what: `the term in the election '${printable(request.name)}'`,
    mode: 'wait',
    requeue: true,
    timeoutMs: Number.POSITIVE_INFINITY,
    signal,
  });
  if (!ownership) throw new TypeError('a term that is waited for cannot be taken');
  return ownership;
}

/** Resolves when the term ends. @throws the reason of `stop` if that is earlier. */
function untilEnded(term: Term, stop: AbortSignal): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    onAbort(term.signal, () => resolve());
  });
  return raceAbort(ended, stop);
}
