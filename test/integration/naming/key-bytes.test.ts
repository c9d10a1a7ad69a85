import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { EtcdClient } from '#src/client/index.js';
import { EndpointManager, type EndpointRecord, ServiceDirectory } from '#src/naming/index.js';
import { useEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { Opened } from '../../support/naming/opened.js';

const value = (addr: string) => JSON.stringify({ Op: 0, Addr: addr, Metadata: null });
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** All views of a target's endpoints. */
class Views {
  readonly #client: EtcdClient;
  readonly #manager: EndpointManager;
  readonly #directory: ServiceDirectory;
  readonly #target: string;
  readonly #stop = new AbortController();
  readonly #watched = new Map<string, EndpointRecord>();
  readonly #mirror;
  readonly #tasks: Promise<unknown>[];

  constructor(client: EtcdClient, target: string) {
    this.#client = client;
    this.#target = target;
    this.#manager = new EndpointManager(client, target);
    // No loss protection, so that a view shows deletes immediately.
    this.#directory = new ServiceDirectory(client, { lossProtection: { protectionMs: 0 } });
    const { signal } = this.#stop;
    this.#mirror = client.mirror({ prefix: `${target}/` }, { signal });
    this.#tasks = [this.#watch(signal), this.#iterate(), this.#follow(signal)];
  }

  async #watch(signal: AbortSignal): Promise<void> {
    for await (const event of this.#manager.watch({ signal })) {
      if (event.type === 'snapshot') {
        this.#watched.clear();
        for (const [key, record] of event.endpoints) this.#watched.set(key, record);
      } else {
        for (const record of [...event.added, ...event.changed]) this.#watched.set(record.key, record);
        for (const key of event.removed) this.#watched.delete(key);
      }
    }
  }

  async #iterate(): Promise<void> {
    for await (const _ of this.#mirror);
  }

  async #follow(signal: AbortSignal): Promise<void> {
    for await (const _ of this.#directory.subscribe(this.#target, { signal }));
  }

  /** The content of each view, as addresses by key; in etcd's key order if the view is ordered. */
  async #shown(): Promise<Record<string, [string, string][]>> {
    const list = await this.#manager.list();
    const directory = this.#directory.get(this.#target)?.endpoints ?? [];
    const pairs = (records: Iterable<EndpointRecord>) =>
      [...records].map(({ key, addr }): [string, string] => [key, addr]);
    return {
      list: [...list].map(([key, { addr }]) => [key, addr]),
      watch: pairs(this.#watched.values()).sort(),
      directory: pairs(directory),
      mirror: [...this.#mirror.kvs]
        .map(([key, kv]): [string, string] => [key, JSON.parse(String(kv.value)).Addr])
        .sort(),
    };
  }

  /** Resolves with the keys, in this order, once each view has exactly one endpoint per id. */
  async show(ids: readonly Uint8Array[]): Promise<string[]> {
    const addrs = [...ids].sort(Buffer.compare).map((id) => `${hex(id)}:1`);
    const shown = await eventually(`${addrs} in each view`, async () => {
      const all = await this.#shown();
      const isComplete = Object.values(all).every((pairs) => pairs.length === addrs.length);
      return isComplete && all;
    });
    const { list = [], directory, watch, mirror } = shown;
    assert.deepEqual(
      list.map(([, addr]) => addr),
      addrs,
    );
    assert.deepEqual(directory, list, 'in key order, the order of bytes');
    assert.deepEqual(watch, [...list].sort());
    assert.deepEqual(mirror, [...list].sort());
    return list.map(([key]) => key);
  }

  /** Checks that every function that takes a key accepts the record's key. */
  async checkKey(key: string, id: Uint8Array): Promise<void> {
    const { kv } = await this.#client.kv.get(key);
    assert.equal(kv && hex(kv.key), hex(keyOf(this.#target, id)));
    assert.equal(String(this.#mirror.kvs.get(key)?.value), value(`${hex(id)}:1`));
    assert.equal(JSON.parse(JSON.stringify({ key })).key, key, 'JSON keeps it');
    if (Buffer.from(Buffer.from(id).toString()).equals(id))
      assert.equal(key, keyOf(this.#target, id).toString(), 'UTF-8 is its own text');
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error('over'));
    await Promise.allSettled(this.#tasks);
    await this.#directory.close();
  }
}

function keyOf(target: string, id: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${target}/`), id]);
}

describe('endpoints whose ids are bytes', () => {
  const etcd = useEtcd();
  const opened = new Opened();
  let client: EtcdClient;
  let round = 0;

  beforeEach(() => {
    client = opened.client(etcd().endpoints);
  });
  afterEach(() => opened.close());

  /** Writes the keys as another client does. */
  async function stored(ids: readonly Uint8Array[]): Promise<{ target: string; views: Views }> {
    const target = `${etcd().prefix}bytes-${round++}`;
    for (const id of ids) await client.kv.put(keyOf(target, id), value(`${hex(id)}:1`));
    return { target, views: opened.add(new Views(client, target), (views) => views.close()) };
  }

  const raw = ['ff', 'fe', '80', 'c328'].map((id) => Buffer.from(id, 'hex'));
  const text = ['a', 'café', 'cafe\u0301', '\ufffd', '\u{1f600}', '\uff5e'].map((id) => Buffer.from(id));

  it('are distinct in the list, the watch, the directory and the mirror', async () => {
    const ids = [...raw, ...text];
    const { views } = await stored(ids);
    const keys = await views.show(ids);
    for (const [i, id] of [...ids].sort(Buffer.compare).entries()) await views.checkKey(keys[i]!, id);
  });

  it('disappear one at a time when another client deletes them', async () => {
    const { target, views } = await stored(raw);
    await views.show(raw);
    for (let i = 1; i <= raw.length; i++) {
      await client.kv.delete(keyOf(target, raw[i - 1]!));
      await views.show(raw.slice(i));
    }
  });

  it('are stored and deleted by their bytes', async () => {
    const { target, views } = await stored(text);
    const manager = new EndpointManager(client, target);
    for (const id of raw) await manager.addEndpoint(keyOf(target, id), { addr: `${hex(id)}:1` });
    await views.show([...text, ...raw]);
    await manager.update(raw.map((id) => ({ op: 'delete', key: keyOf(target, id) })));
    await views.show(text);
  });

  it('are distinct, and deleted by the key of their record, for any bytes', async function () {
    this.timeout(120_000);
    const byte = fc.oneof(
      fc.constantFrom(0x00, 0x2f, 0x61, 0x80, 0x9f, 0xc3, 0xa9, 0xed, 0xa0, 0xef, 0xbf, 0xbd, 0xf0, 0xff),
      fc.integer({ min: 0, max: 255 }),
    );
    const anyId = fc.array(byte, { minLength: 1, maxLength: 5 }).map((bytes) => Buffer.from(bytes));
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(anyId, { minLength: 2, maxLength: 8, selector: hex }), async (ids) => {
        const { target, views } = await stored(ids);
        const sorted = [...ids].sort(Buffer.compare);
        const keys = await views.show(sorted);
        for (const [i, id] of sorted.entries()) await views.checkKey(keys[i]!, id);
        const manager = new EndpointManager(client, target);
        await manager.deleteEndpoint(keys[0]!);
        await views.show(sorted.slice(1));
        for (const key of keys.slice(2)) await manager.deleteEndpoint(key);
        await views.show(sorted.slice(1, 2));
        await views.close();
      }),
      { numRuns: 25 },
    );
  });
});
