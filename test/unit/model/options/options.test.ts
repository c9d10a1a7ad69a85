import assert from 'node:assert/strict';
import { InvalidInputError } from '#src/errors/index.js';
import {
  anything,
  boolean,
  callback,
  duration,
  int64,
  noOptions,
  number,
  oneOf,
  optionsChecker,
  signal,
  text,
  timeout,
  wholeNumber,
} from '#src/model/index.js';

interface Tls {
  readonly caFile?: string;
  readonly serverName?: string;
}

interface Options {
  readonly startRevision?: bigint;
  readonly timeoutMs?: number;
  readonly ttlSeconds?: number;
  readonly signal?: AbortSignal;
  readonly tls?: Tls;
  readonly extra?: object;
}

const check = optionsChecker<Options>({
  startRevision: int64(0n),
  timeoutMs: timeout,
  ttlSeconds: wholeNumber({ min: 1 }),
  signal,
  tls: optionsChecker<Tls>({ caFile: text, serverName: text }, { suggestions: { caPath: 'caFile' } }),
  extra: anything,
});

const refuses = (options: unknown, message: RegExp | string, by = check) =>
  assert.throws(
    () => by(options),
    (error) => {
      assert.ok(error instanceof InvalidInputError);
      if (typeof message === 'string') assert.equal(error.message, `INVALID_ARGUMENT: ${message}`);
      else assert.match(error.message, message);
      return true;
    },
  );

describe('options', () => {
  it('are accepted when every name is known and every value is valid or undefined', () => {
    check({});
    check(undefined);
    check(noOptions);
    check({ startRevision: 5n, timeoutMs: Number.POSITIVE_INFINITY, tls: {}, extra: { whatever: 1 } });
    check({ startRevision: undefined, tls: undefined });
    check(Object.assign(Object.create({ ttlSeconds: 5 }), { timeoutMs: 1 }));
  });

  for (const [options, meant] of [
    [{ startRevison: 5n }, "unknown option 'startRevison'; did you mean 'startRevision'?"],
    [{ startrevision: 5n }, "unknown option 'startrevision'; did you mean 'startRevision'?"],
    [{ ttl: 3 }, "unknown option 'ttl'; did you mean 'ttlSeconds'?"],
    [{ timeout: 3 }, "unknown option 'timeout'; did you mean 'timeoutMs'?"],
    [{ timeoutMS: undefined }, "unknown option 'timeoutMS'; did you mean 'timeoutMs'?"],
    [{ singal: 3 }, "unknown option 'singal'; did you mean 'signal'?"],
    [{ tls: { severName: 'a' } }, "unknown option 'tls.severName'; did you mean 'tls.serverName'?"],
    [{ tls: { caPath: 'a' } }, "unknown option 'tls.caPath'; did you mean 'tls.caFile'?"],
    [{ tls: { constructor: 'a' } }, "unknown option 'tls.constructor'; known are tls.caFile, tls.serverName"],
    [JSON.parse('{"tls":{"__proto__":1}}'), /unknown option 'tls.__proto__'; known are/],
    [Object.create({ ttlSecond: 5 }), "unknown option 'ttlSecond'; did you mean 'ttlSeconds'?"],
  ] as const)
    it(`with an unknown name are rejected: ${Object.keys(options)}`, () => refuses(options, meant));

  for (const [options, message] of [
    [null, 'options is null; it must be an object'],
    [[], 'options is an array; it must be an object'],
    ['x', "options is 'x' (string); it must be an object"],
    [5, 'options is 5 (number); it must be an object'],
    [() => {}, 'options is a function; it must be an object'],
    [{ tls: null }, 'tls is null; it must be an object'],
    [{ tls: [] }, 'tls is an array; it must be an object'],
  ] as const)
    it(`are rejected when they are not an object: ${message}`, () => refuses(options, message));
});

describe("an option's value", () => {
  const inf = Number.POSITIVE_INFINITY;
  const cases: [
    string,
    Parameters<typeof optionsChecker<{ x: 1 }>>[0]['x'],
    unknown[],
    [unknown, string][],
  ][] = [
    [
      'true or false',
      boolean,
      [true, false],
      [
        ['true', "'true' (string); it must be true or false"],
        [1, '1 (number); it must be true or false'],
        [null, 'null; it must be true or false'],
      ],
    ],
    ['a text', text, ['', 'a'], [[7, '7 (number); it must be a string']]],
    ['a function', callback, [() => {}], [[{}, 'an object; it must be a function']]],
    [
      'a signal',
      signal,
      [new AbortController().signal, AbortSignal.abort()],
      [
        [{}, 'an object; it must be an AbortSignal'],
        [null, 'null; it must be an AbortSignal'],
        [new AbortController(), 'an object; it must be an AbortSignal'],
      ],
    ],
    [
      'a number',
      number({ min: 1, max: 5 }),
      [1, 2.5, 5],
      [
        ['2', "'2' (string); it must be a number of at least 1"],
        [2n, '2n (bigint); it must be a number of at least 1'],
        [Number.NaN, 'NaN; it must be a number of at least 1'],
        [0, '0; it must be a number of at least 1'],
        [6, '6; it must be at most 5'],
      ],
    ],
    [
      'a whole number',
      wholeNumber({ min: 1 }),
      [1, 2 ** 53 - 1],
      [
        [1.5, '1.5; it must be a whole number of at least 1'],
        [inf, 'Infinity; it must be a whole number of at least 1'],
        ['1', "'1' (string); it must be a whole number of at least 1"],
      ],
    ],
    [
      'a whole number in bounds',
      wholeNumber({ max: 2 }),
      [0, 2],
      [[3, '3; it must be a whole number from 0 to 2']],
    ],
    [
      'a duration',
      duration(),
      [0, 0.5, 2 ** 31 - 1],
      [
        [-1, '-1; it must be a number of at least 0'],
        [Number.NaN, 'NaN; it must be a number of at least 0'],
        ['5s', "'5s' (string); it must be a number of at least 0, in milliseconds"],
        [2 ** 31, '2147483648; it must be at most 2147483647 (24.8 days)'],
        [inf, 'Infinity; it must be at most 2147483647 (24.8 days)'],
      ],
    ],
    [
      'a timeout',
      timeout,
      [0, 2 ** 31, 2 ** 53 - 1, inf],
      [[2 ** 53, '9007199254740992; it must be at most 9007199254740991, or Infinity']],
    ],
    [
      'a 64-bit number',
      int64(1n),
      [1n, 2n ** 63n - 1n],
      [[1, '1 (number); it must be a bigint from 1n to 2^63 - 1']],
    ],
    [
      'one of a few',
      oneOf('wait', 4),
      ['wait', 4],
      [
        ['fail', "'fail'; it must be one of 'wait', 4"],
        ['4', "'4'; it must be one of 'wait', 4"],
      ],
    ],
  ];
  for (const [what, check, taken, refused] of cases)
    it(`is ${what}`, () => {
      const checkX = optionsChecker<{ x: 1 }>({ x: check });
      for (const x of taken) checkX({ x });
      for (const [x, message] of refused) refuses({ x }, `x is ${message}`, checkX);
    });

  it('is printed on one line, without control characters, and cut', () => {
    const by = optionsChecker<{ x: 1 }>({ x: boolean });
    refuses(
      { x: `a\n\u001b[2J${'b'.repeat(1_000)}` },
      /^INVALID_ARGUMENT: x is 'a\\n\\u001b\[2Jb{150,200}…' \(string\)/,
      by,
    );
  });
});
