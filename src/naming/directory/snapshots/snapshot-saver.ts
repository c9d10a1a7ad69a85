import { type Clock, MovableTimer, ProcessRef, resolvesWithin, withTimeout } from '../../../async/index.js';
import { DeadlineError, type EtcdError, toEtcdError } from '../../../errors/index.js';
import type { DiskView } from '../views/earlier-view.js';
import type { ServiceView } from '../views/view.js';
import { decodeSnapshot, encodeSnapshot, type SnapshotStore, snapshotName } from './snapshot.js';

/** Changes within this time are saved together. */
const saveDelayMs = 1_000;
/** An unchanged view is saved again after this time, with its new age. */
const refreshIntervalMs = 60_000;
/** A store that takes longer is reported, and `whenSaved()` does not wait for it. */
const storeTimeoutMs = 5_000;

export interface SaverPorts {
  readonly clock: Clock;
  readonly target: string;
  /** Identifies the formats of the records; undefined for the default. */
  readonly formats: string | undefined;
  readonly store: SnapshotStore | undefined;
  /** The view to save now, with its age; undefined when nothing should replace the stored view. */
  readonly current: () => { readonly view: ServiceView; readonly staleMs: number } | undefined;
}

/** Keeps the snapshot of one target up to date. Runs one save at a time, of the view at the time of the request. */
export class SnapshotSaver {
  readonly #ports: SaverPorts;
  readonly #timer: MovableTimer;
  #changedSinceSave = false;
  #saving: Promise<void> | undefined;
  /** The save that follows the current one, with the view at the time of the request. */
  #next: { readonly view: ServiceView; readonly savedAt: number } | undefined;
  #error: EtcdError | undefined;

  constructor(ports: SaverPorts) {
    this.#ports = ports;
    this.#timer = new MovableTimer(ports.clock, () => this.#onTimer());
  }

  /** Why the snapshot could not be loaded, or why the last save failed. */
  get error(): EtcdError | undefined {
    return this.#error;
  }

  /** The stored view; undefined when there is none, when it is damaged, and when it cannot be read. */
  async load(): Promise<DiskView | undefined> {
    const { store, target, formats, clock } = this.#ports;
    try {
      const bytes =
        store &&
        (await withTimeout(
          store.load(snapshotName(target, formats)),
          storeTimeoutMs,
          () => this.#timeoutError('read'),
          { clock },
        ));
      return bytes && decodeSnapshot(target, bytes);
    } catch (error) {
      this.#error = toEtcdError(error);
      return undefined;
    }
  }

  /** Schedules one save for this change and those before the save. */
  scheduleSave(): void {
    if (!this.#ports.store || this.#changedSinceSave) return;
    this.#changedSinceSave = true;
    this.#timer.setIn(saveDelayMs);
  }

  /** Saves a last time. */
  stop(): void {
    this.#timer.cancel();
    this.#save();
  }

  /** Resolves when all saves have ended, after 5 s at the latest. */
  async whenSaved(): Promise<void> {
    const saving = this.#saving;
    if (!saving) return;
    const processRef = new ProcessRef(); // nothing else keeps the process alive while a store hangs
    processRef.keepProcessAlive();
    await resolvesWithin(saving, storeTimeoutMs, this.#ports.clock);
    processRef.close();
  }

  #onTimer(): void {
    this.#changedSinceSave = false;
    this.#save();
    this.#timer.setIn(refreshIntervalMs);
  }

  #save(): void {
    const current = this.#ports.store && this.#ports.current();
    if (!current) return;
    this.#next = { view: current.view, savedAt: Date.now() - current.staleMs };
    this.#saving ??= this.#saveAll().finally(() => {
      this.#saving = undefined;
    });
  }

  /** Saves one view after the other, so that no save overtakes a later one. While a store hangs, one view waits. */
  async #saveAll(): Promise<void> {
    const { store, target, formats, clock } = this.#ports;
    for (let next = this.#next; next; next = this.#next) {
      this.#next = undefined;
      const cancel = clock.setTimer(storeTimeoutMs, () => {
        this.#error = this.#timeoutError('saved');
      });
      try {
        // Inside the try block, because encoding a record may throw.
        await store?.save(snapshotName(target, formats), encodeSnapshot(next.view, next.savedAt));
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
