import assert from 'node:assert/strict';
import { type KeyValue, keyText } from '#src/model/index.js';
import type { RecordFormat } from '#src/naming/codec/record-format.js';
import { decodeSnapshot, encodeSnapshot } from '#src/naming/directory/snapshots/snapshot.js';
import { isSameView, type ServiceView } from '#src/naming/directory/views/view.js';
import { EndpointSet } from '#src/naming/endpoint-set.js';
import { type Endpoint, type EndpointRecord, parseAddress } from '#src/naming/index.js';
import { DesiredEndpoint } from '#src/naming/register/core/record/desired-endpoint.js';
import { selectAddresses } from '#src/naming/selection/index.js';

/** A service that has a valid record beside arbitrary ones. */
export interface StoredService {
  readonly service: string;
  readonly format: RecordFormat;
  readonly good: Endpoint;
  readonly goodId: string;
}

export function kv(key: Buffer, value: Buffer): KeyValue {
  return { key, value, createRevision: 5n, modRevision: 5n, version: 1n, lease: 0n };
}

/** Processes a service with these records and a valid one: its view, addresses, snapshot and registration. */
export function processAll(
  stored: StoredService,
  others: readonly KeyValue[],
): { records: number; invalid: number } {
  const { format, good, service } = stored;
  const key = goodKey(stored);
  const all = [...others, kv(Buffer.from(key), format.encode(key, good))].map(format.retain);
  const set = new EndpointSet(format);
  const kvs = new Map(all.map((one) => [keyText(one.key), one]));
  set.apply({ type: 'snapshot', reason: 'initial', revision: 5n, kvs });
  set.apply({ type: 'delta', revision: 6n, puts: kvs, deletes: new Set() });
  const endpoints = [...set.records.values()];
  const view = {
    target: service,
    endpoints,
    revision: 6n,
    invalid: set.invalid,
    unconfirmed: new Set<string>(),
  };
  expectGood(stored, endpoints);
  assert.ok(isSameView(view, { ...view, endpoints: endpoints.map((one) => ({ ...one })) }));
  expectDialled(good, endpoints);
  expectSaved(stored, view);
  for (const one of others) expectAdopted(stored, one);
  return { records: set.records.size, invalid: set.invalid.size };
}

function goodKey({ format, goodId }: StoredService): string {
  return `${format.prefix}${goodId}`;
}

function expectGood(stored: StoredService, endpoints: readonly EndpointRecord[]): void {
  const good = endpoints.find(({ key }) => key === goodKey(stored));
  assert.deepEqual([good?.addr, good?.metadata], [stored.good.addr, stored.good.metadata]);
}

function expectDialled({ addr }: Endpoint, endpoints: readonly EndpointRecord[]): void {
  const parsed = parseAddress(addr);
  assert.ok('name' in parsed);
  assert.ok(selectAddresses(endpoints, {}).addresses.some(({ name }) => name === parsed.name));
}

function expectSaved(stored: StoredService, view: ServiceView): void {
  const read = decodeSnapshot(stored.service, encodeSnapshot(view, 0));
  assert.ok(read, 'the snapshot cannot be read');
  assert.equal(read.view.endpoints.length, view.endpoints.length);
  expectGood(stored, read.view.endpoints);
}

/** A registration whose record is overwritten with these bytes continues, and stores a valid record. */
function expectAdopted(stored: StoredService, other: KeyValue): void {
  const desired = new DesiredEndpoint(stored.good, goodKey(stored), stored.format);
  desired.adopt(other);
  desired.startDraining();
  assert.equal(desired.decode(desired.value)?.addr, stored.good.addr);
}
