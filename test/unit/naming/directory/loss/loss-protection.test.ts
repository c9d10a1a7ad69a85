import assert from 'node:assert/strict';
import { LossProtection } from '#src/naming/directory/loss/loss-protection.js';
import { type LossProtectionOptions, withDefaults } from '#src/naming/directory/loss/options.js';
import type { EndpointRecord } from '#src/naming/index.js';

const second = 1_000;

/** The protection of one service. Changes are given by address; the key of a record is `svc/<address>`. */
function protectionOf(options: LossProtectionOptions = {}, ...addrs: string[]) {
  return protectionFor(new LossProtection(withDefaults(options)), addrs);
}

function protectionFor(protection: LossProtection, addrs: readonly string[]) {
  type Delta = { added?: EndpointRecord[]; changed?: EndpointRecord[]; removed?: string[] };
  const apply = (change: Delta, now: number, live = true) =>
    protection.apply(
      { type: 'delta', added: [], changed: [], removed: [], ...change },
      live ? 'live' : 'after-reconnect',
      now,
    );
  const list = (now: number, live: boolean, ...all: string[]) => {
    const endpoints = new Map(all.map((addr) => [`svc/${addr}`, record(addr)]));
    protection.apply({ type: 'snapshot', endpoints }, live ? 'live' : 'after-reconnect', now);
  };
  list(0, false, ...addrs);
  return {
    protection,
    lose: (now: number, ...gone: string[]) => apply({ removed: gone.map((addr) => `svc/${addr}`) }, now),
    loseDuringOutage: (now: number, ...gone: string[]) =>
      apply({ removed: gone.map((addr) => `svc/${addr}`) }, now, false),
    add: (now: number, addr: string, key = `svc/${addr}`) => apply({ added: [record(addr, key)] }, now),
    /** The record under that key has another address. */
    move: (now: number, addr: string, key: string) => apply({ changed: [record(addr, key)] }, now),
    list,
    confirm: (now: number) => protection.confirm(protection.beginRead(), now),
    visible: () =>
      protection
        .visibleEndpoints()
        .map(({ addr }) => addr)
        .join(),
    unconfirmed: () => [...protection.unconfirmed].map((key) => key.slice(4)).join(),
  };
}

function record(addr: string, key = `svc/${addr}`): EndpointRecord {
  return { key, addr, createRevision: 1n, modRevision: 1n, lease: 1n };
}

