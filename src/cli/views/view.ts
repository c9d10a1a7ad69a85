import type { EndpointEvent, EtcdError } from '../../index.js';
import type { Removals } from '../data/departures.js';

/** Shows outages of etcd to the user. */
export interface OutageView {
  /**
   * etcd is unreachable: what is shown may be outdated. Called once; until the recovery, the view itself shows how long
   * the outage has lasted.
   * @param forMs milliseconds since the outage began.
   */
  onOutage(forMs: number, error: EtcdError | undefined): void;
  /**
   * etcd is reachable again, and the watch missed nothing.
   * @param afterMs how long the outage lasted, in milliseconds.
   */
  onRecovery(afterMs: number): void;
}

/** Shows a watch of a target to the user. */
export interface WatchView extends OutageView {
  /** @param removals the records that left with the event, and why. Default: none are known. */
  onEvent(event: EndpointEvent, removals?: Removals): void;
  close(): void;
}
