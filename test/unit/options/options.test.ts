import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { Code, EtcdError } from '#src/errors/index.js';
import type { DeclaredInput, Kind } from '../../support/declarations/declared-inputs.js';
import { checked, inputs, recipeOf, withValue } from './declared-arguments.js';
import { isExempt, mayBeInfinite, mayBeLong, unsigned, withBehaviour } from './exceptions.js';
import { recipes, World } from './how-to-call.js';

describe('every object argument of a public function', () => {
  let world: World;

  before(async () => {
    world = await World.create();
  });

  after(() => world[Symbol.asyncDispose]());

  /** The error of a call with this value as the input. A function that returns a promise must not throw. */
  async function errorOf(input: DeclaredInput, value: unknown): Promise<EtcdError> {
    const recipe = recipeOf(input);
    const args = withValue(recipe, input, value);
    const isAsync = input.returnsPromise || recipe.isAsync === true;
    let result: unknown;
    try {
      result = recipe.call(world, args);
    } catch (error) {
      assert.ok(!isAsync, `${input.function} throws instead of rejecting: ${error}`);
      return asTyped(error);
    }
    assert.ok(isAsync, `${input.function} accepted ${inspect(value)}`);
    return asTyped(
      await (result as Promise<unknown>).then(
        () => assert.fail(`${input.function} accepted it`),
        (error) => error,
      ),
    );
  }

  it('is found in the declarations, with a call for each function', () => {
    assert.ok(checked.length > 100, `only ${checked.length} were found`);
    const called = new Set(
      [...checked, ...inputs.filter(({ type }) => withBehaviour.includes(type))]
        .filter((input) => !isExempt(input))
        .map((input) => input.function),
    );
    assert.deepEqual(
      [...called].filter((name) => !(name in recipes)),
      [],
      'how-to-call.ts has no recipe for them',
    );
    assert.deepEqual(
      Object.keys(recipes).filter((name) => !called.has(name)),
      [],
      'how-to-call.ts has recipes for unknown functions',
    );
  });

  for (const input of checked) {
    const place = [input.function, `${input.parameter}`, ...input.path].join(' ');

    it(`rejects an unknown name: ${place} (${input.type})`, async () => {
      const [meant = ''] = [...input.members.keys()].sort((a, b) => b.length - a.length);
      const wrong = `${meant}${meant.at(-1)}`;
      const { message } = await errorOf(input, { [wrong]: 1 });
      const full = (name: string) => requestName(input, name);
      assert.equal(
        message,
        `INVALID_ARGUMENT: unknown option '${full(wrong)}'; did you mean '${full(meant)}'?`,
      );
    });

    it(`is rejected when it is not an object: ${place}`, async () => {
      for (const none of [null, true, []]) await errorOf(input, none);
    });

    const wrong = [...input.members].flatMap(([name, kind]) =>
      wrongValues(name, kind).map((value) => [name, value] as const),
    );
    if (wrong.length > 0)
      it(`rejects values of other types, and out of range: ${place}`, async () => {
        for (const [name, value] of wrong) {
          const { message } = await errorOf(input, { [name]: value });
          assert.ok(message.includes(`${name} is `), `${name}: ${inspect(value)}: ${message}`);
        }
      });
  }

  for (const input of inputs.filter((one) => withBehaviour.includes(one.type) && !isExempt(one)))
    it(`is rejected without its methods: ${input.function} ${input.parameter} (${input.type})`, async () => {
      for (const none of [{}, null, 5]) await errorOf(input, none);
    });
});

/** Plausible invalid values. The content of a string is checked where it is used. */
function wrongValues(name: string, kind: Kind): readonly unknown[] {
  switch (kind) {
    case 'number': {
      const times = [
        ...(mayBeLong.includes(name) ? [] : [2 ** 31]),
        ...(mayBeInfinite.includes(name) ? [] : [Infinity]),
      ];
      return ['10', 10n, Number.NaN, -1, null, ...(name.endsWith('Ms') ? times : [])];
    }
    case 'boolean':
      return ['true', 0, null];
    case 'signal':
      return [{}, null, new AbortController()];
    case 'function':
      return ['x', null, {}];
    case 'bigint':
      return [5, '5', null, unsigned.includes(name) ? 2n ** 64n : 2n ** 63n];
    default:
      return [];
  }
}

/** The name of a member in errors: `tls.caFile`, `success[0].options.lease`. */
function requestName(input: DeclaredInput, name: string): string {
  const self = recipeOf(input).self?.[input.parameter] ?? '';
  const path = [...input.path, name].map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`)).join('');
  return `${self}${path}`.replace(/^\./, '');
}

function asTyped(error: unknown): EtcdError {
  assert.ok(error instanceof EtcdError, `not typed: ${error}`);
  assert.equal(error.code, Code.INVALID_ARGUMENT);
  return error;
}