describe('loss protection', () => {
  it('compares leases that expire one by one with the view of one protection time ago', () => {
    const all = Array.from({ length: 10 }, (_, i) => `${i}`);
    const service = protectionOf({}, ...all);
    for (const [i, addr] of all.entries()) service.lose(i * 900, addr);
    assert.equal(service.unconfirmed(), all.join());
    assert.equal(service.visible(), all.join());
  });

  it('drops a loss that is older than the protection time', () => {
    const service = protectionOf({}, 'a', 'b');
    service.lose(0, 'a');
    service.lose(10 * second, 'b');
    assert.equal(service.unconfirmed(), 'b');
  });

  for (const [lossThreshold, lost] of [
    [0.1, 1],
    [0.5, 5],
    [0.51, 6],
    [1, 10],
  ] as const) {
    it(`protects nothing until ${lost} of 10 are lost at a threshold of ${lossThreshold}`, () => {
      const all = Array.from({ length: 10 }, (_, i) => `${i}`);
      const service = protectionOf({ lossThreshold }, ...all);
      service.lose(1, ...all.slice(0, lost - 1));
      assert.equal(service.unconfirmed(), '');
      assert.equal(service.protection.nextReadAt, undefined);
      service.lose(2, all[lost - 1]!);
      assert.equal(service.unconfirmed(), all.slice(0, lost).join());
    });
  }

  it('lets a read confirm a live loss immediately, and a suspect one after the protection time', () => {
    const live = protectionOf({}, 'a');
    live.lose(5, 'a');
    assert.equal(live.protection.nextReadAt, 5);
    const suspect = protectionOf({}, 'a');
    suspect.loseDuringOutage(5, 'a');
    assert.equal(suspect.protection.nextReadAt, 10_005);
    suspect.confirm(10_004);
    assert.equal(suspect.unconfirmed(), 'a');
    suspect.confirm(10_005);
    assert.equal(suspect.unconfirmed(), '');
  });

  it('keeps suspect losses for their protection time when the last loss is live', () => {
    const service = protectionOf({}, 'a', 'b');
    service.loseDuringOutage(0, 'a');
    service.lose(1, 'b');
    assert.equal(service.protection.nextReadAt, 1, 'for the live one');
    service.confirm(2);
    assert.equal(service.visible(), 'a');
    service.confirm(10_001);
    assert.equal(service.visible(), '');
  });

  it('protects live losses too when the last loss is suspect', () => {
    const service = protectionOf({}, 'a', 'b');
    service.lose(0, 'a');
    service.loseDuringOutage(1, 'b');
    service.confirm(2);
    assert.equal(service.visible(), 'a,b');
  });

  it('lets a live loss be confirmed immediately after a later suspect one', () => {
    const service = protectionOf({ lossThreshold: 0.5 }, 'a', 'b', 'c', 'd');
    service.lose(0, 'a', 'b');
    service.loseDuringOutage(1, 'c');
    assert.equal(service.protection.nextReadAt, 0);
    service.confirm(2);
    assert.equal(service.unconfirmed(), 'c');
    assert.equal(service.protection.nextReadAt, 10_001);
  });

  it('protects further losses while earlier ones are unconfirmed, and counts each once', () => {
    const service = protectionOf({ lossThreshold: 0.5 }, 'a', 'b', 'c', 'd');
    service.lose(0, 'a', 'b');
    for (const addr of ['e', 'f', 'g', 'h']) service.add(1, addr);
    service.lose(2, 'e');
    assert.equal(service.unconfirmed(), 'a,b', 'three of eight');
    service.lose(3, 'f');
    assert.equal(service.unconfirmed(), 'a,b,e,f');
  });

  it('keeps a loss suspect after a live change', () => {
    const service = protectionOf({}, 'a', 'b', 'c');
    service.loseDuringOutage(0, 'a');
    service.add(1, 'd');
    service.lose(2, 'd');
    service.loseDuringOutage(3, 'b', 'c');
    assert.equal(service.unconfirmed(), 'a,d,b,c');
  });

  for (const [how, key] of [
    ['under its key', 'svc/a'],
    ['under another key', 'svc/new'],
  ] as const) {
    it(`does not count an endpoint that returns ${how} as lost`, () => {
      const service = protectionOf({ lossThreshold: 0.5 }, 'a', 'b', 'c', 'd');
      service.lose(0, 'a');
      service.add(1, 'a', key);
      service.lose(2, 'b');
      assert.equal(service.unconfirmed(), '', 'one of four');
      service.lose(3, 'c');
      service.add(4, 'c', key.replace('a', 'c'));
      assert.equal(service.unconfirmed(), 'b');
    });
  }

  it('does not count a record whose address is present under another key', () => {
    const service = protectionOf({ lossThreshold: 0.5 }, 'a');
    service.add(1, 'a', 'svc/same');
    service.lose(2, 'a');
    assert.equal(service.unconfirmed(), '');
  });

  it('does not show a loss again because a second record of a present address goes', () => {
    const service = protectionOf({ lossThreshold: 0.5 }, 'a', 'b');
    service.add(0, 'a', 'svc/same');
    service.lose(1, 'b');
    service.lose(2, 'same');
    assert.equal(service.visible(), 'a');
  });

  it('ignores the end of a record that was never valid', () => {
    const service = protectionOf({}, 'a');
    service.lose(1, 'invalid');
    assert.deepEqual([service.visible(), service.unconfirmed()], ['a', '']);
  });

  it('does not count a record whose address changes, live or in a new listing', () => {
    const service = protectionOf({ lossThreshold: 0.5 }, 'a');
    service.move(1, 'b', 'svc/a');
    assert.deepEqual([service.visible(), service.unconfirmed()], ['b', '']);
    const endpoints = new Map([['svc/a', record('c', 'svc/a')]]);
    service.protection.apply({ type: 'snapshot', endpoints }, 'after-reconnect', 2);
    assert.deepEqual([service.visible(), service.unconfirmed()], ['c', '']);
  });

  it('counts the loss of an address that another record had before', () => {
    const service = protectionOf({ lossThreshold: 0.5 }, 'a');
    service.move(1, 'b', 'svc/a');
    service.add(2, 'a', 'svc/new');
    service.lose(3, 'new');
    assert.equal(service.unconfirmed(), 'new');
  });

  describe('for two records of one address', () => {
    const twice = () => {
      const service = protectionOf({}, 'a');
      service.add(1, 'a', 'svc/same');
      service.lose(2, 'a', 'same');
      assert.equal(service.unconfirmed(), 'a,same');
      return service;
    };

    it('drops both when the address returns under a third key', () => {
      const service = twice();
      service.add(3, 'a', 'svc/new');
      assert.equal(service.unconfirmed(), '');
    });

    it('drops both after their protection time was restarted, too', () => {
      const service = twice();
      service.protection.restartProtection(3);
      service.add(4, 'a', 'svc/new');
      assert.equal(service.unconfirmed(), '');
    });
  });

  it('does not count confirmed losses', () => {
    const service = protectionOf({ lossThreshold: 0.5 }, 'a', 'b', 'c', 'd', 'e', 'f');
    service.lose(0, 'a', 'b', 'c');
    service.confirm(1);
    service.lose(2, 'd');
    assert.equal(service.unconfirmed(), '', 'one of the three that remain');
  });

  describe('for a loss below the threshold, of which a read is answered', () => {
    /** The service has lost `a`, unconfirmed, and then `b` of `b` and `c`. */
    const service = (loseB: (one: ReturnType<typeof protectionOf>) => void) => {
      const one = protectionOf({}, 'a');
      one.lose(0, 'a');
      for (const addr of ['b', 'c']) one.add(1, addr);
      loseB(one);
      assert.equal(one.visible(), one.unconfirmed() === 'a' ? 'a,c' : 'c');
      return one;
    };

    it('does not show it again', () => {
      const one = service(({ lose }) => lose(2, 'b'));
      one.confirm(3);
      one.lose(4, 'c');
      assert.equal(one.unconfirmed(), 'c');
    });

    it('shows it again if it is suspect', () => {
      const one = service(({ loseDuringOutage }) => loseDuringOutage(2, 'b'));
      one.confirm(3);
      one.lose(4, 'c');
      assert.equal(one.unconfirmed(), 'b,c');
    });

    it('shows it again if the read began before', () => {
      const one = service(({ lose, protection }) => {
        const read = protection.beginRead();
        lose(2, 'b');
        protection.confirm(read, 3);
      });
      one.lose(4, 'c');
      assert.equal(one.unconfirmed(), 'b,c');
    });
  });

  it('does not confirm a loss by a read that began before it', () => {
    const service = protectionOf({}, 'a');
    const read = service.protection.beginRead();
    service.lose(1, 'a');
    service.protection.confirm(read, 2);
    assert.equal(service.unconfirmed(), 'a');
  });

  describe('of a service with several prefixes', () => {
    const severalOf = (options: LossProtectionOptions, ...addrs: string[]) =>
      protectionFor(new LossProtection(withDefaults(options), undefined, true), addrs);

    it('keeps a loss below the threshold until a read that began after it', () => {
      const service = severalOf({}, 'a', 'b', 'c');
      const read = service.protection.beginRead();
      service.lose(1, 'a');
      assert.deepEqual([service.visible(), service.unconfirmed()], ['a,b,c', 'a']);
      assert.equal(service.protection.nextReadAt, 1);
      service.protection.confirm(read, 2);
      assert.equal(service.unconfirmed(), 'a');
      service.confirm(3);
      assert.deepEqual([service.visible(), service.unconfirmed()], ['b,c', '']);
      assert.equal(service.protection.nextReadAt, undefined);
    });

    it('shows an address under its new key as soon as that is known', () => {
      const service = severalOf({}, 'a', 'b');
      service.lose(1, 'a');
      service.add(2, 'a', 'svc/new');
      assert.deepEqual([service.visible(), service.unconfirmed()], ['b,a', '']);
    });

    it('keeps it for the protection time after an interruption, also if more is lost meanwhile', () => {
      const service = severalOf({ lossThreshold: 0.5 }, 'a', 'b', 'c', 'd');
      service.lose(0, 'a');
      service.protection.restartProtection(1);
      service.lose(2, 'b');
      service.confirm(3);
      assert.equal(service.unconfirmed(), 'a');
      service.confirm(10_001);
      assert.equal(service.visible(), 'c,d');
    });

    it('does not keep it for the protection time below the threshold, even if live losses are', () => {
      const service = severalOf({ includeLive: true, lossThreshold: 0.5 }, 'a', 'b', 'c', 'd');
      service.lose(0, 'a');
      service.confirm(1);
      assert.equal(service.visible(), 'b,c,d');
      service.lose(2, 'b');
      service.confirm(3);
      assert.equal(service.unconfirmed(), 'a,b', 'half of them are lost');
    });

    it('shows every loss at once without a protection time', () => {
      const service = severalOf({ protectionMs: 0 }, 'a', 'b');
      service.lose(1, 'a');
      assert.deepEqual([service.visible(), service.unconfirmed()], ['b', '']);
    });
  });

  it('restarts the protection time of all unconfirmed losses after an interruption', () => {
    const service = protectionOf({}, 'a', 'b');
    service.lose(0, 'a', 'b');
    service.protection.restartProtection(4 * second);
    assert.equal(service.protection.nextReadAt, 14 * second);
    service.confirm(13 * second);
    assert.equal(service.unconfirmed(), 'a,b');
  });
});
