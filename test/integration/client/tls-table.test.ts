import assert from 'node:assert/strict';
import { EtcdClient } from '#src/client/index.js';
import { Code, TlsError } from '#src/errors/index.js';
import { skipUnlessBinary } from '../../support/tls-etcd.js';
import { createTlsFixture, type TlsFixture } from './tls-fixture.js';
import { rows, to } from './tls-rows.js';

/** The outcomes; printed if `TLS_TABLE` is set. */
const table: { server: string; client: string; outcome: string; ms: number }[] = [];

describe('TLS between a client and an etcd', () => {
  let fixture: TlsFixture | undefined;

  before(async function () {
    skipUnlessBinary(this);
    this.timeout(300_000);
    fixture = await createTlsFixture();
  });

  after(async () => {
    await fixture?.close();
    if (process.env['TLS_TABLE']) console.table(table);
  });

  for (const [server, client, expected, optionsOf] of rows) {
    it(`server ${server}; client ${client}: ${expected}`, async () => {
      const etcd = new EtcdClient(await optionsOf(fixture!));
      const since = performance.now();
      let outcome = 'works';
      try {
        await etcd.kv.put('tls', 'x');
        assert.equal((await etcd.kv.get('tls')).kv?.value.toString(), 'x');
      } catch (error) {
        assert.ok(error instanceof TlsError, `${error}`);
        assert.equal(error.code, Code.UNAVAILABLE);
        assert.equal(error.verdict, 'not-applied');
        assert.match(error.message, /^UNAVAILABLE: member (https?:\/\/|unixs?:|127)/);
        outcome = error.reason;
      } finally {
        await etcd.close();
      }
      const ms = performance.now() - since;
      table.push({ server, client, outcome, ms: Math.round(ms) });
      assert.equal(outcome, expected);
      assert.ok(ms < 5_000, `took ${ms} ms`);
    });
  }

  it('is verified even if NODE_TLS_REJECT_UNAUTHORIZED is 0', async () => {
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    const etcd = new EtcdClient({ endpoints: to(fixture!, 'any'), tls: { ca: fixture!.otherCa } });
    try {
      await assert.rejects(etcd.kv.get('tls'), { name: 'TlsError', reason: 'unknown-authority' });
    } finally {
      await etcd.close();
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
    }
  });

  it('with three members that have different faults fails with an error that lists each and has the reason of one', async () => {
    const faults = [
      ['expired', 'has expired'],
      ['name', 'is for another name'],
      ['clientOnly', 'cannot be trusted'],
    ] as const;
    const endpoints = faults.map(([server]) => `https://${fixture!.server[server].secure}`);
    const etcd = new EtcdClient({ endpoints, tls: { ca: fixture!.ca } });
    try {
      await assert.rejects(etcd.kv.get('tls'), (error) => {
        assert.ok(error instanceof TlsError, `${error}`);
        assert.deepEqual(error.tried.map(({ member }) => member).sort(), [...endpoints].sort());
        for (const [at, [, fault]] of faults.entries()) {
          const tried = error.tried.find(({ member }) => member === endpoints[at]);
          assert.match(tried?.answer ?? '', new RegExp(fault));
          assert.ok(error.message.includes(`member ${endpoints[at]}: ${tried?.answer}`), error.message);
        }
        assert.ok(error.cause instanceof TlsError && error.cause.reason === error.reason);
        return true;
      });
    } finally {
      await etcd.close();
    }
  });
});
