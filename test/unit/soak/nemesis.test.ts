import assert from 'node:assert/strict';
import type { Fault, FaultContext } from '../../chaos/faults/fault.js';
import { Random } from '../../sim/random.js';
import { SoakNemesis } from '../../soak/nemesis.js';

const signal = new AbortController().signal;
const context = {} as FaultContext;

describe('the nemesis of a soak', () => {
  it('injects each fault once before any is repeated, in the order of the seed', async () => {
    const names = ['a', 'b', 'c', 'd'];
    const orderOf = async (seed: number) => {
      const nemesis = new SoakNemesis(names.map(effective), context, new Random(seed), async () => {});
      const order: string[] = [];
      for (let i = 0; i < 8; i++) order.push(await nemesis.injectNext(signal));
      return order;
    };
    const order = await orderOf(5);
    assert.deepEqual(order.slice(0, 4).toSorted(), names);
    assert.deepEqual(order.slice(4).toSorted(), names);
    assert.deepEqual(await orderOf(5), order);
  });

  it('heals after a fault that failed, again if that fails, and counts the fault as without effect', async () => {
    let heals = 0;
    const failing: Fault = { ...effective('a'), begin: async () => Promise.reject(new Error('not now')) };
    const nemesis = new SoakNemesis([failing], context, new Random(1), async () => {
      if (++heals < 2) throw new Error('not yet');
    });
    await nemesis.injectNext(signal);
    assert.deepEqual([heals, nemesis.failures], [2, ['a: Error: not now']]);
    assert.deepEqual([...nemesis.counts], [['a', { injected: 1, effective: 0 }]]);
  });

  it('rejects if healing fails', async () => {
    const failing: Fault = { ...effective('a'), begin: async () => Promise.reject(new Error('not now')) };
    const nemesis = new SoakNemesis([failing], context, new Random(1), async () => {
      throw new Error('never');
    });
    await assert.rejects(nemesis.injectNext(signal), /never/);
  });
});

function effective(name: string): Fault {
  const end = async () => ({ tookEffect: true });
  return { name, durationMs: [0, 0], begin: async () => ({ target: name, clients: 'all', end }) };
}
