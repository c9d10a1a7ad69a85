import assert from 'node:assert/strict';
import { experimental } from '@grpc/grpc-js';
import { registerBalancer } from '#src/naming/grpc/balancer/balancer.js';

describe('the config of the policy etcd_weighted', () => {
  const parse = (json: object) => experimental.parseLoadBalancingConfig({ etcd_weighted: json });

  before(() => registerBalancer());

  it('has the name and the options that a service config gives', () => {
    const config = parse({ zone: 'a', slowStartMs: 1_000, firstCallWaitMs: 0, later: true });
    assert.equal(config.getLoadBalancerName(), 'etcd_weighted');
    assert.deepEqual(config.toJsonObject(), {
      etcd_weighted: { zone: 'a', slowStartMs: 1_000, firstCallWaitMs: 0 },
    });
  });

  for (const [json, name] of [
    [{ zone: 5 }, 'zone'],
    [{ slowStartMs: -1 }, 'slowStartMs'],
    [{ firstCallWaitMs: 'long' }, 'firstCallWaitMs'],
  ] as const)
    it(`rejects a wrong ${name}, and names it`, () => {
      assert.throws(() => parse(json), new RegExp(`etcd_weighted.*${name}|${name}.*etcd_weighted`));
    });

  it('is registered once, however often it is asked for', () => {
    registerBalancer();
    assert.ok(experimental.isLoadBalancerNameRegistered('etcd_weighted'));
  });
});
