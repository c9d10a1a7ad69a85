import { type Clock, MovableTimer, onAbort, Pacer } from '../async/index.js';
import { CompactedError, EtcdError } from '../errors/index.js';
import type { Revision } from '../model/index.js';
import type { WatcherKey } from './core/index.js';

/** What the checks need from the driver. */
export interface StartCheckPorts {
  readonly clock: Clock;
  readonly random: () => number;
  /** Reads the key at that revision, linearizably. */
  readonly readAt: (key: Buffer, revision: Revision, signal: AbortSignal) => Promise<void>;
  /** The revision before the watcher's start is compacted. */
  readonly compacted: (watcher: WatcherKey, startRevision: Revision) => void;
}

interface Check {
  readonly watcher: WatcherKey;
  /** A key of the watcher's range. */
  readonly key: Buffer;
  readonly startRevision: Revision;
  readonly dueAt: number;
}

/**
 * etcd reads a watcher's history up to 100 ms after it has acknowledged the watcher, or later when it is busy. Only a
 * read after that is conclusive. By then, etcd has cancelled a watcher that needs older history.
 *
 * Specification: https://github.com/etcd-io/etcd/blob/v3.7.1/server/storage/mvcc/watchable_store.go#L44
 */
const conclusiveAfterMs = 500;
const retryBackoff = { baseMs: 200, maxMs: 5_000 };

/**
 * Determines whether a compaction has reached the start of a watcher; see StartChecks. The store has one compacted
 * revision, so one successful read below the lowest start settles the checks of all watchers: a thousand watchers that
 * resume together cost one read.
 */
export class StartCheckReads {
  readonly #ports: StartCheckPorts;
  readonly #signal: AbortSignal;
  /** In the order in which they are due: each waits for the same time. */
  readonly #checks = new Set<Check>();
  readonly #checksOf = new Map<WatcherKey, Check[]>();
  readonly #pacer: Pacer;
  readonly #timer: MovableTimer;
  #reading = false;
  /** The end of the pause after a failed read, which also delays checks that are added meanwhile. */
  #notBefore = Number.NEGATIVE_INFINITY;

  constructor(ports: StartCheckPorts, signal: AbortSignal) {
    this.#ports = ports;
    this.#signal = signal;
    this.#pacer = new Pacer(retryBackoff, ports.clock, ports.random);
    this.#timer = new MovableTimer(ports.clock, () => this.#onDue());
    onAbort(signal, () => this.#timer.cancel());
  }

  add(watcher: WatcherKey, key: Buffer, startRevision: Revision): void {
    const check = { watcher, key, startRevision, dueAt: this.#ports.clock.now() + conclusiveAfterMs };
    this.#checks.add(check);
    this.#checksOf.set(watcher, [...(this.#checksOf.get(watcher) ?? []), check]);
    this.#schedule();
  }

  /** Drops the checks of a watcher that has ended. */
  remove(watcher: WatcherKey): void {
    for (const check of this.#checksOf.get(watcher) ?? []) this.#checks.delete(check);
    this.#checksOf.delete(watcher);
    if (this.#checks.size === 0) this.#timer.cancel();
  }

  #settle(check: Check): void {
    this.#checks.delete(check);
    const others = this.#checksOf.get(check.watcher)?.filter((other) => other !== check) ?? [];
    if (others.length > 0) this.#checksOf.set(check.watcher, others);
    else this.#checksOf.delete(check.watcher);
  }

  #schedule(): void {
    const [first] = this.#checks;
    if (!first || this.#reading || this.#signal.aborted) return;
    const at = Math.max(first.dueAt, this.#notBefore);
    if (at !== this.#timer.at) this.#timer.setAt(at);
  }

  #onDue(): void {
    this.#reading = true;
    void this.#read().then(() => {
      this.#reading = false;
      this.#schedule();
    });
  }

  /** Performs one read for all checks that are due. */
  async #read(): Promise<void> {
    const now = this.#ports.clock.now();
    const due = [...this.#checks].filter(({ dueAt }) => dueAt <= now);
    const lowest = due.reduce<Check | undefined>(
      (low, check) => (low && low.startRevision <= check.startRevision ? low : check),
      undefined,
    );
    if (!lowest) return;
    try {
      await this.#ports.readAt(lowest.key, lowest.startRevision - 1n, this.#signal);
      for (const check of due) this.#settle(check);
    } catch (error) {
      this.#onReadFailed(lowest, error);
    }
  }

  #onReadFailed(check: Check, error: unknown): void {
    if (error instanceof EtcdError && error.verdict !== 'final') {
      this.#notBefore = this.#ports.clock.now() + this.#pacer.nextDelayMs();
      return;
    }
    // A start above the store's revision has no history to lose; a start that cannot be read cannot be checked.
    const isLost = error instanceof CompactedError && this.#checks.has(check);
    this.#settle(check);
    if (isLost) this.#ports.compacted(check.watcher, check.startRevision);
  }
}
