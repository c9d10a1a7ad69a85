import type { Clock } from '../../../async/index.js';
import type { EtcdError } from '../../../errors/index.js';
import type { MirrorStatus } from '../../../mirror/index.js';
import { withJson } from '../../../model/index.js';
import type { EarlierView, MemoryView } from './earlier-view.js';
import { isSameView, type ServiceStatus, type ServiceView, statusOf } from './view.js';

/** The view of one service, its source and its age. */
export class ViewState {
  readonly #clock: Clock;
  /** The status of the current mirror; undefined before the first mirror. */
  readonly #mirror: () => MirrorStatus | undefined;
  #view: ServiceView | undefined;
  #failure: EtcdError | undefined;
  /** When a view from disk was last known to be current, on the wall clock: another process saved it. */
  #savedAt: number | undefined;
  /** When the view was last known to be current, set when a mirror ends: the next mirror does not know that time. */
  #staleSince: number | undefined;

  constructor(clock: Clock, mirror: () => MirrorStatus | undefined) {
    this.#clock = clock;
    this.#mirror = mirror;
  }

  get view(): ServiceView | undefined {
    return this.#view;
  }

  /** The last failure; undefined after an update. */
  get failure(): EtcdError | undefined {
    return this.#failure;
  }

  set failure(error: EtcdError | undefined) {
    this.#failure = error;
  }

  get isFromDisk(): boolean {
    return this.#savedAt !== undefined;
  }

  /** The time for which the view may have been out of date, in milliseconds. */
  get staleMs(): number {
    if (!this.#view || this.#isLive) return 0;
    if (this.#savedAt !== undefined) return Math.max(0, Date.now() - this.#savedAt); // the saver's clock may be ahead
    if (this.#staleSince !== undefined) return this.#clock.now() - this.#staleSince;
    return this.#mirror()?.forMs ?? 0;
  }

  /** Shows a view of the current mirror. Returns whether it differs from the last view; a new listing may not. */
  show(view: ServiceView): boolean {
    const before = this.#view;
    this.#view = view;
    this.#failure = undefined;
    this.#savedAt = undefined;
    this.#staleSince = undefined;
    return !before || !isSameView(before, view);
  }

  /** Shows an earlier view while etcd does not answer. */
  showEarlier(earlier: EarlierView): void {
    this.#view = earlier.view;
    if (earlier.source === 'disk') this.#savedAt = earlier.savedAt;
    else this.#staleSince = earlier.knownAt;
  }

  /** The view to remember when the service is no longer followed; undefined for a view from disk. */
  toMemory(): MemoryView | undefined {
    if (!this.#view || this.isFromDisk) return undefined;
    return { source: 'memory', view: this.#view, knownAt: this.#clock.now() - this.staleMs };
  }

  /** Replaces the unconfirmed endpoints of the view. Returns whether the view changed. */
  setUnconfirmed(endpoints: ServiceView['endpoints'], unconfirmed: ServiceView['unconfirmed']): boolean {
    const before = this.#view;
    if (!before) return false;
    this.#view = withJson({ ...before, endpoints, unconfirmed });
    return !isSameView(before, this.#view);
  }

  /** The mirror ended, and another will replace it: keeps the time since which the view may be out of date. */
  onMirrorEnd(): void {
    if (!this.#view || this.isFromDisk) return;
    const status = this.#mirror();
    // A mirror that was fresh until its end leaves a view of age 0.
    const forMs = !status || status.fresh ? 0 : status.forMs;
    this.#staleSince ??= this.#clock.now() - forMs;
  }

  /** Ends the service permanently with the error. */
  end(error: EtcdError): void {
    this.#view = undefined;
    this.#failure = error;
  }

  status(snapshotError: EtcdError | undefined): ServiceStatus {
    const view = this.#view;
    const isLive = this.#isLive;
    const source = !view ? 'none' : isLive ? 'live' : this.isFromDisk ? 'disk' : 'memory';
    const lastError = isLive ? undefined : this.#failure;
    return withJson({ ...statusOf(view, source, this.staleMs), lastError, snapshotError });
  }

  get #isLive(): boolean {
    const { fresh } = this.#mirror() ?? { fresh: false };
    return fresh && this.#view !== undefined && !this.isFromDisk && this.#staleSince === undefined;
  }
}
