import assert from 'node:assert/strict';
import { retainOption } from '#src/mirror/index.js';
import { View } from '#src/mirror/view.js';
import type { KeyValue } from '#src/model/index.js';
import { retainEndpoint } from '#src/naming/codec/retain-endpoint.js';
import { decodeEndpoint, EndpointDecodeError, EndpointManager, ServiceDirectory } from '#src/naming/index.js';
import { FakeClient } from '../fake-service.js';

const kv = (value: string): KeyValue => ({
  key: Buffer.from('svc/a'),
  value: Buffer.from(value),
  createRevision: 3n,
  modRevision: 5n,
  version: 2n,
  lease: 7n,
});
const large = (letter: string) => kv(letter.repeat(100_000));
const endpoint = kv(`{"Addr":"a:1","Metadata":"${'x'.repeat(100_000)}"}`);

describe('a value that a mirror of endpoints retains', () => {
  it('is unchanged for an endpoint of any size, and for a small invalid value', () => {
    for (const one of [endpoint, kv('x')]) assert.equal(retainEndpoint(one), one);
  });

  it('is a hash of a large invalid value, and not an endpoint either', () => {
    const kept = retainEndpoint(large('x'));
    assert.deepEqual({ ...kept, value: undefined }, { ...large('x'), value: undefined });
    assert.equal(kept.value.length, 33);
    assert.throws(() => decodeEndpoint(kept.value), EndpointDecodeError);
    assert.equal(retainEndpoint(kept), kept);
  });

  it('still shows whether the stored value has changed', () => {
    const view = new View(retainEndpoint);
    view.replace([retainEndpoint(large('x'))], 5n);
    assert.equal(view.matches(1n, large('x')), true);
    assert.equal(view.matches(1n, large('y')), false);
    view.apply([{ type: 'put', kv: { ...large('z'), modRevision: 6n, version: 3n } }], 6n);
    assert.equal(view.newest?.value.length, 33);
    assert.equal(view.matches(1n, { ...large('z'), modRevision: 6n, version: 3n }), true);
  });

  it('is reduced by the mirrors of directories and managers', async () => {
    const etcd = new FakeClient();
    const directory = new ServiceDirectory(etcd.client);
    directory.follow('svc', { onView: () => {}, onFailure: () => {} });
    const events = new EndpointManager(etcd.client, 'svc').watch();
    const first = events.next();
    assert.deepEqual(
      etcd.mirrors.map(({ options }) => retainOption.get(options)),
      [retainEndpoint, retainEndpoint],
    );
    etcd.mirrors[1]!.snapshot('a:1');
    await first;
    await events.return(undefined);
    await directory.close();
  });
});
