import assert from 'node:assert/strict';
import { connectivityState } from '@grpc/grpc-js';
import type { EtcdClient } from '#src/client/index.js';
import { registerEtcdResolver } from '#src/naming/grpc/index.js';
import { startFaultProxy } from '#src/testing/index.js';
import { eventually } from '../../support/eventually.js';
import { useResolver } from './use-resolver.js';

describe('a channel of grpc-js to etcd:///<service>', () => {
  const { etcd, opened, fixture, put, watchers, watchersBefore, untilCallFails } = useResolver();
  let client: EtcdClient;
  let target: string;
  let resolver: Disposable;

  beforeEach(() => {
    ({ client, target, resolver } = fixture);
  });

  describe('after its resolver was revoked', () => {
    beforeEach(async () => {
      await put(await opened.server('one'));
    });

    it('fails calls with the reason after a dispose, and closes the watcher', async () => {
      const before = await watchersBefore();
      const caller = opened.caller(`etcd:///${target}`);
      await caller.untilServedBy('one');
      resolver[Symbol.dispose]();
      resolver[Symbol.dispose]();
      await assert.rejects(caller.call(), { code: 14, details: /the etcd resolver was disposed/ });
      await assert.rejects(opened.caller(`etcd:///${target}`).call(), {
        code: 14,
        details: /the etcd resolver was disposed/,
      });
      await eventually('no watcher is left', async () => (await watchers()) === before, 15_000);
    });

    it('fails calls with the reason after its client closed', async () => {
      const caller = opened.caller(`etcd:///${target}`);
      await caller.untilServedBy('one');
      await client.close();
      await assert.rejects(caller.call(), { code: 14, details: /its etcd client was closed/ });
      await assert.rejects(opened.caller(`etcd:///${target}`).call(), {
        code: 14,
        details: /its etcd client was closed/,
      });
    });

    it('fails calls with the reason after the client of its authority closed', async () => {
      const prod = opened.client(etcd().endpoints);
      const resolving = registerEtcdResolver(client, { authorities: { prod } });
      opened.add(resolving, (one) => one[Symbol.dispose]());
      const caller = opened.caller(`etcd://prod/${target}`);
      const other = opened.caller(`etcd:///${target}`);
      await caller.untilServedBy('one');
      await other.untilServedBy('one');
      await prod.close();
      const error = await untilCallFails(() => caller.call(), 3_000);
      assert.match(error.message, /etcd client .*closed/);
      await assert.rejects(opened.caller(`etcd://prod/${target}`).call(), /etcd client .*closed/);
      assert.equal(await other.call(), 'one');
    });

    it('fails calls that wait for their first resolution', async () => {
      const proxy = opened.add(await startFaultProxy({ target: etcd().endpoints[0]! }), (one) => one.close());
      proxy.acceptSilently();
      const silent = opened.client([proxy.endpoint]);
      const registration = registerEtcdResolver(silent);
      const caller = opened.caller(`etcd:///${target}`);
      const call = assert.rejects(caller.call(), { code: 14, details: /the etcd resolver was disposed/ });
      await eventually('the call waits', () => caller.state === connectivityState.CONNECTING);
      registration[Symbol.dispose]();
      await call;
    });

    it('resolves new channels by a new registration', async () => {
      resolver[Symbol.dispose]();
      opened.add(registerEtcdResolver(client), (one) => one[Symbol.dispose]());
      assert.equal(await opened.caller(`etcd:///${target}`).call(), 'one');
    });

    it('keeps working when an older registration is disposed', async () => {
      opened.add(registerEtcdResolver(client), (one) => one[Symbol.dispose]());
      const caller = opened.caller(`etcd:///${target}`);
      await caller.untilServedBy('one');
      resolver[Symbol.dispose]();
      assert.equal(await caller.call(), 'one');
    });

    it('fails calls after it was idle during the dispose', async () => {
      const caller = opened.caller(`etcd:///${target}`, { 'grpc.client_idle_timeout_ms': 1_000 });
      await caller.untilServedBy('one');
      await caller.untilIdle();
      resolver[Symbol.dispose]();
      await assert.rejects(caller.call(3_000), { code: 14, details: /the etcd resolver was disposed/ });
    });
  });
});
