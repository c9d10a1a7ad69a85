import {
  CompactedError,
  type EtcdClient,
  type Revision,
  RolledBackError,
  type WatchEvent,
} from '../../index.js';

/**
 * The changes below a prefix since a revision. One watch serves all waits: while it is open, the client notices that
 * etcd is away.
 */
export class Changes {
  /** The revision up to which all changes are known. */
  #latest: Revision;
  /** Whether changes may have been missed since the last wait. */
  #hasGap = false;
  #wasReplaced = false;
  #failure: { readonly error: unknown } | undefined;
  readonly #onEvents: (events: readonly WatchEvent[]) => void;
  #wake = () => {};

  /**
   * @param signal ends the watch. A wait then rejects with its reason.
   * @param onEvents called with all events, in order.
   */
  constructor(
    client: EtcdClient,
    prefix: string,
    since: Revision,
    signal: AbortSignal,
    onEvents: (events: readonly WatchEvent[]) => void = () => {},
  ) {
    this.#latest = since;
    this.#onEvents = onEvents;
    void this.#follow(client, prefix, signal).catch((error: unknown) => {
      this.#failure = { error };
      this.#wake();
    });
  }

  /** Whether the store was wiped, restored or replaced since the last call. */
  takeReplacement(): boolean {
    const wasReplaced = this.#wasReplaced;
    this.#wasReplaced = false;
    return wasReplaced;
  }

  /** Resolves when there is a change after a revision, and at the latest after `timeoutMs`. */
  async after(revision: Revision, timeoutMs?: number): Promise<void> {
    await this.#until(() => this.#isAfter(revision), timeoutMs);
    this.#hasGap = false;
    if (this.#failure) throw this.#failure.error;
  }

  /** Resolves when the events meet a condition, when they will not, because some were missed, or after `timeoutMs`. */
  async whenSeen(condition: () => boolean, timeoutMs: number): Promise<void> {
    await this.#until(() => condition() || this.#hasGap || this.#failure !== undefined, timeoutMs);
  }

  async #until(condition: () => boolean, timeoutMs: number | undefined): Promise<void> {
    let isDue = false;
    const onTimeout = () => {
      isDue = true;
      this.#wake();
    };
    const timer = timeoutMs === undefined ? undefined : setTimeout(onTimeout, timeoutMs);
    while (!isDue && !condition())
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    clearTimeout(timer);
  }

  #isAfter(revision: Revision): boolean {
    return this.#failure !== undefined || this.#hasGap || this.#latest > revision;
  }

  async #follow(client: EtcdClient, prefix: string, signal: AbortSignal): Promise<void> {
    let watcher = client.watch({ prefix }, { startRevision: this.#latest + 1n, signal });
    for (;;) {
      try {
        for await (const { events, nextRevision } of watcher) {
          this.#onEvents(events);
          this.#latest = nextRevision - 1n;
          this.#wake();
        }
        signal.throwIfAborted();
      } catch (error) {
        if (error instanceof RolledBackError) this.#wasReplaced = true;
        else if (!(error instanceof CompactedError)) throw error;
      }
      watcher = client.watch({ prefix }, { signal });
      this.#latest = (await watcher.ready) - 1n;
      this.#hasGap = true;
      this.#wake();
    }
  }
}
