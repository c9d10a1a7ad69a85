import assert from 'node:assert/strict';
import { createCatalog, type RunningCatalog } from '#src/cli/ui/catalog/index.js';
import type { EndpointRow, Queue, StatusMessage, TimelineEvent } from '#src/cli/ui/protocol/index.js';
import { EtcdClient, type EtcdClientOptions } from '#src/index.js';
import { eventually } from '../../../support/eventually.js';

/** Longer than any delay of a retry, also on a busy machine. */
const timeoutMs = 30_000;

/** A catalog with a client of its own, and a copy of its rows and queues that is kept by its deltas alone. */
export class ObservedCatalog implements AsyncDisposable {
  readonly client: EtcdClient;
  readonly catalog: RunningCatalog;
  readonly rows = new Map<string, EndpointRow>();
  readonly queues = new Map<string, Queue>();
  readonly states: StatusMessage['etcd'][] = [];

  private constructor(options: EtcdClientOptions, prefix: string) {
    this.client = new EtcdClient(options);
    this.catalog = createCatalog(this.client, { prefix });
    this.catalog.listen({
      onDelta: ({ puts, removed, queues, removedQueues }) => {
        for (const row of puts) this.rows.set(row.key, row);
        for (const key of removed) this.rows.delete(key);
        for (const queue of queues) this.queues.set(queue.name, queue);
        for (const name of removedQueues) this.queues.delete(name);
      },
      onReplaced: () => this.#copy(),
      onStatus: () => this.states.push(this.catalog.status().etcd),
    });
  }

  /** Starts one, and waits until it is live, and confirmed to be. */
  static async live(options: EtcdClientOptions, prefix = ''): Promise<ObservedCatalog> {
    const observed = ObservedCatalog.start(options, prefix);
    await observed.is('live');
    const isConfirmed = () => observed.catalog.status().confirmedMsAgo !== undefined;
    await eventually('the first confirmation', isConfirmed, timeoutMs);
    return observed;
  }

  static start(options: EtcdClientOptions, prefix = ''): ObservedCatalog {
    return new ObservedCatalog(options, prefix);
  }

  async is(state: StatusMessage['etcd']): Promise<void> {
    await eventually(`the catalog is ${state}`, () => this.catalog.status().etcd === state, timeoutMs);
  }

  /** Waits until the timeline has an event of the type for the key, with a reason if it is a departure. */
  async event(type: TimelineEvent['type'], key?: string): Promise<TimelineEvent> {
    const isWanted = (what: TimelineEvent) =>
      what.type === type &&
      (key === undefined || ('key' in what && what.key === key)) &&
      (what.type !== 'left' || what.reason !== undefined);
    return eventually(`${type} ${key ?? ''}`, () => this.events.find(isWanted), timeoutMs);
  }

  async left(key: string): Promise<string | undefined> {
    const event = await this.event('left', key);
    assert.ok(event.type === 'left');
    return event.reason;
  }

  /** The events, in order. */
  get events(): readonly TimelineEvent[] {
    return this.catalog
      .timeline({ limit: 500 })
      .entries.map(({ what }) => what)
      .reverse();
  }

  /** The types of the events of a key. */
  typesOf(key: string): readonly string[] {
    return this.events.flatMap((what) => ('key' in what && what.key === key ? what.type : []));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.catalog.close();
    await this.client.close();
    this.#checkCopy();
  }

  #copy(): void {
    const snapshot = this.catalog.snapshot();
    this.rows.clear();
    this.queues.clear();
    for (const row of snapshot?.rows ?? []) this.rows.set(row.key, row);
    for (const queue of snapshot?.queues ?? []) this.queues.set(queue.name, queue);
  }

  #checkCopy(): void {
    const snapshot = this.catalog.snapshot();
    const byKey = new Map([...(snapshot?.rows ?? [])].map((row) => [row.key, row]));
    assert.deepEqual(new Map([...this.rows].sort()), new Map([...byKey].sort()));
    const byName = new Map([...(snapshot?.queues ?? [])].map((queue) => [queue.name, queue]));
    assert.deepEqual(new Map([...this.queues].sort()), new Map([...byName].sort()));
  }
}
