import assert from 'node:assert/strict';
import { LeaseLookups } from '#src/naming/directory/diagnostics/lease-lookups.js';
import type { NamingClient } from '#src/naming/index.js';
import { FakeClock } from '../../../lease/fakes.js';
import { settled } from '../../fake-service.js';

/** Leases whose answers the test gives. */
class FakeLeases {
  readonly waiting = new Map<bigint, (isAlive: boolean) => void>();
  asked = 0;

  get client(): Pick<NamingClient, 'lease'> {
    return { lease: this as unknown as NamingClient['lease'] };
  }

  timeToLive(id: bigint, { signal }: { readonly signal: AbortSignal }): Promise<unknown> {
    this.asked++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, (isAlive) => resolve(isAlive ? { remainingSeconds: 5 } : undefined));
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  }

  async answerAll(isAlive: boolean): Promise<void> {
    for (const [id, answer] of this.waiting) {
      this.waiting.delete(id);
      answer(isAlive);
    }
    await settled();
  }
}

describe('the look-ups of leases', () => {
  let clock: FakeClock;
  let leases: FakeLeases;
  let lookups: LeaseLookups;
  const ids = (count: number) => Array.from({ length: count }, (_, i) => BigInt(i + 1));

  beforeEach(() => {
    clock = new FakeClock();
    leases = new FakeLeases();
    lookups = new LeaseLookups(clock);
  });

  it('say which leases are alive, and ask once for each', async () => {
    const fateOf = lookups.lookUp(leases.client, [1n, 2n, 1n, 2n]);
    await settled();
    leases.waiting.get(1n)!(true);
    leases.waiting.get(2n)!(false);
    assert.deepEqual([await fateOf(1n), await fateOf(2n), await fateOf(1n)], ['alive', 'ended', 'alive']);
    assert.equal(leases.asked, 2);
  });

  it('run four at a time', async () => {
    lookups.lookUp(leases.client, ids(10));
    await settled();
    assert.equal(leases.asked, 4);
    await leases.answerAll(true);
    assert.equal(leases.asked, 8);
    await leases.answerAll(true);
    assert.equal(leases.asked, 10);
  });

  it('are 64 of a thousand leases, and the others are unknown', async () => {
    const fateOf = lookups.lookUp(leases.client, ids(1_000));
    for (let round = 0; round < 20; round++) await leases.answerAll(false);
    const fates = await Promise.all(ids(1_000).map(fateOf));
    assert.equal(leases.asked, 64);
    assert.equal(fates.filter((fate) => fate === 'ended').length, 64);
    assert.equal(fates.filter((fate) => fate === 'unknown').length, 936);
  });

  it('are eight more for each second that passes, up to 64', async () => {
    const ask = async () => {
      leases.asked = 0;
      lookups.lookUp(leases.client, ids(1_000));
      for (let round = 0; round < 20; round++) await leases.answerAll(false);
      return leases.asked;
    };
    assert.equal(await ask(), 64);
    clock.advance(1_000);
    assert.equal(await ask(), 8);
    clock.advance(3_600_000);
    assert.equal(await ask(), 64);
  });

  it('are unknown after 3 s without an answer, also those that wait for their turn', async () => {
    const fateOf = lookups.lookUp(leases.client, ids(6));
    await settled();
    clock.advance(3_000);
    assert.deepEqual(new Set(await Promise.all(ids(6).map(fateOf))), new Set(['unknown']));
    assert.equal(leases.asked, 4);
    assert.equal(clock.timers, 0);
  });

  it('are unknown when the signal aborts', async () => {
    const abort = new AbortController();
    const fateOf = lookups.lookUp(leases.client, [1n], abort.signal);
    await settled();
    abort.abort();
    assert.equal(await fateOf(1n), 'unknown');
  });
});
