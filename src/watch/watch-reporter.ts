import { type ClientDiagnostics, rangeText, type WatcherIdentity, watchTopic } from '../diagnostics/index.js';
import { CompactedError, type EtcdError } from '../errors/index.js';
import type { WireRange } from '../model/index.js';
import type { BufferUsage } from './buffer-usage.js';
import type { SlotKey, StreamStatus, WatchEffect, WatcherKey } from './core/index.js';

/** What the reporter needs to know about the watchers of a driver. */
export interface ReportedWatchers<W> {
  /** Makes the number of a slot or a watcher of the driver unique within the client. */
  readonly clientWide: (number: number) => number;
  rangeOf(watcher: W): WireRange;
  /** For how long the watcher has not been live, in milliseconds. */
  downMs(watcher: W): number;
}

/** Counts what happens to the streams and watchers of a driver, and publishes it for those who want it. */
export class WatchReporter<W> {
  readonly #diagnostics: ClientDiagnostics;
  readonly #watchers: ReportedWatchers<W>;

  constructor(diagnostics: ClientDiagnostics, watchers: ReportedWatchers<W>) {
    this.#diagnostics = diagnostics;
    this.#watchers = watchers;
  }

  streamOpened(slot: SlotKey, member: { readonly endpoint: string }): void {
    if (!this.#diagnostics.wants(watchTopic)) return;
    const stream = this.#watchers.clientWide(slot);
    const { endpoint } = member;
    this.#diagnostics.publish(watchTopic, { type: 'stream-opened', stream, endpoint });
  }

  onStatus(status: StreamStatus): void {
    if (!this.#diagnostics.wants(watchTopic)) return;
    const stream = this.#watchers.clientWide(status.slot);
    if (status.type === 'disconnected') {
      const { attempt, delayMs, error } = status;
      this.#diagnostics.publish(watchTopic, { type: 'stream-lost', stream, attempt, delayMs, error });
    } else if (status.type === 'duplicates-dropped') {
      this.#diagnostics.publish(watchTopic, { type: status.type, stream, events: status.events });
    }
  }

  opened(watcher: W, { watcher: key, nextRevision }: WatchEffect & { readonly type: 'ready' }): void {
    if (!this.#diagnostics.wants(watchTopic)) return;
    const identity = this.#identify(key, watcher);
    this.#diagnostics.publish(watchTopic, { type: 'opened', fromRevision: nextRevision, ...identity });
  }

  /** Call it before the watcher itself counts as live again. */
  resumed(
    watcher: W,
    { watcher: key, cause, fromRevision }: WatchEffect & { readonly type: 'resumed' },
  ): void {
    this.#diagnostics.counters.resumes[cause]++;
    if (!this.#diagnostics.wants(watchTopic)) return;
    const identity = this.#identify(key, watcher);
    const downMs = this.#watchers.downMs(watcher);
    this.#diagnostics.publish(watchTopic, { type: 'resumed', cause, fromRevision, downMs, ...identity });
  }

  caughtUp(watcher: W, { watcher: key, revision }: WatchEffect & { readonly type: 'caught-up' }): void {
    if (!this.#diagnostics.wants(watchTopic)) return;
    const identity = this.#identify(key, watcher);
    this.#diagnostics.publish(watchTopic, { type: 'caught-up', revision, ...identity });
  }

  paused(watcher: W, key: WatcherKey, { events, bytes }: BufferUsage): void {
    if (!this.#diagnostics.wants(watchTopic)) return;
    const identity = this.#identify(key, watcher);
    this.#diagnostics.publish(watchTopic, {
      type: 'paused',
      bufferedEvents: events,
      bufferedBytes: bytes,
      ...identity,
    });
  }

  /** `error`: undefined if its reader or the client ended it. */
  ended(watcher: W, key: WatcherKey, error: EtcdError | undefined): void {
    const isCompacted = error instanceof CompactedError;
    if (isCompacted) this.#diagnostics.counters.compactions++;
    if (!this.#diagnostics.wants(watchTopic)) return;
    const identity = this.#identify(key, watcher);
    if (isCompacted) this.#diagnostics.publish(watchTopic, { type: 'compacted', error, ...identity });
    this.#diagnostics.publish(watchTopic, { type: 'ended', error, ...identity });
  }

  #identify(key: WatcherKey, watcher: W): WatcherIdentity {
    return { watcher: this.#watchers.clientWide(key), ...rangeText(this.#watchers.rangeOf(watcher)) };
  }
}
