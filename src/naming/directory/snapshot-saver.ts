import { type Clock, ProcessRef, withTimeout } from '../../async/index.js';
import { DeadlineError, type EtcdError, toEtcdError } from '../../errors/index.js';
import type { DiskView } from './earlier-view.js';
import { decodeSnapshot, encodeSnapshot, type SnapshotStore } from './snapshot.js';
import type { ServiceView } from './view.js';

/** Changes are saved together, this long after the first of them. */
const saveDelayMs = 1_000;
/** What has not changed is saved again after so long, with its new age. */
const refreshIntervalMs = 60_000;
/** A store that takes longer is reported, and not waited for at the end. */
const storeTimeoutMs = 5_000;

export interface SaverPorts {
  readonly clock: Clock;
  readonly target: string;
  readonly store: SnapshotStore | undefined;
  /** What is to be saved now, and how old it is; undefined when there is nothing that should take the place of what is stored. */
  readonly current: () => { readonly view: ServiceView; readonly staleMs: number } | undefined;
}

/** Keeps the snapshot of one target up to date: one save at a time, of what is known when it begins. */
export class SnapshotSaver {
  readonly #ports: SaverPorts;
  #cancelTimer: (() => void) | undefined;
  #changedSinceSave = false;
  #saving: Promise<void> | undefined;
  /** The save that follows the one under way, with what was known when it was asked for. */
  #next: { readonly view: ServiceView; readonly savedAt: number } | undefined;
  #error: EtcdError | undefined;

  constructor(ports: SaverPorts) {
    this.#ports = ports;
  }

  /** Why the snapshot could not be read, or not be saved the last time. */
  get error(): EtcdError | undefined {
    return this.#error;
  }

  /** What was saved last; undefined for none, for one that is damaged, and for one that cannot be read. */
  async load(): Promise<DiskView | undefined> {
    const { store, target } = this.#ports;
    try {
      const bytes =
        store && (await withTimeout(store.load(target), storeTimeoutMs, () => this.#timeoutError('read')));
      return bytes && decodeSnapshot(target, bytes);
    } catch (error) {
      this.#error = toEtcdError(error);
      return undefined;
    }
  }

  /** Once for all changes that come before it is action. */
  scheduleSave(): void {
    if (!this.#ports.store || this.#changedSinceSave) return;
    this.#changedSinceSave = true;
    this.#saveAfter(saveDelayMs);
  }

  /** Saves a last time. */
  stop(): void {
    this.#cancelTimer?.();
    this.#save();
  }

  /** Resolves when everything is saved, or could not be: after 5 s at the latest. */
  async whenSaved(): Promise<void> {
    const saving = this.#saving;
    if (!saving) return;
    const process = new ProcessRef(); // a store that hangs may leave nothing else that keeps it alive
    process.keepProcessAlive();
    let cancel = () => {};
    const timedOut = new Promise<void>((resolve) => {
      cancel = this.#ports.clock.setTimer(storeTimeoutMs, resolve);
    });
    await Promise.race([saving, timedOut]);
    cancel();
    process.close();
  }

  #saveAfter(ms: number): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#ports.clock.setTimer(ms, () => {
      this.#changedSinceSave = false;
      this.#save();
      this.#saveAfter(refreshIntervalMs);
    });
  }

  #save(): void {
    const current = this.#ports.store && this.#ports.current();
    if (!current) return;
    this.#next = { view: current.view, savedAt: Date.now() - current.staleMs };
    this.#saving ??= this.#saveAll().finally(() => {
      this.#saving = undefined;
    });
  }

  /** One after the other: a later one must not be overtaken. A store that hangs collects no more than one that waits. */
  async #saveAll(): Promise<void> {
    const { store, target, clock } = this.#ports;
    for (let next = this.#next; next; next = this.#next) {
      this.#next = undefined;
      const cancel = clock.setTimer(storeTimeoutMs, () => {
        this.#error = this.#timeoutError('saved');
      });
      try {
        // In here, too, what a record may make of writing it.
        await store?.save(target, encodeSnapshot(next.view, next.savedAt));
        this.#error = undefined;
      } catch (error) {
        this.#error = toEtcdError(error);
      } finally {
        cancel();
      }
    }
  }

  #timeoutError(action: string): DeadlineError {
    return new DeadlineError(
      `the snapshot of '${this.#ports.target}' was not ${action} within ${storeTimeoutMs} ms`,
    );
  }
}
