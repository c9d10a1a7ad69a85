import assert from 'node:assert/strict';
import { maxCountedEndpoints, PickCounts } from '#src/naming/pick-counts.js';

describe('the picks of a service', () => {
  const sumOf = (counts: PickCounts) =>
    Object.values(counts.snapshot()).reduce((sum, picks) => sum + picks, 0);

  it('are those of all users of an endpoint, and stay when the endpoint has left', () => {
    const counts = new PickCounts();
    const [one, same, other] = [counts.use('a:1'), counts.use('a:1'), counts.use('b:1')];
    assert.equal(one, same);
    one.picks += 2;
    other.picks += 5;
    counts.release(one);
    counts.release(same);
    counts.release(other);
    assert.deepEqual(counts.snapshot(), { 'a:1': 2, 'b:1': 5 });
    counts.use('a:1').picks++;
    assert.deepEqual(counts.snapshot(), { 'a:1': 3, 'b:1': 5 });
  });

  it('are counted together beyond the limit, while all counted endpoints are used', () => {
    const counts = new PickCounts();
    const used = Array.from({ length: maxCountedEndpoints + 20 }, (_, i) => counts.use(`${i}:1`));
    for (const count of used) count.picks++;
    const snapshot = counts.snapshot();
    assert.equal(Object.keys(snapshot).length, maxCountedEndpoints + 1);
    assert.equal(snapshot['other'], 20);
    assert.equal(snapshot['0:1'], 1);
  });

  it('move to the others when the place of an endpoint without users is needed, so that the sum stays', () => {
    const counts = new PickCounts();
    for (let i = 0; i < 3 * maxCountedEndpoints; i++) {
      const count = counts.use(`${i}:1`);
      count.picks++;
      counts.release(count);
    }
    const snapshot = counts.snapshot();
    assert.equal(snapshot['other'], 2 * maxCountedEndpoints);
    assert.equal(Object.keys(snapshot).length, maxCountedEndpoints + 1);
    assert.equal(snapshot['0:1'], undefined);
    assert.equal(snapshot[`${3 * maxCountedEndpoints - 1}:1`], 1);
    assert.equal(sumOf(counts), 3 * maxCountedEndpoints);
  });

  it('have no member for others without picks of others', () => {
    const counts = new PickCounts();
    assert.deepEqual(counts.snapshot(), {});
    counts.use('a:1');
    assert.deepEqual(counts.snapshot(), { 'a:1': 0 });
  });
});
