import assert from 'node:assert/strict';
import { Ejections } from '#src/naming/picker/ejections.js';
import { FakeClock } from '../../lease/fakes.js';

describe('ejections', () => {
  const [a, b, c] = [{ name: 'a' }, { name: 'b' }, { name: 'c' }];
  let clock: FakeClock;
  let ejections: Ejections<{ readonly name: string }>;

  const ended = () => ejections.takeEnded().map(({ name }) => name);

  beforeEach(() => {
    clock = new FakeClock();
    ejections = new Ejections(clock, () => 0); // each takes 1 s, without jitter
  });

  it('end one by one', () => {
    ejections.eject(a);
    clock.advance(400);
    ejections.eject(b);
    clock.advance(599);
    assert.deepEqual(ended(), []);
    clock.advance(1);
    assert.deepEqual(ended(), ['a']);
    assert.equal(ejections.size, 1);
    clock.advance(399);
    assert.deepEqual(ended(), []);
    clock.advance(1);
    assert.deepEqual(ended(), ['b']);
    assert.equal(ejections.size, 0);
  });

  it('end in the order of their ends when three are left', () => {
    for (const item of [c, b, a]) {
      ejections.eject(item);
      clock.advance(100);
    }
    clock.advance(700);
    assert.deepEqual(ended(), ['c']);
    clock.advance(100);
    assert.deepEqual(ended(), ['b']);
    clock.advance(100);
    assert.deepEqual(ended(), ['a']);
  });

  it('do not grow while an item is ejected', () => {
    assert.equal(ejections.eject(a), true);
    assert.equal(ejections.eject(a), false);
    assert.equal(ejections.size, 1);
  });

  it('forget an item that is deleted', () => {
    ejections.eject(a);
    ejections.delete(a);
    assert.equal(ejections.size, 0);
    clock.advance(1_000);
    assert.deepEqual(ended(), []);
  });

  it('end all at once by takeAll()', () => {
    ejections.eject(a);
    ejections.eject(b);
    assert.equal(ejections.takeAll().length, 2);
    assert.equal(ejections.size, 0);
    clock.advance(1_000);
    assert.deepEqual(ended(), []);
  });

  it('take longer by up to 30 s when an item is ejected again soon, and start again after a longer time', () => {
    const long = new Ejections<object>(clock, () => 0.999);
    const lengthOf = () => {
      long.eject(a);
      let lengthMs = 0;
      for (; long.takeEnded().length === 0; lengthMs += 100) clock.advance(100);
      return lengthMs;
    };
    const lengths = Array.from({ length: 7 }, lengthOf);
    assert.deepEqual(lengths, [2_000, 3_000, 5_000, 9_000, 17_000, 31_000, 31_000]);
    clock.advance(30_100);
    assert.equal(lengthOf(), 2_000);
  });
});
