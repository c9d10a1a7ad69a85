import assert from 'node:assert/strict';
import { connectivityState, experimental } from '@grpc/grpc-js';
import { countSteps } from '../../../../support/count-steps.js';
import { PolicyScene } from './policy-scene.js';

const noWait = { firstCallWaitMs: 0 };

describe('the policy etcd_weighted with a large service', () => {
  let scene: PolicyScene;

  beforeEach(() => {
    scene = new PolicyScene();
  });

  afterEach(() => scene.policy.destroy());

  const names = (count: number) => Array.from({ length: count }, (_, i) => `e${i}`);

  /** A scene with connected endpoints, whose first call is over. */
  function ready(count: number, zone?: string): void {
    const traits = (i: number) => (zone !== undefined && i % 2 ? { zone } : {});
    scene.list(Object.fromEntries(names(count).map((name, i) => [name, traits(i)])), {
      ...noWait,
      ...(zone !== undefined && { zone }),
    });
    scene.ready(...names(count));
    scene.pick();
  }

  /** What grpc-js does for a call. */
  const call = () => {
    scene.policy.exitIdle();
    scene.pick();
  };

  for (const zone of [undefined, 'z'])
    it(`visits as many objects for a call as with a small one${zone === undefined ? '' : ', with zones'}`, () => {
      ready(10, zone);
      const few = countSteps(call);
      scene.policy.destroy();
      scene = new PolicyScene();
      ready(1_000, zone);
      assert.equal(countSteps(call), few);
    });

  it('visits as many objects for a lost connection as with a small one', () => {
    const loss = () => {
      const { subchannels } = scene;
      return countSteps(() => subchannels[3]?.become(connectivityState.IDLE));
    };
    ready(10);
    const few = loss();
    scene.policy.destroy();
    scene = new PolicyScene();
    ready(1_000);
    assert.equal(loss(), few);
    assert.equal(scene.reresolutions, 1);
  });

  it('reads the addresses of an endpoint once, however many lists contain it', () => {
    let reads = 0;
    const endpoint = (host: string): experimental.Endpoint => ({
      get addresses() {
        reads++;
        return [{ host, port: 1 }];
      },
    });
    const all = names(100).map(endpoint);
    const list = (endpoints: experimental.Endpoint[]) =>
      scene.update(experimental.statusOrFromValue(endpoints), noWait, '');
    list(all);
    reads = 0;
    list(all.slice(1));
    list(all.slice(1).reverse());
    assert.equal(reads, 0);
    assert.equal(scene.subchannels.length, 100);
  });
});
