import assert from 'node:assert/strict';
import type { DeclaredInput } from '../../support/declarations/declared-inputs.js';
import { checked, recipeOf, withValue } from './declared-arguments.js';
import { World } from './how-to-call.js';

/** The options of the functions that return a promise and can be aborted. */
const abortable = checked.filter(
  ({ members, path, returnsPromise }) => returnsPromise && path.length === 0 && members.has('signal'),
);

/** An abort does not prevent these from ending the object that they are called on: they are called last. */
const ending = ['Lock.release', 'Term.resign'];

/** `drain()` then skips its waits, and ends as it does otherwise: an abort must not leave the record. */
const shortened = ['Registration.drain'];

/** Waits that survive an outage of any length, and the test kit, whose limit is `startTimeoutMs`. */
const withoutDeadline = [
  'Mirror.waitForRevision',
  'Mirror.verify',
  'startEtcd',
  'startEtcdCluster',
  'locateEtcd',
];

describe('every public function that can be aborted', () => {
  let world: World;

  before(async () => {
    world = await World.create();
  });

  after(() => world[Symbol.asyncDispose]());

  it('is found in the declarations', () => {
    assert.ok(abortable.length > 50, `only ${abortable.length} were found`);
  });

  const rejecting = abortable.filter((input) => !shortened.includes(input.function));
  const isEnding = (input: DeclaredInput) => ending.includes(input.function);
  for (const input of [...rejecting.filter((one) => !isEnding(one)), ...rejecting.filter(isEnding)])
    it(`rejects with the reason of a signal that has aborted: ${input.function}`, async () => {
      const reason = new Error('the reason of the signal');
      const args = withValue(recipeOf(input), input, { signal: AbortSignal.abort(reason) });
      const result = recipeOf(input).call(world, args) as Promise<unknown>;
      await assert.rejects(result, (error) => error === reason);
    });

  it('takes a deadline too, except waits and the test kit', () => {
    const without = abortable.filter(({ members }) => !members.has('timeoutMs'));
    assert.deepEqual(without.map((input) => input.function).sort(), [...withoutDeadline].sort());
  });
});
