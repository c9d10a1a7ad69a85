import assert from 'node:assert/strict';
import { registerEtcdResolver } from '#src/naming/grpc/index.js';
import { eventually } from '../../support/eventually.js';
import type { Caller } from '../../support/naming/caller.js';
import { useResolver } from './use-resolver.js';

const policies = {
  etcd_weighted: { balance: {}, options: {} },
  round_robin: { balance: undefined, options: {} },
  pick_first: {
    balance: undefined,
    options: { 'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ pick_first: {} }] }) },
  },
};

for (const [name, { balance, options }] of Object.entries(policies)) {
  describe(`a channel with ${name} to a service known to be empty`, () => {
    const { opened, fixture, put } = useResolver();

    function caller(more: object = {}): Caller {
      opened.add(registerEtcdResolver(fixture.client, balance ? { balance } : {}), (one) =>
        one[Symbol.dispose](),
      );
      return opened.caller(`etcd:///${fixture.target}`, { ...options, ...more });
    }

    /** The documented text, with the prefix and the revision. */
    const promised = () => new RegExp(`no endpoints under '${fixture.target}/' at etcd revision \\d+`);
    const failsAsDocumented = (call: Promise<string>) =>
      assert.rejects(call, (error: Error) => {
        assert.match(error.message, /^14 UNAVAILABLE/);
        assert.match(error.message, promised());
        return true;
      });

    it('fails its first call with the reason, and each first call after idling', async function () {
      this.timeout(60_000);
      const idling = caller({ 'grpc.client_idle_timeout_ms': 1_000 });
      for (let i = 0; i < 2; i++) {
        await failsAsDocumented(idling.call());
        await failsAsDocumented(idling.call());
        await idling.untilIdle();
      }
    });

    it('fails the calls that wait for a connection when the last endpoint is deleted, with the reason', async () => {
      const silent = await opened.silentServer();
      await put({ name: 'silent', addr: silent.addr });
      const one = caller();
      const failed = Array.from({ length: 3 }, () => failsAsDocumented(one.call(60_000)));
      await eventually('the channel connects', () => silent.connections > 0);
      await fixture.manager.deleteEndpoint(`${fixture.target}/silent`);
      await Promise.all(failed);
      await failsAsDocumented(one.call());
    });

    it('keeps calls with wait-for-ready', async () => {
      const [server] = await opened.servers('late');
      const one = caller();
      await failsAsDocumented(one.call());
      const patient = one.call(60_000, true);
      await failsAsDocumented(one.call());
      await put(server!);
      assert.equal(await patient, 'late');
    });
  });
}
