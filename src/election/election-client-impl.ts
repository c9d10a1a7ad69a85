import {
  type AsyncStream,
  CancellableIterator,
  OneLoop,
  onAbort,
  Subscription,
  secondLoopError,
} from '../async/index.js';
import { type Bytes, checkSignalOnly, checkWait, noOptions } from '../model/index.js';
import type { CallOptions } from '../wire/index.js';
import type { ElectionClient } from './election-client.js';
import { type FollowerPorts, LeaderFollower } from './leader-follower.js';
import { candidatePrefix, readLeader } from './read-leader.js';
import type { Leader } from './types.js';

/** What elections use of their client. */
export interface ElectionPorts extends FollowerPorts {
  /** Aborted when the client closes. */
  readonly closing?: AbortSignal | undefined;
}

/** The implementation of {@link ElectionClient}. */
export class ElectionClientImpl implements ElectionClient {
  readonly #ports: ElectionPorts;

  constructor(ports: ElectionPorts) {
    this.#ports = ports;
  }

  observe(
    name: Bytes,
    options: { readonly signal?: AbortSignal | undefined } = noOptions,
  ): AsyncStream<Leader | undefined> {
    checkSignalOnly(options);
    const prefix = candidatePrefix(name);
    const changes = (left: AbortSignal) => this.#changes(prefix, [left, options.signal, this.#ports.closing]);
    return new OneLoop(new CancellableIterator(changes), () => secondLoopError('an observation', 'observe'));
  }

  async leader(name: Bytes, options: CallOptions = noOptions): Promise<Leader | undefined> {
    checkWait(options);
    const { leader } = await readLeader(this.#ports.kv, candidatePrefix(name), options);
    return leader;
  }

  /** A reader that is slower than the changes gets the newest state: at most one waits. */
  async *#changes(
    prefix: Buffer,
    ends: readonly (AbortSignal | undefined)[],
  ): AsyncGenerator<Leader | undefined, undefined> {
    const stop = new AbortController();
    const releases = ends.map((end) => onAbort(end, (reason) => stop.abort(reason)));
    try {
      yield* new Subscription<Leader | undefined>(
        (put, end) => {
          new LeaderFollower(this.#ports, prefix, put).run(stop.signal).catch(end);
          return () => stop.abort();
        },
        { maxQueued: 1, signal: stop.signal },
      );
    } finally {
      for (const release of releases) release();
      stop.abort();
    }
  }
}
