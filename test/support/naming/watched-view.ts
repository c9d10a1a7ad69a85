import type { EndpointEvent, EndpointManager, EndpointRecord } from '#src/naming/index.js';
import { eventually } from '../eventually.js';

/** The events of EndpointManager.watch(), and the endpoints that they add up to. */
export class WatchedView {
  readonly events: EndpointEvent[] = [];
  readonly endpoints = new Map<string, EndpointRecord>();
  /** How the watch ended. */
  readonly ended: Promise<unknown>;
  readonly #leaving = new AbortController();

  constructor(manager: EndpointManager) {
    this.ended = this.#follow(manager);
  }

  get addrs(): string[] {
    return [...this.endpoints.values()].map(({ addr }) => addr).sort();
  }

  async untilEndpointsAre(...addrs: string[]): Promise<void> {
    const wanted = [...addrs].sort().join();
    await eventually(
      `the view contains [${wanted}]`,
      () => this.events.length > 0 && this.addrs.join() === wanted,
    );
  }

  async close(): Promise<void> {
    this.#leaving.abort(new Error('the view is closed'));
    await this.ended;
  }

  async #follow(manager: EndpointManager): Promise<unknown> {
    try {
      for await (const event of manager.watch({ signal: this.#leaving.signal })) this.#apply(event);
      return undefined;
    } catch (error) {
      return error;
    }
  }

  #apply(event: EndpointEvent): void {
    this.events.push(event);
    if (event.type === 'snapshot') {
      this.endpoints.clear();
      for (const [key, record] of event.endpoints) this.endpoints.set(key, record);
      return;
    }
    for (const record of [...event.added, ...event.changed]) this.endpoints.set(record.key, record);
    for (const key of event.removed) this.endpoints.delete(key);
  }
}
