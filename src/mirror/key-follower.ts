import { ConcurrencyLimit, delay, Pacer, systemClock } from '../async/index.js';
import { CompactedError, EtcdError, RolledBackError } from '../errors/index.js';
import type { KvClient } from '../kv/index.js';
import type { Bytes, KeyState, Revision } from '../model/index.js';
import type { InternalWatchBatch, InternalWatchOptions, Watcher, WatchOptions } from '../watch/index.js';

/** The part of an etcd client that follows a key. */
export interface FollowerClient {
  readonly kv: Pick<KvClient, 'get'>;
  watch(range: Bytes, options?: WatchOptions): Watcher;
}

export interface FollowOptions {
  readonly key: Bytes;
  /** The revision at which the key's state is known. Later states are reported. */
  readonly from: Revision;
  /** A revision that the store is known to have reached, besides the reported ones, such as that of a write. */
  readonly knownRevision?: () => Revision;
  readonly onState: (state: KeyState) => void;
  /** Called with the error of each read that is retried. */
  readonly onFailure: (error: EtcdError) => void;
  /**
   * Called once, with the error that ended it: {@link RolledBackError} if the store went back, or a final one, such as a
   * missing permission. Not called after an abort.
   */
  readonly onEnd: (error: unknown) => void;
}

/** Concurrent reads per client: after a reconnect all registrations of a process read at the same time. */
const maxReads = 16;
/** With jitter, so that the processes that lost etcd together do not read together. */
const retryBackoff = { baseMs: 200, maxMs: 5_000 };
const limits = new WeakMap<FollowerClient, ConcurrencyLimit>();

/**
 * Reports the states of a key in revision order: each event of a watch, and a linearizable read each time the watch is
 * created on a stream. The read is needed because a watch cannot detect a wiped store that has passed the old revision,
 * and because some releases lose a delete (see StartChecks of the watch core). After a compaction the read shows the
 * current state, so no error is reported.
 *
 * A process may have thousands of followers that wait for nothing but an event, so one has no abort signal, generator or
 * race of promises of its own.
 */
export class KeyFollower {
  readonly #client: FollowerClient;
  readonly #options: FollowOptions;
  /** The revision of the last reported state. */
  #seen: Revision;
  /** The current watch; undefined during the pause after one has ended, and in the end. */
  #watcher: Watcher | undefined;
  /** Ends the current read or pause. */
  #waiting: AbortController | undefined;
  #pacer: Pacer | undefined;
  #isOver = false;

  constructor(client: FollowerClient, options: FollowOptions) {
    this.#client = client;
    this.#options = options;
    this.#seen = options.from;
  }

  start(): void {
    const options: InternalWatchOptions = {
      startRevision: this.#seen + 1n,
      knownRevision: this.#seen,
      resumptions: true,
    };
    try {
      const watcher = this.#client.watch(this.#options.key, options);
      this.#watcher = watcher;
      void this.#follow(watcher);
    } catch (error) {
      this.#end(error);
    }
  }

  /** Reports nothing from now on. */
  abort(): void {
    this.#isOver = true;
    this.#stop();
  }

  async #follow(watcher: Watcher): Promise<void> {
    try {
      for await (const { events, resumed } of watcher as AsyncIterable<InternalWatchBatch>) {
        if (resumed) void this.#readOnce();
        for (const { type, kv } of events)
          this.#report({ kv: type === 'put' ? kv : undefined, revision: kv.modRevision });
      }
    } catch (error) {
      if (!(error instanceof CompactedError)) this.#end(error);
    }
    if (!this.#isOver) await this.#restart();
  }

  /** Reads the state that the watch could not show, after a pause, and watches from there. */
  async #restart(): Promise<void> {
    this.#stop();
    await this.#wait(async (signal) => {
      this.#pacer ??= retryPacer();
      await delay(this.#pacer.nextDelayMs(), signal);
      this.#report(await this.#read(signal));
    });
    if (!this.#isOver) this.start();
  }

  /** Reads once for the current watch. Events do not wait for the read. */
  #readOnce(): Promise<void> {
    this.#waiting?.abort();
    return this.#wait(async (signal) => this.#report(await this.#read(signal)));
  }

  /** Runs `work` until it ends, or the signal ends it. */
  async #wait(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const waiting = new AbortController();
    this.#waiting = waiting;
    try {
      await work(waiting.signal);
    } catch (error) {
      if (!waiting.signal.aborted) this.#end(error);
    }
    if (this.#waiting === waiting) this.#waiting = undefined;
  }

  /**
   * Reads the key, and retries without a time limit.
   * @throws {RolledBackError} if the store's revision is below one that it is known to have reached.
   */
  async #read(signal: AbortSignal): Promise<KeyState> {
    const { key, knownRevision, onFailure } = this.#options;
    const limit = limits.get(this.#client) ?? new ConcurrencyLimit(maxReads);
    limits.set(this.#client, limit);
    const pacer = retryPacer();
    const from = this.#seen;
    for (;;) {
      const written = knownRevision?.() ?? 0n; // before the read: a concurrent write may be newer
      const minRevision = written > from ? written : from;
      try {
        // The gets of one turn share a request.
        const { kv, revision } = await limit.run(() => this.#client.kv.get(key, { signal }), signal);
        if (revision < minRevision) throw new RolledBackError(minRevision, revision);
        return { kv, revision };
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof EtcdError) || error.verdict === 'final') throw error;
        onFailure(error);
        await delay(pacer.nextDelayMs(), signal);
      }
    }
  }

  /** A read that finishes after a newer event is not reported. */
  #report(state: KeyState): void {
    if (this.#isOver || state.revision < this.#seen) return;
    this.#seen = state.revision;
    this.#options.onState(state);
  }

  #end(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stop();
    this.#options.onEnd(error);
  }

  #stop(): void {
    this.#waiting?.abort();
    this.#waiting = undefined;
    const watcher = this.#watcher;
    this.#watcher = undefined;
    void watcher?.close();
  }
}

function retryPacer(): Pacer {
  return new Pacer(retryBackoff, systemClock, Math.random);
}
