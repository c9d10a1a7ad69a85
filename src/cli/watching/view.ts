import type { EndpointEvent, EtcdError } from '../../index.js';

/** Shows what a watch of a target tells. */
export interface WatchView {
  event(event: EndpointEvent): void;
  /** etcd cannot be reached, for so long already; what was shown is what was last known. */
  outage(forMs: number, error: EtcdError | undefined): void;
  /** It can be again, after so long, and nothing was missed. */
  recovered(afterMs: number): void;
  end(): void;
}
