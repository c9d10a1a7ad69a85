import type { EndpointEvent, EtcdError } from '../../index.js';

/** Shows a watch of a target to the user. */
export interface WatchView {
  onEvent(event: EndpointEvent): void;
  /**
   * etcd is unreachable: what is shown may be outdated. Called again while the outage lasts.
   * @param forMs milliseconds since the outage began.
   */
  onOutage(forMs: number, error: EtcdError | undefined): void;
  /**
   * etcd is reachable again, and the watch missed nothing.
   * @param afterMs how long the outage lasted, in milliseconds.
   */
  onRecovery(afterMs: number): void;
  close(): void;
}
