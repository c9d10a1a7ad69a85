import assert from 'node:assert/strict';
import fc from 'fast-check';
import { planReads } from '#src/kv/batch/core/plan.js';
import { PlannedRead } from './planned-read.js';

const limits = { operations: 10, keyBytes: 100, answerBytes: 1_000 };
const nothing = { isRefused: () => false, expectedBytes: () => 1 };

describe('a plan of reads', () => {
  const anyRead = fc
    .record({
      name: fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 3 }),
      deadline: fc.oneof(
        fc.constant(Number.POSITIVE_INFINITY),
        fc.integer({ min: -5, max: 20 }),
        fc.integer({ min: 900, max: 1_200 }),
      ),
      serializable: fc.boolean(),
      keysOnly: fc.boolean(),
      isSettled: fc.boolean(),
    })
    .map(({ name, deadline, serializable, keysOnly, isSettled }) =>
      Object.assign(new PlannedRead(name, deadline, serializable, keysOnly), { isSettled }),
    );

  it('has every read once, in a batch that suits it or on its own', () => {
    fc.assert(
      fc.property(
        fc.array(anyRead, { maxLength: 60 }),
        fc.integer({ min: 1, max: 8 }),
        (reads, operations) => {
          const { batches, separate } = planReads(reads, 0, { ...limits, operations }, nothing);
          const planned = [...separate, ...batches.flatMap((batch) => batch.reads)];
          const open = reads.filter(({ isSettled }) => !isSettled);
          assert.equal(planned.length, open.length);
          assert.deepEqual(new Set(planned), new Set(open));
          for (const batch of batches) {
            assert.ok(batch.reads.length > 1 && batch.operations.length <= operations);
            const deadlines = batch.reads.map(({ deadline }) => deadline);
            assert.equal(batch.shortestMs, Math.min(...deadlines));
            assert.equal(batch.longestMs, Math.max(...deadlines));
            assert.ok(batch.shortestMs > 0 && batch.longestMs <= batch.shortestMs * 1.125);
            for (const read of batch.reads) {
              const operation = batch.operations[read.operation];
              assert.ok(operation);
              assert.equal(operation.name, read.name);
              assert.equal(operation.keysOnly, read.keysOnly);
              assert.equal(read.serializable, batch.serializable);
            }
            const names = batch.operations.flatMap(({ name, keysOnly }) => (keysOnly ? [] : [name]));
            assert.equal(new Set(names).size, names.length, 'one operation for each key');
          }
        },
      ),
    );
  });

  const numbered = (count: number) => Array.from({ length: count }, (_, i) => new PlannedRead(`${i}`));
  const sizes = ({ batches, separate }: ReturnType<typeof planReads>) => [
    batches.map(({ operations }) => operations.length),
    separate.length,
  ];

  it('starts a batch when another is full, and leaves the last read alone', () => {
    assert.deepEqual(sizes(planReads(numbered(31), 0, limits, nothing)), [[10, 10, 10], 1]);
  });

  it('limits the bytes of keys, and of the expected answer', () => {
    const long = Array.from({ length: 5 }, (_, i) => new PlannedRead(`${i}`.padEnd(40)));
    assert.deepEqual(sizes(planReads(long, 0, limits, nothing)), [[2, 2], 1]);
    const large = { ...nothing, expectedBytes: () => 300 };
    assert.deepEqual(sizes(planReads(numbered(6), 0, limits, large)), [[3, 3], 0]);
  });

  it('leaves out what does not fit into any batch, and refused keys', () => {
    const known = {
      isRefused: (name: string) => name === '1',
      expectedBytes: (name: string) => (name === '2' ? 1_001 : 1),
    };
    const reads = [...numbered(5), new PlannedRead('k'.repeat(101))];
    const { batches, separate } = planReads(reads, 0, limits, known);
    assert.deepEqual(
      [batches.map((batch) => batch.reads.map(({ name }) => name)), separate.map(({ key }) => key.length)],
      [[['0', '3', '4']], [1, 1, 101]],
    );
  });

  it('expects nothing of a read without value', () => {
    const large = { ...nothing, expectedBytes: () => 900 };
    const reads = numbered(3).map(({ name }) => new PlannedRead(name, 10_000, false, true));
    assert.deepEqual(sizes(planReads(reads, 0, limits, large)), [[3], 0]);
  });
});
