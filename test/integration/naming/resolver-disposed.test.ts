import assert from 'node:assert/strict';
import { connectivityState } from '@grpc/grpc-js';
import type { EtcdClient } from '#src/client/index.js';
import { registerEtcdResolver } from '#src/naming/grpc/index.js';
import { startFaultProxy } from '#src/testing/index.js';
import { eventually } from './support.js';
import { useResolver } from './use-resolver.js';

describe('a channel of grpc-js to etcd:///<service>', () => {
  const { etcd, opened, scene, put, watchers, watchersBefore, fails } = useResolver();
  let client: EtcdClient;
  let target: string;
  let resolver: Disposable;

  beforeEach(() => {
    ({ client, target, resolver } = scene);
  });

  describe('whose resolver is taken back', () => {
    beforeEach(async () => {
      await put(await opened.server('one'));
    });

    it('fails calls with that reason when it is disposed, and lets go of the watcher', async () => {
      const before = await watchersBefore();
      const caller = opened.caller(`etcd:///${target}`);
      await caller.callsReach('one');
      resolver[Symbol.dispose]();
      resolver[Symbol.dispose]();
      await assert.rejects(caller.call(), { code: 14, details: /the etcd resolver was disposed/ });
      await assert.rejects(opened.caller(`etcd:///${target}`).call(), {
        code: 14,
        details: /the etcd resolver was disposed/,
      });
      await eventually('no watcher is left', async () => (await watchers()) === before, 15_000);
    });

    it('fails calls with that reason when its client is closed', async () => {
      const caller = opened.caller(`etcd:///${target}`);
      await caller.callsReach('one');
      await client.close();
      await assert.rejects(caller.call(), { code: 14, details: /its etcd client was closed/ });
      await assert.rejects(opened.caller(`etcd:///${target}`).call(), {
        code: 14,
        details: /its etcd client was closed/,
      });
    });

    it('fails calls with that reason when the client its authority names is closed', async () => {
      const prod = opened.client(etcd().endpoints);
      const resolving = registerEtcdResolver(client, { authorities: { prod } });
      opened.add(resolving, (one) => one[Symbol.dispose]());
      const caller = opened.caller(`etcd://prod/${target}`);
      const other = opened.caller(`etcd:///${target}`);
      await caller.callsReach('one');
      await other.callsReach('one');
      await prod.close();
      const error = await fails(() => caller.call(), 3_000);
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
      await eventually('it waits', () => caller.state === connectivityState.CONNECTING);
      registration[Symbol.dispose]();
      await call;
    });

    it('serves new channels through a new one', async () => {
      resolver[Symbol.dispose]();
      opened.add(registerEtcdResolver(client), (one) => one[Symbol.dispose]());
      assert.equal(await opened.caller(`etcd:///${target}`).call(), 'one');
    });

    it('leaves the channels of a newer one alone', async () => {
      opened.add(registerEtcdResolver(client), (one) => one[Symbol.dispose]());
      const caller = opened.caller(`etcd:///${target}`);
      await caller.callsReach('one');
      resolver[Symbol.dispose]();
      assert.equal(await caller.call(), 'one');
    });

    it('fails calls of a channel that wakes from idling afterwards', async () => {
      const caller = opened.caller(`etcd:///${target}`, { 'grpc.client_idle_timeout_ms': 1_000 });
      await caller.callsReach('one');
      await caller.isIdle();
      resolver[Symbol.dispose]();
      await assert.rejects(caller.call(3_000), { code: 14, details: /the etcd resolver was disposed/ });
    });
  });
});
