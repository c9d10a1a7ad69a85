import assert from 'node:assert/strict';
import { Code, PermissionDeniedError } from '#src/errors/index.js';
import type { MirrorState } from '#src/naming/directory/service-mirror.js';
import { type PartState, UnionState } from '#src/naming/directory/union/union-state.js';
import { FakeClock } from '../../../lease/fakes.js';

describe('the state of several mirrors', () => {
  let clock: FakeClock;
  let parts: { mirror: { current: MirrorState | undefined }; staleSince: number | undefined }[];
  let union: UnionState;

  const mirror = (fresh: boolean, forMs: number, reconnects = 0, revision = 1n): MirrorState => ({
    status: () => ({ fresh, forMs, reconnects, revision }),
    verify: async () => fresh,
  });
  const show = (...mirrors: (MirrorState | undefined)[]) => {
    for (const [i, part] of parts.entries()) part.mirror.current = mirrors[i];
  };
  const status = () => {
    const { fresh, forMs, reconnects, revision } = union.current!.status();
    return { fresh, forMs, reconnects, revision };
  };
  const [first, second] = [() => parts[0] as PartState, () => parts[1] as PartState];

  beforeEach(() => {
    clock = new FakeClock();
    parts = [1, 2].map(() => ({ mirror: { current: undefined }, staleSince: undefined }));
    union = new UnionState(clock, () => parts);
  });

  it('exists when each prefix has a mirror', () => {
    assert.equal(union.current, undefined);
    show(mirror(true, 0));
    assert.equal(union.current, undefined);
    show(mirror(true, 0), mirror(true, 0));
    assert.notEqual(union.current, undefined);
  });

  it('is another object after a mirror was replaced, and only then', () => {
    const [a, b] = [mirror(true, 1), mirror(true, 1)];
    show(a, b);
    const before = union.current;
    assert.equal(union.current, before);
    show(a, mirror(true, 1));
    assert.notEqual(union.current, before);
  });

  it('is fresh if all are, since the last one is, and has the reconnects of all', () => {
    show(mirror(true, 500, 2, 9n), mirror(true, 300, 3, 7n));
    assert.deepEqual(status(), { fresh: true, forMs: 300, reconnects: 5, revision: 7n });
  });

  it('is not fresh if one is not, since the first one is not', () => {
    show(mirror(false, 500), mirror(true, 900));
    assert.deepEqual([status().fresh, status().forMs], [false, 500]);
    show(mirror(false, 500), mirror(false, 300));
    assert.deepEqual([status().fresh, status().forMs], [false, 500]);
  });

  it('is verified if all are', async () => {
    show(mirror(true, 0), mirror(true, 0));
    assert.equal(await union.current!.verify(), true);
    show(mirror(true, 0), mirror(false, 0));
    assert.equal(await union.current!.verify(), false);
  });

  describe('of which one may not be read', () => {
    const denied = new PermissionDeniedError('denied', { code: Code.PERMISSION_DENIED, verdict: 'final' });
    const refused: MirrorState = { ...mirror(true, 0), verify: () => Promise.reject(denied) };

    it('is verified if all others are, since a watch may outlive its permission', async () => {
      show(mirror(true, 0), refused);
      assert.equal(await union.current!.verify(), true);
      show(mirror(false, 0), refused);
      assert.equal(await union.current!.verify(), false);
    });

    it('is not verified if no other is left', async () => {
      show(refused, refused);
      assert.equal(await union.current!.verify(), false);
    });
  });

  it('has the error of a mirror that cannot be verified for another reason', async () => {
    show(mirror(true, 0), { ...mirror(true, 0), verify: () => Promise.reject(new Error('unreachable')) });
    await assert.rejects(union.current!.verify(), /unreachable/);
  });

  it('does not exist without parts, and is another object with other parts', () => {
    show(mirror(true, 0), mirror(true, 0));
    const before = union.current;
    const all = parts;
    parts = all.slice(1);
    assert.notEqual(union.current, before);
    parts = [];
    assert.equal(union.current, undefined);
  });

  it('is stale since a mirror ended, even if the next one has not listed its records yet', () => {
    show(mirror(true, 5_000), mirror(true, 5_000));
    union.onEnd(first());
    clock.advance(1_000);
    show(mirror(true, 10), mirror(true, 6_000));
    assert.deepEqual([status().fresh, status().forMs], [false, 1_000]);
  });

  it('counts from before the end of a mirror that was not fresh, and not from the end of the next one', () => {
    show(mirror(true, 0), mirror(false, 400));
    union.onEnd(second());
    clock.advance(1_000);
    show(mirror(true, 0), mirror(false, 10));
    union.onEnd(second());
    assert.equal(status().forMs, 1_400);
  });
});
