import type { System } from '../../../chaos/lock/messages.js';
import { assertValid, assertViolation, HistoryBuilder } from './history-builder.js';

type Wrote = readonly { readonly value: string; readonly outcome: 'applied' | 'refused' | 'unknown' }[];

const wrote = (outcome: Wrote[number]['outcome']): Wrote => [{ value: 'a.0/0/0', outcome }];
const owning = (writes: Wrote = [], system?: System) =>
  new HistoryBuilder(system).put('n/a').holder('a', 'n/a', { writes });

describe('the chaos check of writes', () => {
  it('M5: accepts a write while its writer owns the lock', () => {
    assertValid(owning(wrote('applied')).log('a.0/0/0').delete('n/a'), 'M5 writes', 1);
    assertValid(owning(wrote('unknown')).log('a.0/0/0'), 'M5 writes', 1);
    assertValid(owning(wrote('unknown')), 'M5 writes', 0);
  });

  it('M5: detects a write of a former holder, with or without a successor', () => {
    assertViolation(owning().delete('n/a').log('a.0/0/0'), 'M5');
    assertViolation(owning().delete('n/a').put('n/b').log('a.0/0/0'), 'M5');
    assertViolation(owning(wrote('applied'), 'go').delete('n/a').log('a.0/0/0'), 'M5');
  });

  it('M5: detects a write of a waiter, and of a writer that never had the lock', () => {
    const waiting = new HistoryBuilder()
      .put('n/a')
      .put('n/b')
      .request('b', 'n/b', { failed: { at: 1_001, error: '' } });
    assertViolation(waiting.log('b.0/0/0'), 'M5');
    assertViolation(owning().log('x.0/0/0'), 'M5');
  });

  it('M5: detects a write that is reported as applied and is missing, and the reverse', () => {
    assertViolation(owning(wrote('applied')), 'M5');
    assertValid(owning(wrote('refused')), 'M5 refused writes', 1);
    assertViolation(owning(wrote('refused')).log('a.0/0/0'), 'M5');
  });

  it("M5: tells etcd3's holders apart by their leases, because they share one key", () => {
    const etcd3 = () =>
      new HistoryBuilder('etcd3')
        .put('n', { lease: 1n })
        .holder('a', 'n', { token: undefined, lease: 1n })
        .log('a.0/0/0')
        .delete('n')
        .put('n', { lease: 2n })
        .holder('b', 'n', { token: undefined, lease: 2n })
        .log('b.0/0/0');
    assertValid(etcd3(), 'M5 writes', 2);
    assertViolation(etcd3().log('a.0/0/1'), 'M5');
  });
});
