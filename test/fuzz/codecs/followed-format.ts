import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import {
  type EndpointEvent,
  EndpointManager,
  type EndpointRecord,
  ServiceDirectory,
  type ServiceView,
} from '#src/naming/index.js';
import { sameJson } from '#src/naming/json/same-json.js';
import type { Random } from '../../sim/random.js';
import { eventually } from '../../support/eventually.js';
import { type FormatUnderTest, formats, idOf, noProtection } from './formats.js';
import { valueFor } from './values.js';

/** Few keys, so that values replace each other. */
const keys = 20;

/**
 * A service in an etcd that is listed, watched and followed while any client stores any values beside a valid record. The
 * record must be in every view, and in the end of each round all views must be equal.
 */
export class FollowedFormat {
  readonly failures: string[] = [];
  readonly format: FormatUnderTest;
  readonly #client: EtcdClient;
  readonly #manager: EndpointManager;
  readonly #directory: ServiceDirectory;
  readonly #prefix: string;
  readonly #watched = new Map<string, EndpointRecord>();
  readonly #leaving = new AbortController();
  #view: ServiceView | undefined;
  #watching: Promise<void> | undefined;
  #unfollow = () => {};
  #rounds = 0;

  private constructor(client: EtcdClient, format: FormatUnderTest) {
    const { codec, service } = format;
    this.format = format;
    this.#client = client;
    this.#prefix = codec.keyPrefix(service);
    this.#manager = new EndpointManager(client, service, { codec });
    this.#directory = new ServiceDirectory(client, { codec, lossProtection: noProtection });
  }

  /** Stores the valid record, and follows the service. */
  static async start(client: EtcdClient, format: FormatUnderTest): Promise<FollowedFormat> {
    const followed = new FollowedFormat(client, format);
    await followed.#manager.addEndpoint(followed.#goodKey, format.good);
    followed.#watching = followed.#watch();
    followed.#unfollow = followed.#directory.follow(format.service, {
      onView: (view) => followed.#onView(view),
      onFailure: (error) => followed.failures.push(`${format.codec.name}: ${error}`),
    });
    return followed;
  }

  /** Stores and deletes values, then compares all views. Returns the address of a record that is stored last. */
  async round(random: Random, values: number): Promise<string> {
    const stored: Buffer[] = [];
    for (let i = 0; i < values; i++) {
      const key = `${this.#prefix}~${random.between(1, keys)}`;
      const value = random.chance(0.2) ? undefined : valueFor(this.format, random);
      if (value) stored.push(value);
      await (value ? this.#client.kv.put(key, value) : this.#client.kv.delete(key));
    }
    const marker = `10.1.${formats.indexOf(this.format)}.1:${1 + (this.#rounds++ % 60_000)}`;
    await this.#manager.addEndpoint(`${this.#prefix}marker`, { addr: marker });
    try {
      await this.#compare(marker);
    } catch (error) {
      const shown = stored.map((value) => JSON.stringify(value.toString('latin1').slice(0, 300)));
      this.failures.push(
        `${this.format.codec.name}: ${(error as Error).message}: ${shown.join(' ').slice(0, 3_000)}`,
      );
    }
    return marker;
  }

  async list(): Promise<readonly EndpointRecord[]> {
    return [...(await this.#manager.list()).values()];
  }

  async close(): Promise<void> {
    this.#leaving.abort(new Error('the watch is left'));
    await this.#watching;
    this.#unfollow();
    await this.#directory.close();
    await this.#client.kv.delete({ prefix: this.#prefix });
  }

  async #compare(marker: string): Promise<void> {
    const listed = await this.list();
    this.#expectGood('list()', listed);
    const has = (records: Iterable<EndpointRecord>) => [...records].some(({ addr }) => addr === marker);
    await eventually('watch() reports the last record', () => has(this.#watched.values()));
    await eventually('the directory has the last record', () => has(this.#view?.endpoints ?? []));
    const text = (records: Iterable<EndpointRecord>) =>
      [...records].map(({ key, addr, modRevision }) => `${key} ${addr} ${modRevision}`).sort();
    assert.deepEqual(text(this.#watched.values()), text(listed), 'watch() and list() differ');
    assert.deepEqual(text(this.#view?.endpoints ?? []), text(listed), 'the directory and list() differ');
  }

  async #watch(): Promise<void> {
    try {
      for await (const event of this.#manager.watch({ signal: this.#leaving.signal })) this.#apply(event);
    } catch (error) {
      if (!this.#leaving.signal.aborted) this.failures.push(`${this.format.codec.name}: watch(): ${error}`);
    }
  }

  #apply(event: EndpointEvent): void {
    if (event.type === 'snapshot') {
      this.#watched.clear();
      for (const [key, record] of event.endpoints) this.#watched.set(key, record);
    } else {
      for (const record of [...event.added, ...event.changed]) this.#watched.set(record.key, record);
      for (const key of event.removed) this.#watched.delete(key);
    }
    this.#expectGood('watch()', this.#watched.values());
  }

  #onView(view: ServiceView): void {
    this.#view = view;
    this.#expectGood('the directory', view.endpoints);
  }

  get #goodKey(): string {
    return this.#prefix + idOf(this.format);
  }

  #expectGood(where: string, records: Iterable<EndpointRecord>): void {
    const { good, codec } = this.format;
    const found = [...records].find(({ key }) => key === this.#goodKey);
    if (found?.addr === good.addr && sameJson(found.metadata ?? null, good.metadata ?? null)) return;
    this.failures.push(`${codec.name}: ${where} has no valid record, but ${found?.addr}`);
  }
}
