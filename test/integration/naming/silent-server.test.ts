import assert from 'node:assert/strict';
import { credentials } from '@grpc/grpc-js';
import { registerEtcdResolver } from '#src/naming/grpc/index.js';
import { eventually } from '../../support/eventually.js';
import { Caller } from '../../support/naming/caller.js';
import type { SilentServer } from '../../support/naming/servers.js';
import { useResolver } from './use-resolver.js';

const own = (policy: string) => ({
  'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ [policy]: {} }] }),
});
const policies = {
  etcd_weighted: { balance: {}, options: {} },
  round_robin: { options: {} },
  pick_first: { options: own('pick_first') },
};
/** A short backoff: grpc-js's default of a second would dominate the test. */
const shortBackoff = { 'grpc.initial_reconnect_backoff_ms': 100, 'grpc.max_reconnect_backoff_ms': 200 };

describe('a server that accepts connections and sends nothing', () => {
  const { opened, fixture, put } = useResolver();

  function use(options: object): void {
    opened.add(registerEtcdResolver(fixture.client, options), (one) => one[Symbol.dispose]());
  }

  const untilRepeatedWithoutLeak = (silent: SilentServer) =>
    eventually(
      'the attempt is repeated, and only its connection is open',
      () => silent.accepted >= 4 && silent.connections <= 1,
    );

  for (const [name, { options, ...rest }] of Object.entries(policies)) {
    it(`is used once it serves, by two channels that share the connection with ${name}`, async function () {
      this.timeout(60_000);
      const silent = await opened.silentServer();
      await put({ name: 'silent', addr: silent.addr });
      use({ connectTimeoutMs: 300, ...rest });
      const callers = [1, 2].map(() =>
        opened.caller(`etcd:///${fixture.target}`, { ...shortBackoff, ...options }),
      );
      for (const caller of callers) await assert.rejects(caller.call(2_000), /^Error: (4|14) /);
      await untilRepeatedWithoutLeak(silent);
      const [server] = await opened.servers('recovered');
      silent.serveAs(server!);
      for (const caller of callers)
        await eventually('calls are answered', () => caller.call(1_000).catch(() => ''), 30_000);
    });
  }

  it('does not keep an attempt with TLS open either', async function () {
    this.timeout(60_000);
    const silent = await opened.silentServer();
    await put({ name: 'silent', addr: silent.addr });
    use({ connectTimeoutMs: 300 });
    const target = `etcd:///${fixture.target}`;
    const caller = opened.add(new Caller(target, shortBackoff, credentials.createSsl()), (one) =>
      one.close(),
    );
    await assert.rejects(caller.call(2_000), /^Error: (4|14) /);
    await untilRepeatedWithoutLeak(silent);
  });

  it('is named in the errors of calls', async () => {
    const silent = await opened.silentServer();
    await put({ name: 'silent', addr: silent.addr });
    use({ connectTimeoutMs: 300 });
    await assert.rejects(
      opened.caller(`etcd:///${fixture.target}`).call(30_000),
      /^Error: 14 .*no byte came from the server for 300 ms/,
    );
  });

  it('keeps a connection on which any byte came', async () => {
    const relay = await opened.silentServer();
    const [server] = await opened.servers('slow');
    relay.serveAs(server!);
    await put({ name: 'slow', addr: relay.addr });
    use({ connectTimeoutMs: 100 });
    const caller = opened.caller(`etcd:///${fixture.target}`);
    const began = performance.now();
    await eventually('calls succeed for a while', async () => {
      assert.equal(await caller.call(), 'slow');
      return performance.now() - began > 500;
    });
    assert.equal(relay.accepted, 1);
  });
});
