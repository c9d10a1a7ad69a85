import {
  type AsyncStream,
  CancellableIterator,
  ConcurrencyLimit,
  OneLoop,
  onAbort,
  Subscription,
  secondLoopError,
} from '../async/index.js';
import { defaultTtlSeconds, type QueueClient, queueName, queuePrefix } from '../lock/index.js';
import {
  type Bytes,
  checkSignalOnly,
  checkWait,
  noOptions,
  optionsChecker,
  signal,
  ttl,
} from '../model/index.js';
import type { CallOptions } from '../wire/index.js';
import { campaign } from './campaign.js';
import type { ElectionClient } from './election-client.js';
import { type FollowerPorts, LeaderFollower } from './leader-follower.js';
import { proposalBytes } from './proposal.js';
import { readLeader } from './read-leader.js';
import type { CampaignOptions, Leader, Term } from './types.js';

/** What elections use of their client. */
export interface ElectionPorts extends Omit<FollowerPorts, 'reads'> {
  /** What candidates use; the object that the client's locks use, too. */
  readonly queue: QueueClient;
  /** The client's default deadline, in milliseconds. */
  readonly timeoutMs: number;
  /** Aborted when the client closes. */
  readonly closing?: AbortSignal | undefined;
}

/** Concurrent reads of the observations of one client. */
const maxReads = 16;

/** The implementation of {@link ElectionClient}. */
export class ElectionClientImpl implements ElectionClient {
  readonly #ports: ElectionPorts & FollowerPorts;

  constructor(ports: ElectionPorts) {
    this.#ports = { ...ports, reads: new ConcurrencyLimit(maxReads) };
  }

  campaign(name: Bytes, value: Bytes, options: CampaignOptions = noOptions): AsyncStream<Term> {
    checkCampaign(options);
    const { ttlSeconds = defaultTtlSeconds, signal: end } = options;
    const { queue, random, timeoutMs } = this.#ports;
    const request = {
      ...{ name: electionName(name), value: proposalBytes(value) },
      ...{ ttlSeconds, signal: end, random, timeoutMs },
    };
    return this.#stream('a campaign', 'campaign', end, (stop) => campaign(queue, request, stop));
  }

  observe(
    name: Bytes,
    options: { readonly signal?: AbortSignal | undefined } = noOptions,
  ): AsyncStream<Leader | undefined> {
    checkSignalOnly(options);
    const prefix = queuePrefix(electionName(name));
    return this.#stream('an observation', 'observe', options.signal, (stop) => this.#changes(prefix, stop));
  }

  async leader(name: Bytes, options: CallOptions = noOptions): Promise<Leader | undefined> {
    checkWait(options);
    const { leader } = await readLeader(this.#ports.kv, queuePrefix(electionName(name)), options);
    return leader;
  }

  /** A reader that is slower than the changes gets the newest state: at most one waits. */
  #changes(prefix: Buffer, stop: AbortSignal): AsyncGenerator<Leader | undefined, undefined> {
    const following = new AbortController();
    return new Subscription<Leader | undefined>(
      (put, end) => {
        new LeaderFollower(this.#ports, prefix, put).run(following.signal).catch(end);
        return () => following.abort();
      },
      { maxQueued: 1, signal: stop },
    );
  }

  /**
   * An iteration for one loop, which starts with the first `next()`.
   * @param iterate Gets a signal that aborts with the given one, when the client closes, and when the loop is left.
   */
  #stream<T>(
    what: string,
    call: string,
    signal: AbortSignal | undefined,
    iterate: (stop: AbortSignal) => AsyncGenerator<T, undefined>,
  ): AsyncStream<T> {
    const iterateUntil = (left: AbortSignal) =>
      untilAny([left, signal, this.#ports.closing], (stop) => iterate(stop));
    return new OneLoop(new CancellableIterator(iterateUntil), () => secondLoopError(what, call));
  }
}

const checkCampaign = optionsChecker<CampaignOptions>({ ttlSeconds: ttl, signal });

function electionName(name: Bytes): Buffer {
  return queueName(name, 'election');
}

/** Iterates with a signal that aborts when the first of several does. */
async function* untilAny<T>(
  ends: readonly (AbortSignal | undefined)[],
  iterate: (stop: AbortSignal) => AsyncGenerator<T, undefined>,
): AsyncGenerator<T, undefined> {
  const stop = new AbortController();
  const releases = ends.map((end) => onAbort(end, (reason) => stop.abort(reason)));
  try {
    return yield* iterate(stop.signal);
  } finally {
    for (const release of releases) release();
  }
}
