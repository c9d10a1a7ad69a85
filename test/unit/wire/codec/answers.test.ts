import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Event, KeyValue } from '#src/gen/etcd/kv.js';
import {
  KVService,
  RangeResponse,
  WatchService,
  type WatchResponse as WireWatchResponse,
} from '#src/gen/etcd/rpc.js';
import type { WatchEvent } from '#src/model/index.js';
import { decodeAnswer } from '#src/wire/answer/decode.js';
import { answerRules } from '#src/wire/answer/shapes.js';
import { deleteRange, put, range, rangeStream, txn } from '#src/wire/codec/kv-answers.js';
import { watch } from '#src/wire/codec/watch-answer.js';
import type { Method } from '#src/wire/method.js';
import { anyMessage, anyMutation } from './any-answer.js';

const maxBytes = 1024 * 1024;

function attempt<T>(method: Method<never, T>, bytes: Buffer): T | undefined {
  try {
    return decodeAnswer(method, bytes, maxBytes);
  } catch {
    return undefined;
  }
}

function toWatchEvent({ type, kv, prevKv }: Event): WatchEvent {
  assert.ok(kv);
  const event = { type: type === 0 ? ('put' as const) : ('delete' as const), kv };
  return prevKv ? { ...event, prevKv } : event;
}

const withWatchEvents = (response: unknown) => {
  const { events, ...fields } = response as WireWatchResponse;
  return { ...fields, events: events.map(toWatchEvent) };
};

/** A decoder, the generated one, and the conversion of the latter's values. */
const decoders: readonly [Method<never, unknown>, Method<never, unknown>, (value: unknown) => unknown][] = [
  [range, KVService.range, (value) => value],
  [rangeStream, KVService.rangeStream, (value) => value],
  [put, KVService.put, (value) => value],
  [deleteRange, KVService.deleteRange, (value) => value],
  [txn, KVService.txn, (value) => value],
  [watch, WatchService.watch, withWatchEvents],
];

describe('the decoder of answers', () => {
  for (const [method, generated, convert] of decoders) {
    const shape = answerRules.get(method.path)?.shape;
    assert.ok(shape);
    it(`to ${method.path} returns the same values as the generated one, or refuses what that refuses`, () => {
      const outcomes = { accepted: 0, refused: 0 };
      fc.assert(
        fc.property(fc.oneof(anyMessage(shape), anyMutation(anyMessage(shape))), (message) => {
          const bytes = Buffer.from(message);
          const expected = attempt(generated, bytes);
          const found = attempt(method, bytes);
          assert.deepEqual(found, expected && convert(expected));
          outcomes[found ? 'accepted' : 'refused']++;
        }),
        { numRuns: 4_000 },
      );
      assert.ok(Math.min(outcomes.accepted, outcomes.refused) > 400, JSON.stringify(outcomes));
    });
  }

  it('returns bytes that keep at most 8 KiB or their own message in memory', () => {
    const sizes = [1, 700, 1_000, 5_000, 100_000, 3, 20];
    const kvs = sizes.map((size, i) =>
      KeyValue.fromPartial({
        key: Buffer.from(`k${i}`),
        value: Buffer.alloc(size, i),
        createRevision: 1,
        modRevision: 2,
      }),
    );
    const bytes = KVService.range.responseSerialize(RangeResponse.fromPartial({ kvs }));
    const found = decodeAnswer(range, bytes, maxBytes).kvs;
    for (const [i, { key, value }] of found.entries()) {
      assert.equal(String(key), `k${i}`);
      const kept = Math.max(key.buffer.byteLength, value.buffer.byteLength);
      assert.ok(kept <= Math.max(8_192, value.length + 100), `${kept} for ${value.length}`);
      assert.notEqual(value.buffer, bytes.buffer);
    }
  });
});
