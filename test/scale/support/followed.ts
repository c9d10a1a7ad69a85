import type { ServiceDirectory, ServiceView } from '@org/etcd-naming';
import { nowMs } from '../../chaos/naming/clock.js';
import { linesOf } from '../check/contents.js';

/** When a view of a service arrived. */
export interface Arrival {
  readonly revision: bigint;
  /** By the machine's clock, which all processes share. */
  readonly atMs: number;
}

/** A service that a directory follows: its last view, and when which revision was shown. */
export class Followed {
  readonly target: string;
  readonly arrivals: Arrival[] = [];
  /** The first view that was older than the one before it. */
  violation: string | undefined;
  /** The most endpoints that loss protection kept in a view. */
  unconfirmed = 0;
  #view: ServiceView | undefined;

  /** @param onView called after each view. */
  constructor(directory: ServiceDirectory, target: string, onView = () => {}) {
    this.target = target;
    directory.follow(target, {
      onView: (view) => {
        this.#show(view);
        onView();
      },
      onFailure: () => {},
    });
  }

  get size(): number {
    return this.#view?.endpoints.length ?? 0;
  }

  get lines(): string[] {
    return linesOf(this.#view?.endpoints ?? []);
  }

  /** When the first view with the revision, or a later one, arrived. */
  arrivalOf(revision: bigint): Arrival | undefined {
    return this.arrivals.find((arrival) => arrival.revision >= revision);
  }

  #show(view: ServiceView): void {
    const { revision } = view;
    const before = this.#view?.revision ?? 0n;
    if (revision < before) this.violation ??= `${this.target}: revision ${revision} after ${before}`;
    this.#view = view;
    this.unconfirmed = Math.max(this.unconfirmed, view.unconfirmed.size);
    this.arrivals.push({ revision, atMs: nowMs() });
  }
}
