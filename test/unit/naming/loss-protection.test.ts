import assert from 'node:assert/strict';
import { LossProtection } from '#src/naming/directory/loss/loss-protection.js';
import { type LossProtectionOptions, withDefaults } from '#src/naming/directory/loss/options.js';
import type { EndpointRecord } from '#src/naming/index.js';

const second = 1_000;

/** The protection of one service, told of changes by address; each record's key is `svc/<address>`. */
function protectionOf(options: LossProtectionOptions = {}, ...addrs: string[]) {
  const protection = new LossProtection(withDefaults(options));
  const apply = (change: { added?: EndpointRecord[]; removed?: string[] }, now: number, live = true) =>
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
    loseUnseen: (now: number, ...gone: string[]) =>
      apply({ removed: gone.map((addr) => `svc/${addr}`) }, now, false),
    add: (now: number, addr: string, key = `svc/${addr}`) => apply({ added: [record(addr, key)] }, now),
    list,
    confirm: (now: number) => protection.confirm(protection.beginRead(), now),
    shown: () =>
      protection
        .visibleEndpoints()
        .map(({ addr }) => addr)
        .join(),
    held: () => [...protection.unconfirmed].map((key) => key.slice(4)).join(),
  };
}

function record(addr: string, key = `svc/${addr}`): EndpointRecord {
  return { key, addr, createRevision: 1n, modRevision: 1n, lease: 1n };
}

describe('loss protection', () => {
  it('measures leases that run out one by one against the view of one protection time ago', () => {
    const all = Array.from({ length: 10 }, (_, i) => `${i}`);
    const service = protectionOf({}, ...all);
    for (const [i, addr] of all.entries()) service.lose(i * 900, addr);
    assert.equal(service.held(), all.join());
    assert.equal(service.shown(), all.join());
  });

  it('forgets a loss that is older than the protection time', () => {
    const service = protectionOf({}, 'a', 'b');
    service.lose(0, 'a');
    service.lose(10 * second, 'b');
    assert.equal(service.held(), 'b');
  });

  for (const [lossThreshold, lost] of [
    [0.1, 1],
    [0.5, 5],
    [0.51, 6],
    [1, 10],
  ] as const) {
    it(`holds nothing until ${lost} of 10 are lost at a threshold of ${lossThreshold}`, () => {
      const all = Array.from({ length: 10 }, (_, i) => `${i}`);
      const service = protectionOf({ lossThreshold }, ...all);
      service.lose(1, ...all.slice(0, lost - 1));
      assert.equal(service.held(), '');
      assert.equal(service.protection.nextReadAt, undefined);
      service.lose(2, all[lost - 1]!);
      assert.equal(service.held(), all.slice(0, lost).join());
    });
  }

  it('lets a live loss be confirmed at once, one in doubt after the protection time', () => {
    const live = protectionOf({}, 'a');
    live.lose(5, 'a');
    assert.equal(live.protection.nextReadAt, 5);
    const doubtful = protectionOf({}, 'a');
    doubtful.loseUnseen(5, 'a');
    assert.equal(doubtful.protection.nextReadAt, 10_005);
    doubtful.confirm(10_004);
    assert.equal(doubtful.held(), 'a');
    doubtful.confirm(10_005);
    assert.equal(doubtful.held(), '');
  });

  it('keeps those that went in doubt for their time although the last went live', () => {
    const service = protectionOf({}, 'a', 'b');
    service.loseUnseen(0, 'a');
    service.lose(1, 'b');
    service.confirm(2);
    assert.equal(service.shown(), 'a');
    service.confirm(10_001);
    assert.equal(service.shown(), '');
  });

  it('keeps those that went live, too, when the last went in doubt', () => {
    const service = protectionOf({}, 'a', 'b');
    service.lose(0, 'a');
    service.loseUnseen(1, 'b');
    service.confirm(2);
    assert.equal(service.shown(), 'a,b');
  });

  it('does not clear an earlier suspicion by a live change', () => {
    const service = protectionOf({}, 'a', 'b', 'c');
    service.loseUnseen(0, 'a');
    service.add(1, 'd');
    service.lose(2, 'd');
    service.loseUnseen(3, 'b', 'c');
    assert.equal(service.held(), 'a,d,b,c');
  });

  for (const [how, key] of [
    ['under its key', 'svc/a'],
    ['under another key', 'svc/new'],
  ] as const) {
    it(`counts an endpoint that returns ${how} as lost no longer`, () => {
      const service = protectionOf({ lossThreshold: 0.5 }, 'a', 'b', 'c', 'd');
      service.lose(0, 'a');
      service.add(1, 'a', key);
      service.lose(2, 'b');
      assert.equal(service.held(), '', 'one of four');
      service.lose(3, 'c');
      service.add(4, 'c', key.replace('a', 'c'));
      assert.equal(service.held(), 'b');
    });
  }

  it('does not count a record whose address is still there under another key', () => {
    const service = protectionOf({ lossThreshold: 0.5 }, 'a');
    service.add(1, 'a', 'svc/same');
    service.lose(2, 'a');
    assert.equal(service.held(), '');
  });

  it('believes what a read confirmed: it is no part of the measure any more', () => {
    const service = protectionOf({ lossThreshold: 0.5 }, 'a', 'b', 'c', 'd', 'e', 'f');
    service.lose(0, 'a', 'b', 'c');
    service.confirm(1);
    service.lose(2, 'd');
    assert.equal(service.held(), '', 'one of the three that were left');
  });

  it('does not let a read confirm what went after it began', () => {
    const service = protectionOf({}, 'a');
    const read = service.protection.beginRead();
    service.lose(1, 'a');
    service.protection.confirm(read, 2);
    assert.equal(service.held(), 'a');
  });

  it('gives all that is held the whole time again after an interruption', () => {
    const service = protectionOf({}, 'a', 'b');
    service.lose(0, 'a', 'b');
    service.protection.restartProtection(4 * second);
    assert.equal(service.protection.nextReadAt, 14 * second);
    service.confirm(13 * second);
    assert.equal(service.held(), 'a,b');
  });
});
