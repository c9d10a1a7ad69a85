import { type Clock, restarting } from '../../async/index.js';
import { ClosedError, type EtcdError, toEtcdError } from '../../errors/index.js';
import type { MirrorStatus } from '../../mirror/index.js';
import type { Revision } from '../../model/index.js';
import { EndpointSet } from '../endpoint-set.js';
import type { NamingClient } from '../ports.js';
import { isDirect, keyPrefix } from '../target.js';
import { Hold, type HoldOptions } from './hold.js';
import { readSnapshot, type SnapshotStore, writeSnapshot } from './snapshot.js';
import { type ServiceStatus, type ServiceSubscriber, type ServiceView, showsSame } from './view.js';

/** How long a mirror outlives its last subscriber: a channel that was idle, or is replaced, finds it still there. */
const lingerMs = 5_000;
const restart = { baseMs: 500, maxMs: 10_000 };
/** How long etcd has to answer before the snapshot of an earlier process is shown. */
const diskAfterMs = 1_000;
/** Changes are saved together, this long after the first of them. */
const saveAfterMs = 1_000;
/** What has not changed is saved again after so long, with its new age. */
const saveAgainMs = 60_000;

export interface ServiceOptions {
  readonly hold: Required<HoldOptions>;
  readonly snapshots: SnapshotStore | undefined;
  readonly direct: boolean;
}

interface Reader {
  readonly subscriber: ServiceSubscriber;
  /** Whether it was told anything yet. */
  told: boolean;
}

/** One target, followed for as long as somebody asks for it. */
export class Service {
  readonly #client: NamingClient;
  readonly #target: string;
  readonly #clock: Clock;
  readonly #options: ServiceOptions;
  readonly #onIdle: () => void;
  readonly #stopping = new AbortController();
  readonly #readers = new Set<Reader>();
  readonly #hold: Hold;
  #mirrorStatus: (() => MirrorStatus) | undefined;
  /** When the mirror that showed the view ended: the one after it knows nothing of that age. */
  #staleSince: number | undefined;
  #view: ServiceView | undefined;
  #fromDisk = false;
  /** When the view was last known to be the store's: wall-clock for one from disk, which another process saw. */
  #savedAt = 0;
  #trouble: EtcdError | undefined;
  #snapshotError: EtcdError | undefined;
  #cancelLinger: (() => void) | undefined;
  #cancelHold: (() => void) | undefined;
  #cancelDisk: (() => void) | undefined;
  #cancelSave: (() => void) | undefined;
  #changedSinceSave = false;
  #saving: Promise<void> = Promise.resolve();

  constructor(
    client: NamingClient,
    target: string,
    clock: Clock,
    options: ServiceOptions,
    onIdle: () => void,
  ) {
    this.#client = client;
    this.#target = target;
    this.#clock = clock;
    this.#options = options;
    this.#hold = new Hold(options.hold);
    this.#onIdle = onIdle;
    if (options.snapshots) this.#cancelDisk = clock.setTimer(diskAfterMs, () => void this.#fromSnapshot());
    void this.#run();
  }

  get view(): ServiceView | undefined {
    return this.#view;
  }

  status(): ServiceStatus {
    const view = this.#view;
    const mirror = this.#mirrorStatus?.();
    const live = mirror?.fresh === true && !this.#fromDisk && this.#staleSince === undefined;
    return {
      state: !view ? 'unknown' : view.endpoints.length === 0 ? 'empty' : 'known',
      source: !view ? 'none' : live ? 'live' : this.#fromDisk ? 'disk' : 'memory',
      staleMs: live || !view ? 0 : this.#ageMs(mirror),
      revision: view?.revision ?? 0n,
      endpoints: view?.endpoints.length ?? 0,
      held: view?.held.size ?? 0,
      invalid: view?.invalid.size ?? 0,
      lastError: live ? undefined : this.#trouble,
      snapshotError: this.#snapshotError,
    };
  }

