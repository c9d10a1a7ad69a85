import assert from 'node:assert/strict';
import { LossConfirmation } from '#src/naming/directory/loss/loss-confirmation.js';
import { LossProtection } from '#src/naming/directory/loss/loss-protection.js';
import { withDefaults } from '#src/naming/directory/loss/options.js';
import type { SilenceDetector } from '#src/naming/directory/loss/silence-detector.js';
import type { EndpointRecord } from '#src/naming/index.js';
import type { MirrorHandle } from '#src/naming/ports.js';
import { FakeClock } from '../../../lease/fakes.js';
import { FakeMirror, settled } from '../../fake-service.js';

describe('the confirmation of losses by reads', () => {
  let clock: FakeClock;
  let protection: LossProtection;
  let confirmation: LossConfirmation;
  let mirror: FakeMirror | undefined;
  /** The times at which requests were sent that etcd has answered. */
  let answered: number[];
  let results: number;
  const silence = { lastSilentAt: Number.NEGATIVE_INFINITY };

  beforeEach(() => {
    clock = new FakeClock();
    protection = new LossProtection(withDefaults());
    mirror = new FakeMirror({ prefix: 'svc/' }, {});
    answered = [];
    results = 0;
    silence.lastSilentAt = Number.NEGATIVE_INFINITY;
    confirmation = new LossConfirmation({
      clock,
      protection,
      silence: Object.assign(silence, {
        recordAnswer: (at: number) => answered.push(at),
      }) as unknown as SilenceDetector,
      mirror: () => mirror as unknown as MirrorHandle | undefined,
      onResult: () => results++,
    });
  });
  afterEach(() => confirmation.stop());

  const record = (addr: string): EndpointRecord => ({
    key: `svc/${addr}`,
    addr,
    createRevision: 1n,
    modRevision: 1n,
    lease: 1n,
  });
  const change = (fields: { added?: EndpointRecord[]; removed?: string[] }) => {
    protection.apply({ type: 'delta', added: [], changed: [], removed: [], ...fields }, 'live', clock.now());
    confirmation.schedule();
  };
  const add = (addr: string) => change({ added: [record(addr)] });
  const lose = (addr: string) => change({ removed: [`svc/${addr}`] });
  const unconfirmed = () => [...protection.unconfirmed].join();
  const advance = async (ms: number) => {
    clock.advance(ms);
    await settled();
  };
  const loseTheOnly = async (addr = 'a') => {
    add(addr);
    lose(addr);
    await settled();
  };

  it('is over after one answered read, whose time of sending shows that etcd was alive', async () => {
    await loseTheOnly();
    assert.deepEqual([unconfirmed(), mirror?.reads, results], ['', 1, 1]);
    assert.deepEqual(answered, [clock.now()]);
    assert.equal(clock.timers, 0);
  });

  it('records when the read was sent, not when it was answered', async () => {
    const sentAt = clock.now();
    let answer: (verified: boolean) => void = () => {};
    mirror!.answer = () => new Promise((resolve) => (answer = resolve));
    await loseTheOnly();
    await advance(1_500);
    answer(true);
    await settled();
    assert.deepEqual(answered, [sentAt]);
  });

  it('takes no failed read for an answer, and reports no result', async () => {
    mirror!.answer = async () => Promise.reject(new Error('unavailable'));
    await loseTheOnly();
    mirror!.answer = async () => false;
    await advance(5_000);
    assert.ok((mirror?.reads ?? 0) >= 2);
    assert.deepEqual([answered, results, unconfirmed()], [[], 0, 'svc/a']);
  });

  it('ends a read after two seconds, and reads again later', async () => {
    mirror!.answer = undefined;
    await loseTheOnly();
    await advance(1_999);
    assert.equal(mirror?.reads, 1);
    mirror!.answer = async () => true;
    await advance(1);
    await advance(500);
    assert.equal(mirror?.reads, 2);
  });

  it('has one read at a time', async () => {
    mirror!.answer = undefined;
    await loseTheOnly('a');
    await advance(1_000);
    await loseTheOnly('b');
    await advance(500);
    assert.equal(mirror?.reads, 1);
  });

  it('starts reads at least 100 ms apart', async () => {
    await loseTheOnly('a');
    await loseTheOnly('b');
    assert.deepEqual([mirror?.reads, unconfirmed()], [1, 'svc/b']);
    await advance(99);
    assert.equal(mirror?.reads, 1);
    await advance(1);
    assert.deepEqual([mirror?.reads, unconfirmed()], [2, '']);
  });

  it('forgets failed reads when the endpoint has returned', async () => {
    mirror!.answer = async () => false;
    await loseTheOnly();
    add('a');
    await settled();
    mirror!.answer = async () => true;
    await advance(5_000);
    lose('a');
    await settled();
    assert.equal(unconfirmed(), '', 'a new loss on an uninterrupted watch');
  });

  it('forgets an earlier epoch of the watch when the endpoint has returned', async () => {
    mirror!.answer = undefined;
    await loseTheOnly();
    add('a');
    mirror!.reconnects++;
    mirror!.answer = async () => true;
    await advance(5_000);
    lose('a');
    await advance(500);
    assert.equal(unconfirmed(), '');
  });

  it('survives that every endpoint returns during the read', async () => {
    let answer: (verified: boolean) => void = () => {};
    mirror!.answer = () => new Promise((resolve) => (answer = resolve));
    await loseTheOnly();
    add('a');
    await settled();
    answer(true);
    await settled();
    assert.deepEqual([unconfirmed(), results, clock.timers], ['', 1, 0]);
  });

  it('is suspended without a mirror', async () => {
    const former = mirror;
    mirror = undefined;
    await loseTheOnly();
    assert.equal(unconfirmed(), 'svc/a');
    mirror = former;
    await advance(600);
    assert.equal(mirror?.reads, 1);
    assert.equal(unconfirmed(), 'svc/a', 'there was no watch when it was lost');
  });

  describe('restarts the protection time', () => {
    const readAfter = async (interrupt: () => void) => {
      let answer: (verified: boolean) => void = () => {};
      mirror!.answer = () => new Promise((resolve) => (answer = resolve));
      await loseTheOnly();
      await advance(500);
      interrupt();
      answer(true);
      await settled();
      assert.equal(unconfirmed(), 'svc/a');
      return (protection.nextReadAt ?? 0) - clock.now();
    };

    it('if another mirror has the service', async () => {
      const left = await readAfter(() => {
        mirror = Object.assign(new FakeMirror({ prefix: 'svc/' }, {}), { forMs: 300 });
      });
      assert.equal(left, 9_700, 'from when its watch became live');
    });

    it('if the watch has reconnected', async () => {
      const left = await readAfter(() => Object.assign(mirror!, { reconnects: 1, forMs: 200 }));
      assert.equal(left, 9_800);
    });

    it('if the watch is not live', async () => {
      assert.equal(await readAfter(() => Object.assign(mirror!, { fresh: false })), 10_000);
    });

    it('if etcd was silent since the loss', async () => {
      assert.equal(await readAfter(() => (silence.lastSilentAt = clock.now() - 100)), 9_900);
    });

    it('from the end of the silence if that was after the reconnect', async () => {
      const left = await readAfter(() => {
        Object.assign(mirror!, { reconnects: 1, forMs: 200 });
        silence.lastSilentAt = clock.now() - 50;
      });
      assert.equal(left, 9_950);
    });
  });

  it('does not count a silence before the loss', async () => {
    silence.lastSilentAt = clock.now() - 1;
    await loseTheOnly();
    assert.equal(unconfirmed(), '');
  });

  describe('of a service that is no longer followed', () => {
    it('has no timer and sends no read', async () => {
      mirror!.answer = async () => false;
      await loseTheOnly();
      assert.equal(clock.timers, 1);
      confirmation.stop();
      assert.equal(clock.timers, 0);
      lose('a');
      await advance(60_000);
      assert.equal(mirror?.reads, 1);
    });

    it('ends the read, and ignores its result', async () => {
      let answer: (verified: boolean) => void = () => {};
      mirror!.answer = () => new Promise((resolve) => (answer = resolve));
      await loseTheOnly();
      confirmation.stop();
      answer(true);
      await settled();
      assert.deepEqual([results, clock.timers], [0, 0]);
    });
  });
});
