import type { Clock } from '../../../async/index.js';
import type { ServiceEvent } from '../service-mirror.js';
import type { DiskView, EarlierView, MemoryView } from './earlier-view.js';

/** How long etcd has to answer before an earlier view, from memory or disk, is shown. */
const showAfterMs = 1_000;

export interface EarlierViewsPorts {
  readonly clock: Clock;
  /** The view of the previous mirror of this target. */
  readonly remembered: MemoryView | undefined;
  /** Reads the view from disk; undefined when there is no store. */
  readonly load: (() => Promise<DiskView | undefined>) | undefined;
  /** Called once when etcd has not answered in time. */
  readonly show: (earlier: EarlierView) => void;
}

/** The views of one target from before its present mirror, until etcd answers. */
export class EarlierViews {
  readonly #ports: EarlierViewsPorts;
  #remembered: MemoryView | undefined;
  readonly #cancelTimer: () => void = () => {};
  #hasEnded = false;

  constructor(ports: EarlierViewsPorts) {
    this.#ports = ports;
    this.#remembered = ports.remembered;
    if (ports.load || ports.remembered)
      this.#cancelTimer = ports.clock.setTimer(showAfterMs, () => void this.#show());
  }

  /** The view of the previous mirror, until a newer one is known. */
  get remembered(): MemoryView | undefined {
    return this.#remembered;
  }

  /**
   * Ends the wait for an answer. Returns the view that loss protection compares this first update with: the remembered
   * one, if the answer has no endpoints, or comes from a store that is behind the view's revision and so was replaced.
   * Any other first list is trusted: servers come and go while a channel idles, and their addresses may belong to other
   * servers now.
   */
  onUpdate(
    { type, revision, oldestRevision = revision }: Pick<ServiceEvent, 'type' | 'revision' | 'oldestRevision'>,
    isEmpty: boolean,
  ): MemoryView | undefined {
    const remembered = this.#remembered;
    this.#remembered = undefined;
    this.end();
    if (!remembered || type !== 'snapshot') return undefined;
    return isEmpty || oldestRevision < remembered.view.revision ? remembered : undefined;
  }

  /** Ends the wait; no view is shown afterwards. */
  end(): void {
    this.#hasEnded = true;
    this.#cancelTimer();
  }

  async #show(): Promise<void> {
    const earlier = this.#remembered ?? (await this.#ports.load?.());
    if (earlier && !this.#hasEnded) this.#ports.show(earlier);
  }
}