  #ageMs(mirror: MirrorStatus | undefined): number {
    // Another process's wall clock, which may be ahead of ours.
    if (this.#fromDisk) return Math.max(0, Date.now() - this.#savedAt);
    if (this.#staleSince !== undefined) return this.#clock.now() - this.#staleSince;
    return mirror?.forMs ?? 0;
  }

  subscribe(subscriber: ServiceSubscriber): () => void {
    this.#cancelLinger?.();
    this.#cancelLinger = undefined;
    const reader = { subscriber, told: false }; // a new one for each time: the same object may be given twice
    this.#readers.add(reader);
    setImmediate(() => {
      if (reader.told || !this.#readers.has(reader)) return;
      reader.told = true;
      const { view, trouble } = { view: this.#view, trouble: this.#trouble };
      if (view) this.#tell(() => subscriber.view(view));
      else if (trouble) this.#tell(() => subscriber.trouble(trouble));
    });
    return () => this.#unsubscribe(reader);
  }

  /** Ends for good: whoever subscribes from now on is told why. Resolves when what is known is saved. */
  stop(error: EtcdError): Promise<void> {
    if (this.#stopping.signal.aborted) return this.#saving;
    this.#cancelTimers();
    this.#save();
    this.#view = undefined;
    this.#trouble = error;
    this.#stopping.abort(error);
    // Last, since a reader may do anything now, such as leave.
    this.#tellAll((subscriber) => subscriber.trouble(error));
    return this.#saving;
  }

  #unsubscribe(reader: Reader): void {
    if (!this.#readers.delete(reader) || this.#readers.size > 0) return;
    if (this.#stopping.signal.aborted) return;
    this.#cancelLinger = this.#clock.setTimer(lingerMs, () => {
      this.#cancelTimers();
      this.#save();
      this.#stopping.abort(new ClosedError('the service'));
      this.#onIdle();
    });
  }

  #cancelTimers(): void {
    for (const cancel of [this.#cancelLinger, this.#cancelHold, this.#cancelDisk, this.#cancelSave])
      cancel?.();
  }

  #run(): Promise<void> {
    const { signal } = this.#stopping;
    // What ended the mirror, such as a missing permission, may be mended while this process lives.
    return restarting(
      this.#clock,
      signal,
      restart,
      async () => {
        if (this.#client.closed) void this.stop(new ClosedError('the etcd client'));
        else await this.#follow(signal);
      },
      (error) => this.#setTrouble(toEtcdError(error)),
    );
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { direct } = this.#options;
    const set = new EndpointSet(direct ? (key) => isDirect(this.#target, key) : undefined);
    const mirror = this.#client.mirror(
      { prefix: keyPrefix(this.#target) },
      { signal, onTrouble: (error) => this.#setTrouble(error) },
    );
    this.#mirrorStatus = () => mirror.status();
    let isBack = this.#view !== undefined;
    try {
      for await (const update of mirror) {
        if (signal.aborted) return;
        isBack ||= update.type === 'snapshot' && update.reason !== 'initial';
        set.apply(update);
        const live = update.type === 'delta' && !this.#hasJustReconnected(mirror.status(), isBack);
        this.#hold.update(set.records, live, this.#clock.now());
        this.#fromDisk = false;
        this.#staleSince = undefined;
        this.#show(update.revision, set.invalid);
      }
    } finally {
      if (this.#view && !this.#fromDisk) this.#staleSince ??= this.#clock.now() - staleFor(mirror.status());
    }
  }

  /** What comes in the first moments after a reconnect, or a list read anew, was not seen as it happened. */
  #hasJustReconnected({ reconnects, forMs }: MirrorStatus, isBack: boolean): boolean {
    return (isBack || reconnects > 0) && forMs < this.#options.hold.holdMs;
  }

  #show(revision: Revision, invalid: ReadonlySet<string>): void {
    this.#cancelHold?.();
    this.#cancelHold = undefined;
    const { nextEnd } = this.#hold;
    if (nextEnd !== undefined) {
      this.#cancelHold = this.#clock.setTimer(nextEnd - this.#clock.now(), () => {
        this.#hold.expire(this.#clock.now());
        this.#show(revision, invalid);
      });
    }
    const endpoints = this.#hold.shown();
    this.#setView({ target: this.#target, endpoints, revision, invalid, held: this.#hold.held });
    this.#saveSoon();
  }

  #setView(view: ServiceView): void {
    this.#cancelDisk?.();
    const before = this.#view;
    this.#view = view;
    this.#trouble = undefined;
    // A list read anew, or a bad value in place of another, may show nothing new.
    if (before && showsSame(before, view)) return;
    this.#tellAll((subscriber) => subscriber.view(view));
  }

  #setTrouble(error: EtcdError): void {
    if (this.#stopping.signal.aborted) return; // how it ended stays what later subscribers are told
    this.#trouble = error;
    if (this.#view) return;
    this.#tellAll((subscriber) => subscriber.trouble(error));
  }

  #tellAll(callback: (subscriber: ServiceSubscriber) => void): void {
    for (const reader of [...this.#readers]) {
      reader.told = true;
      this.#tell(() => callback(reader.subscriber));
    }
  }

  /** What a subscriber throws is its own affair, and must not end the mirror of all others. */
  #tell(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.#trouble = toEtcdError(error);
    }
  }

  /** etcd has not answered in time: what an earlier process knew is better than nothing. */
  async #fromSnapshot(): Promise<void> {
    const bytes = await this.#load();
    if (this.#view || this.#stopping.signal.aborted || !bytes) return;
    const snapshot = readSnapshot(this.#target, bytes);
    if (!snapshot) return;
    this.#fromDisk = true;
    this.#savedAt = snapshot.savedAt;
    const { endpoints } = snapshot.view;
    this.#hold.update(new Map(endpoints.map((record) => [record.key, record])), true, this.#clock.now());
    const trouble = this.#trouble;
    this.#setView(snapshot.view);
    this.#trouble = trouble;
  }

  async #load(): Promise<Uint8Array | undefined> {
    try {
      return await this.#options.snapshots?.load(this.#target);
    } catch (error) {
      this.#snapshotError = toEtcdError(error);
      return undefined;
    }
  }

  /** Once for all changes that come before it is done. */
  #saveSoon(): void {
    if (!this.#options.snapshots || this.#changedSinceSave) return;
    this.#changedSinceSave = true;
    this.#saveIn(saveAfterMs);
  }

  #saveIn(ms: number): void {
    this.#cancelSave?.();
    this.#cancelSave = this.#clock.setTimer(ms, () => {
      this.#changedSinceSave = false;
      this.#save();
      this.#saveIn(saveAgainMs);
    });
  }

  /** An empty service, or one in doubt, does not take the place of what was known; nor does what is itself from disk. */
  #save(): void {
    const { snapshots } = this.#options;
    const view = this.#view;
    if (!snapshots || this.#fromDisk || !view || view.endpoints.length === 0 || view.held.size > 0) return;
    const savedAt = Date.now() - this.status().staleMs;
    // One after the other: a later one must not be overtaken. In there, too, what a record may make of writing it.
    this.#saving = this.#saving
      .then(() => snapshots.save(this.#target, writeSnapshot(view, savedAt)))
      .then(
        () => {
          this.#snapshotError = undefined;
        },
        (error) => {
          this.#snapshotError = toEtcdError(error);
        },
      );
  }
}

/** Nothing while it was fresh to the end. */
function staleFor({ fresh, forMs }: MirrorStatus): number {
  return fresh ? 0 : forMs;
}
