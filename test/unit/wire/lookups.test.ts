import assert from 'node:assert/strict';
import { isAbsent, ServerLookups, SystemLookups } from '#src/wire/dns/lookups.js';
import { DnsServer } from '../../support/dns-server.js';

describe('questions to the system', () => {
  it('for the addresses of a host are answered by the hosts file', async () => {
    const lookups = new SystemLookups();
    const addresses = await lookups.addresses('localhost');
    assert.ok(addresses.includes('127.0.0.1') || addresses.includes('::1'), String(addresses));
    assert.equal(new Set(addresses).size, addresses.length);
    lookups.close();
  });

  it('are one question while it is not answered', async () => {
    const lookups = new SystemLookups();
    const first = lookups.addresses('localhost');
    assert.equal(lookups.addresses('localhost'), first);
    await first;
    const next = lookups.addresses('localhost');
    assert.notEqual(next, first);
    await next;
    lookups.close();
  });
});

describe('questions to given servers', () => {
  let dns: DnsServer;
  let lookups: ServerLookups;

  beforeEach(async () => {
    dns = await DnsServer.start();
    lookups = new ServerLookups([dns.address]);
  });
  afterEach(async () => {
    lookups.close();
    await dns.close();
  });

  it('are answered with the addresses of both families', async () => {
    dns.records.set('etcd.test', { addresses: ['fd00::1', '10.0.0.1', '10.0.0.2'] });
    assert.deepEqual(await lookups.addresses('etcd.test'), ['10.0.0.1', '10.0.0.2', 'fd00::1']);
    dns.records.set('six.test', { addresses: ['fd00::1'] });
    assert.deepEqual(await lookups.addresses('six.test'), ['fd00::1']);
  });

  it('are not asked for an IP address', async () => {
    assert.deepEqual(await lookups.addresses('10.0.0.1'), ['10.0.0.1']);
    assert.deepEqual(dns.questions, []);
  });

  for (const [what, answer, code, absent] of [
    ['a name that does not exist', undefined, 'ENOTFOUND', true],
    ['a name without an address', {}, 'ENODATA', true],
    ['a server that fails', 'servfail', 'ESERVFAIL', false],
    ['garbage', 'garbage', 'EBADRESP', false],
  ] as const)
    it(`are rejected with ${code} for ${what}`, async () => {
      if (answer !== undefined) dns.records.set('etcd.test', answer);
      for (const question of [lookups.addresses('etcd.test'), lookups.srv('etcd.test')])
        await assert.rejects(question, (error: NodeJS.ErrnoException) => {
          assert.equal(isAbsent(error), absent);
          return error.code === code || (answer === 'garbage' && error.code === 'ESERVFAIL');
        });
    });

  it('are rejected when they are closed before an answer', async () => {
    dns.records.set('etcd.test', 'silence');
    const question = lookups.addresses('etcd.test');
    lookups.close();
    await assert.rejects(question, { code: 'ECANCELLED' });
  });

  it('for a long answer are repeated over TCP', async () => {
    const srv = Array.from({ length: 1_000 }, (_, i) => ({ name: `m${i}.test`, port: 1 + i }));
    dns.records.set('_srv.test', { srv });
    assert.equal((await lookups.srv('_srv.test')).length, 1_000);
    assert.equal(dns.questions.length, 2);
  });
});
