import assert from 'node:assert/strict';
import { Code, DeadlineError, type EtcdError, errorFor, errorFromServer } from '#src/errors/index.js';
import { failureOf } from '#src/kv/batch/core/failure.js';
import { RefusedKeys } from '#src/kv/batch/core/refused-keys.js';
import { type ServerFacts, ServerSupport } from '#src/kv/batch/core/server-support.js';
import { ValueSizes } from '#src/kv/batch/core/value-sizes.js';

const minuteMs = 60_000;

describe('what is remembered of refused keys', () => {
  it('is forgotten after ten minutes, or when the key could be read', () => {
    const keys = new RefusedKeys();
    keys.add('a', 0);
    keys.add('b', 0);
    assert.deepEqual([keys.has('a', 1), keys.has('b', 1), keys.has('c', 1)], [true, true, false]);
    keys.remove('b');
    assert.deepEqual([keys.has('a', 1), keys.has('b', 1)], [true, false]);
    assert.equal(keys.has('a', 10 * minuteMs - 1), true);
    assert.equal(keys.has('a', 10 * minuteMs), false);
  });

  it('becomes a pause for all keys when there are too many', () => {
    const keys = new RefusedKeys();
    for (let i = 0; i < 1_000; i++) keys.add(`${i}`, 0);
    assert.equal(keys.has('other', 1), false);
    keys.add('1000', 0);
    assert.equal(keys.has('other', 1), true);
    keys.add('1001', 1);
    assert.equal(keys.has('other', 1), true);
    assert.equal(keys.has('other', 10 * minuteMs), false);
  });
});

describe('what is remembered of values', () => {
  it('is the size of each large one, and the average of the others', () => {
    const sizes = new ValueSizes();
    const unknown = sizes.expected('none');
    sizes.record('large', 1_000_000);
    assert.ok(sizes.expected('large') > 1_000_000);
    for (let i = 0; i < 1_000; i++) {
      sizes.record(`small ${i}`, 100);
      sizes.record('large', 1_000_000);
    }
    assert.ok(sizes.expected('other') < unknown + 200, 'known large values do not change the average');
    sizes.record('large', 100);
    assert.ok(sizes.expected('large') < unknown + 200);
  });

  it('has a bound', () => {
    const sizes = new ValueSizes();
    for (let i = 0; i < 1_001; i++) sizes.record(`${i}`, 1_000_000 + i);
    for (let i = 0; i < 1_000; i++) sizes.record(`small ${i}`, 0);
    assert.ok(sizes.expected('0') < 1_000_000);
    assert.ok(sizes.expected('1') > 1_000_000);
  });
});

describe('what is remembered of a connection', () => {
  const facts: ServerFacts = { version: '3.5.7', memberId: 7n, isLearner: false, isMember: true };

  function known(more: Partial<ServerFacts> = {}): ServerSupport {
    const support = new ServerSupport(100);
    assert.ok(support.startAsking(1, 0));
    support.onFacts(1, { ...facts, ...more }, 0);
    return support;
  }

  it('comes from one question at a time', () => {
    const support = new ServerSupport(100);
    assert.equal(support.operations(1), 0);
    assert.deepEqual(
      [1, 1, 2].map((one) => support.startAsking(one, 0)),
      [true, false, true],
    );
    support.onFacts(1, facts, 0);
    assert.deepEqual([support.operations(1), support.operations(2)], [100, 0]);
    assert.equal(support.startAsking(1, 1e12), false);
  });

  it('is asked again after a minute without an answer, and of a learner', () => {
    for (const answer of [undefined, { ...facts, isLearner: true }]) {
      const support = new ServerSupport(100);
      support.startAsking(1, 0);
      support.onFacts(1, answer, 0);
      assert.equal(support.operations(1), 0);
      assert.equal(support.startAsking(1, minuteMs - 1), false);
      assert.equal(support.startAsking(1, minuteMs), true);
    }
  });

  it('excludes batches for as long as it lasts if the server is not safe', () => {
    for (const answer of [{ version: '3.5.6' }, { isMember: false }]) {
      const support = known(answer);
      assert.equal(support.operations(1), 0);
      assert.equal(support.startAsking(1, 1e12), false);
    }
  });

  it('excludes batches after an answer of another member', () => {
    const support = known();
    support.onAnswer(1, 5, 7n);
    assert.equal(support.operations(1), 100);
    support.onAnswer(1, 5, 8n);
    assert.equal(support.operations(1), 0);
  });

  it('excludes batches for ten minutes after a refusal, then asks again', () => {
    const support = known();
    support.onRefusal(1, 0);
    assert.equal(support.operations(1), 0);
    assert.equal(support.startAsking(1, 10 * minuteMs - 1), false);
    assert.equal(support.startAsking(1, 10 * minuteMs), true);
    support.onFacts(1, facts, 10 * minuteMs);
    assert.equal(support.operations(1), 100);
  });

  it('limits operations to the most that were accepted, after too many', () => {
    const support = known();
    for (const operations of [5, 12, 3]) support.onAnswer(1, operations, 7n);
    support.onTooManyOperations(1, 0);
    assert.equal(support.operations(1), 12);
    const first = known();
    first.onAnswer(1, 1, 7n);
    first.onTooManyOperations(1, 0);
    assert.equal(first.operations(1), 0);
  });

  it('has a bound', () => {
    const support = known();
    for (let connection = 2; connection < 100; connection++) support.startAsking(connection, 0);
    assert.equal(support.operations(1), 0);
    support.onFacts(1, facts, 0);
    assert.equal(support.operations(1), 0);
  });
});

describe('a failed batch', () => {
  const rows: readonly (readonly [error: EtcdError, expected: string, ofSerializable?: string])[] = [
    [errorFor('PermissionDenied'), 'key'],
    [errorFor('TooManyOps'), 'operations'],
    [errorFromServer(Code.RESOURCE_EXHAUSTED, 'Received message larger than max (9 vs. 8)'), 'size'],
    [errorFor('NotSupportedForLearner'), 'attempt', 'batch'],
    [errorFor('InvalidAuthToken'), 'attempt'],
    [errorFor('AuthOldRevision'), 'attempt'],
    [errorFor('NoLeader'), 'attempt'],
    [errorFor('Timeout'), 'attempt'],
    [errorFor('RequestTooManyRequests'), 'attempt'],
    [errorFromServer(Code.UNAVAILABLE, 'Connection dropped'), 'attempt'],
    [errorFromServer(Code.CANCELLED, 'the client was closed'), 'attempt'],
    [new DeadlineError('no answer'), 'attempt'],
    [errorFor('NoSpace'), 'batch'],
    [errorFor('AuthFailed'), 'batch'],
    [errorFromServer(Code.UNIMPLEMENTED, 'unknown method Txn'), 'batch'],
    [errorFromServer(Code.INTERNAL, 'the answer is not of the protocol'), 'batch'],
    [errorFromServer(Code.UNKNOWN, 'something'), 'batch'],
  ];
  for (const [error, expected, ofSerializable = expected] of rows) {
    it(`with ${error.message} concerns: ${expected}`, () => {
      assert.equal(failureOf(error, false), expected);
      assert.equal(failureOf(error, true), ofSerializable);
    });
  }
});
