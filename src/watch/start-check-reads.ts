import { type Clock, onAbort, Pacer } from '../async/index.js';
import { CompactedError, EtcdError } from '../errors/index.js';
import type { Revision } from '../model/index.js';
import type { WatcherKey } from './core/index.js';
import type { WatchSpec } from './watch-request.js';

export interface StartCheckPorts {
  readonly clock: Clock;
  readonly random: () => number;
  /** Reads one key of the range as it was at that revision, linearizably. */
  readonly readAt: (spec: WatchSpec, revision: Revision, signal: AbortSignal) => Promise<void>;
  readonly compacted: (watcher: WatcherKey, startRevision: Revision) => void;
}

interface Check {
  readonly watcher: WatcherKey;
  readonly spec: WatchSpec;
  readonly startRevision: Revision;
  readonly dueAt: number;
}

/**
 * etcd reads a watcher's history up to 100 ms after it has acknowledged the watcher, or later when it is busy. Only
 * after that is a read conclusive; and a watcher that needs older history has then been cancelled by etcd itself.
 */
const conclusiveAfterMs = 500;
const retryBackoff = { baseMs: 200, maxMs: 5_000 };

/**
 * Finds out whether a compaction reached the starts of watchers; see StartChecks. The compacted revision is one for
 * the whole store, so a read below the lowest start that succeeds answers for all of them: a thousand watchers that
 * resume together cost one read.
 */
export class StartCheckReads {
  readonly #ports: StartCheckPorts;
  readonly #signal: AbortSignal;
  readonly #checks = new Set<Check>();
  readonly #pacer: Pacer;
  #cancelTimer: () => void = () => {};
  #reading = false;
  /** The end of the pause after a failed read: checks that are added meanwhile wait for it, too. */
  #notBefore = Number.NEGATIVE_INFINITY;

  constructor(ports: StartCheckPorts, signal: AbortSignal) {
    this.#ports = ports;
    this.#signal = signal;
    this.#pacer = new Pacer(retryBackoff, ports.clock, ports.random);
    onAbort(signal, () => this.#cancelTimer());
  }

  add(watcher: WatcherKey, spec: WatchSpec, startRevision: Revision): void {
    this.#checks.add({ watcher, spec, startRevision, dueAt: this.#ports.clock.now() + conclusiveAfterMs });
    this.#schedule();
  }

  /** The watcher is over. */
  remove(watcher: WatcherKey): void {
    for (const check of this.#checks) if (check.watcher === watcher) this.#checks.delete(check);
    if (this.#checks.size === 0) this.#cancelTimer();
  }

  #schedule(): void {
    this.#cancelTimer();
    if (this.#reading || this.#checks.size === 0 || this.#signal.aborted) return;
    const now = this.#ports.clock.now();
    let first = Number.POSITIVE_INFINITY;
    for (const { dueAt } of this.#checks) first = Math.min(first, dueAt);
    this.#cancelTimer = this.#ports.clock.setTimer(Math.max(0, first - now, this.#notBefore - now), () => {
      this.#reading = true;
      void this.#read().then(() => {
        this.#reading = false;
        this.#schedule();
      });
    });
  }

  /** One read for all that are due. */
  async #read(): Promise<void> {
    const now = this.#ports.clock.now();
    const due = [...this.#checks].filter(({ dueAt }) => dueAt <= now);
    const lowest = due.reduce<Check | undefined>(
      (low, check) => (low && low.startRevision <= check.startRevision ? low : check),
      undefined,
    );
    if (!lowest) return;
    try {
      await this.#ports.readAt(lowest.spec, lowest.startRevision - 1n, this.#signal);
      for (const check of due) this.#checks.delete(check);
    } catch (error) {
      this.#onReadFailed(lowest, error);
    }
  }

  #onReadFailed(check: Check, error: unknown): void {
    if (error instanceof EtcdError && error.verdict !== 'final') {
      this.#notBefore = this.#ports.clock.now() + this.#pacer.nextDelayMs();
      return;
    }
    // Above the store's revision there is no history to lose; what cannot be read for good cannot be checked.
    const isLost = error instanceof CompactedError && this.#checks.has(check);
    this.#checks.delete(check);
    if (isLost) this.#ports.compacted(check.watcher, check.startRevision);
  }
}
