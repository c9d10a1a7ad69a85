import assert from 'node:assert/strict';
import { EndpointManager, type Registration, register } from '#src/naming/index.js';
import { startFaultProxy } from '#src/testing/index.js';
import { useRegistrations } from '../integration/naming/use-registrations.js';
import { skipUnlessBreakable } from '../support/etcd.js';
import { eventually } from '../support/eventually.js';

// etcd before 3.4.36 and 3.5.18 never sends such a delete (etcd#18089, etcd#19179); all other releases do.
describe('a delete at the compacted revision where a watch resumes', function () {
  this.timeout(60_000);
  const { etcd, opened, fixture, endpoint, record } = useRegistrations();

  before(function () {
    skipUnlessBreakable(this, etcd());
  });

  /** A registration behind a fault proxy; its watch has received nothing when the proxy begins to refuse. */
  async function registerThroughProxy() {
    const link = opened.add(await startFaultProxy({ target: etcd().endpoints[0]! }), (one) => one.close());
    const registering = register(opened.client([link.endpoint]), {
      target: fixture.target,
      ...endpoint,
      ttlSeconds: 60,
      timeoutMs: 60_000,
    });
    const watched = async () => (await etcd().metric('etcd_debugging_mvcc_watcher_total')) === 1;
    await eventually('the registration watches its key', watched, 20_000);
    return { link, registering };
  }

  async function deleteAndCompact(): Promise<bigint> {
    const { admin, key } = fixture;
    const { revision } = await admin.kv.delete(key);
    for (const value of ['1', '2', '3']) await admin.kv.put('noise', value);
    await admin.kv.compact(revision, { physical: true });
    return revision;
  }

  it('is detected by the registration that owned the record', async () => {
    const { link, registering } = await registerThroughProxy();
    const registration: Registration = opened.add(await registering, (one) => one.close());
    const { revision } = registration;
    link.refuse();
    assert.equal(await deleteAndCompact(), revision! + 1n);
    link.heal();
    await eventually('it is registered again', () => registration.registrationCount === 2, 20_000);
    assert.equal((await record())?.lease, registration.lease);
  });

  it("is detected by the registration that waits for the record's deletion", async () => {
    const { admin, key, target } = fixture;
    await new EndpointManager(admin, target).addEndpoint(key, { addr: '10.9.9.9:1' });
    const { revision } = await admin.kv.get('none');
    const { link, registering } = await registerThroughProxy();
    link.refuse();
    assert.equal(await deleteAndCompact(), revision + 1n);
    link.heal();
    const registration = opened.add(await registering, (one) => one.close());
    assert.equal((await record())?.lease, registration.lease);
  });
});
