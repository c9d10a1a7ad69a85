import assert from 'node:assert/strict';
import type { WatchEffect, WatchReply } from '#src/watch/core/index.js';
import { Bench, created, events, put } from './builders.js';

type Of<T extends WatchEffect['type']> = WatchEffect & { readonly type: T };

const only = <T extends WatchEffect['type']>(effects: readonly WatchEffect[], type: T): Of<T>[] =>
  effects.filter((effect): effect is Of<T> => effect.type === type);

const range = { key: Buffer.from('b'), rangeEnd: Buffer.from('d') };

/** A watcher of keys from b to d, live from revision 5 on. */
function live(maxRevisionBytes?: number): Bench {
  const bench = new Bench(maxRevisionBytes);
  bench.input({ type: 'watch', watcher: 1, range, startRevision: 5n });
  bench.reply(1_000, created(4));
  return bench;
}

const malformedReplies: Readonly<Record<string, WatchReply>> = {
  'events out of order': events([put(9, 'b'), put(8, 'b')]),
  'a key before the range': events([put(8, 'a')]),
  'a key after the range': events([put(8, 'd')]),
  'an event newer than its response': events([put(8, 'b')], { header: 7 }),
  'a key twice in a revision': events([put(8, 'b'), put(8, 'c'), put(8, 'b')]),
  'a put of a key that was never created': events([
    { ...put(8, 'b'), kv: { ...put(8, 'b').kv, createRevision: 0n } },
  ]),
  'a key twice in a row': events([put(7, 'b'), put(8, 'c'), put(8, 'c')]),
  'events out of order in a fragment': events([put(9, 'b'), put(8, 'b')], { fragment: true }),
};

describe('a malformed watch response', () => {
  for (const [name, lie] of Object.entries(malformedReplies)) {
    it(`with ${name} delivers nothing, and the watch continues at its cursor on another stream after a pause`, () => {
      const bench = live();
      bench.reply(1_000, events([put(6, 'b')]));
      const effects = bench.reply(1_000, lie);
      assert.deepEqual(only(effects, 'deliver'), []);
      assert.equal(only(effects, 'close-stream').length, 1);
      assert.deepEqual(only(effects, 'open-stream'), []);
      assert.deepEqual(
        only(effects, 'arm-timer').map(({ timer }) => timer),
        ['reopen'],
      );
      const [disconnected] = only(effects, 'status').map(({ status }) => status);
      assert.ok(disconnected?.type === 'disconnected');
      assert.match(disconnected.error.message, /not of etcd's protocol/);
      const again = bench.timer('reopen');
      assert.deepEqual(
        only(again, 'send-create').map(({ startRevision }) => startRevision),
        [7n],
      );
    });
  }

  it('is detected in a later fragment', () => {
    const bench = live();
    bench.reply(1_000, events([put(7, 'b'), put(8, 'b')], { fragment: true }));
    const effects = bench.reply(1_000, events([put(7, 'c')], { fragment: true }));
    assert.equal(only(effects, 'close-stream').length, 1);
    assert.deepEqual(
      only(bench.timer('reopen'), 'send-create').map(({ startRevision }) => startRevision),
      [8n],
    );
  });

  it('makes the pauses grow even if each stream delivers something first', () => {
    const bench = live();
    const pauses: number[] = [];
    for (let round = 0; round < 12; round++) {
      const id = 1_000 + round;
      bench.reply(id, created(4));
      bench.reply(id, events([put(6 + round, 'b')]));
      const effects = bench.reply(id, events([put(900, 'b'), put(8, 'b')]));
      pauses.push(only(effects, 'arm-timer').find(({ timer }) => timer === 'reopen')?.delayMs ?? 0);
      bench.timer('reopen');
    }
    assert.deepEqual(
      [...pauses].sort((a, b) => a - b),
      pauses,
    );
    assert.ok((pauses[11] ?? 0) >= 2_500, pauses.join());
  });

  it('does not include what some releases or proxies send: repeated events, or no revision in the header', () => {
    const bench = live();
    bench.reply(1_000, events([put(6, 'b'), put(8, 'b'), put(8, 'c')]));
    const effects = bench.reply(
      1_000,
      events([put(6, 'b'), put(8, 'b'), put(8, 'c'), put(9, 'b')], { header: 0 }),
    );
    assert.deepEqual(
      only(effects, 'deliver').map((one) => one.events.map(({ kv }) => kv.modRevision)),
      [[9n]],
    );
    assert.deepEqual(only(effects, 'close-stream'), []);
  });
});

describe('a fragmented revision', () => {
  it('that is too large ends the watch with a typed error, after earlier revisions are delivered', () => {
    const bench = live();
    const first = bench.reply(1_000, events([put(6, 'b'), put(7, 'b')], { fragment: true }));
    assert.deepEqual(
      only(first, 'deliver').flatMap((one) => one.events.map(({ kv }) => kv.modRevision)),
      [6n],
    );
    let finished: Of<'finish'> | undefined;
    let pieces = 0;
    while (!finished && pieces < 1_000) {
      const key = `c${String(pieces++).padStart(4, '0')}`;
      const effects = bench.reply(1_000, events([put(7, key)], { fragment: true }));
      assert.deepEqual(only(effects, 'deliver'), []);
      finished = only(effects, 'finish')[0];
      if (finished) assert.equal(only(effects, 'close-stream').length, 1); // it was the only watcher
    }
    assert.equal(finished?.error.reason, 'ResponseTooLarge');
    assert.ok(pieces > 5 && pieces < 30, `${pieces} pieces within 10,000 bytes`);
  });

  it('is assembled in linear time', () => {
    const pieces = 5_000;
    let copied = 0;
    const bench = live(2 ** 30);
    const { concat } = Array.prototype;
    // Counts copied events: a clock would also measure the load of the machine.
    Array.prototype.concat = function counted<T>(this: T[], ...others: (T | ConcatArray<T>)[]): T[] {
      copied += this.length;
      return concat.apply(this, others) as T[];
    };
    try {
      for (let i = 0; i < pieces; i++)
        bench.reply(1_000, events([put(7, `c${i}`)], { fragment: i < pieces - 1 }));
    } finally {
      Array.prototype.concat = concat;
    }
    assert.ok(copied <= 2 * pieces, `${copied} events copied`);
  });
});
