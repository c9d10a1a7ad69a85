import type { Clock } from '../../async/index.js';
import type { EtcdError } from '../../errors/index.js';
import type { MirrorStatus } from '../../mirror/index.js';
import { withJson } from '../../model/index.js';
import type { EarlierView, MemoryView } from './earlier-view.js';
import { isSameView, type ServiceStatus, type ServiceView, statusOf } from './view.js';

/** What is known of one service, where it comes from, and how old it is. */
export class ViewState {
  readonly #clock: Clock;
  /** Of the mirror that is followed; undefined before the first. */
  readonly #mirror: () => MirrorStatus | undefined;
  #view: ServiceView | undefined;
  #failure: EtcdError | undefined;
  /** When a view from disk was last known to be the store's, on the wall clock: another process saw it. */
  #savedAt: number | undefined;
  /** Until when a mirror that ended knew the view to be the store's: the one after it knows nothing of that age. */
  #staleSince: number | undefined;

  constructor(clock: Clock, mirror: () => MirrorStatus | undefined) {
    this.#clock = clock;
    this.#mirror = mirror;
  }

  get view(): ServiceView | undefined {
    return this.#view;
  }

  /** What last stood in the way. */
  get failure(): EtcdError | undefined {
    return this.#failure;
  }

  set failure(error: EtcdError) {
    this.#failure = error;
  }

  get isFromDisk(): boolean {
    return this.#savedAt !== undefined;
  }

  /** For how long the view may have been out of date, in milliseconds. */
  get staleMs(): number {
    if (!this.#view || this.#isLive) return 0;
    if (this.#savedAt !== undefined) return Math.max(0, Date.now() - this.#savedAt); // that clock may be ahead of ours
    if (this.#staleSince !== undefined) return this.#clock.now() - this.#staleSince;
    return this.#mirror()?.forMs ?? 0;
  }

  /** A view of the mirror, which is followed. Returns whether it shows anything new: a list read again may not. */
  show(view: ServiceView): boolean {
    const before = this.#view;
    this.#view = view;
    this.#failure = undefined;
    this.#savedAt = undefined;
    this.#staleSince = undefined;
    return !before || !isSameView(before, view);
  }

  /** What was known earlier, while etcd does not answer. */
  showEarlier(earlier: EarlierView): void {
    this.#view = earlier.view;
    if (earlier.source === 'disk') this.#savedAt = earlier.savedAt;
    else this.#staleSince = earlier.knownAt;
  }

  /** What is to be remembered when the service is followed no longer; undefined for what is from disk. */
  toMemory(): MemoryView | undefined {
    if (!this.#view || this.isFromDisk) return undefined;
    return { source: 'memory', view: this.#view, knownAt: this.#clock.now() - this.staleMs };
  }

  /** Other endpoints are held than before, and nothing else is known. Returns whether that shows anything new. */
  setUnconfirmed(endpoints: ServiceView['endpoints'], unconfirmed: ServiceView['unconfirmed']): boolean {
    const before = this.#view;
    if (!before) return false;
    this.#view = withJson({ ...before, endpoints, unconfirmed });
    return !isSameView(before, this.#view);
  }

  /** The mirror ended; another one follows. */
  onMirrorEnd(): void {
    if (!this.#view || this.isFromDisk) return;
    const status = this.#mirror();
    // Nothing while it was fresh to the end.
    const forMs = !status || status.fresh ? 0 : status.forMs;
    this.#staleSince ??= this.#clock.now() - forMs;
  }

  /** For good. */
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
