import assert from 'node:assert/strict';
import fc from 'fast-check';
import { InvalidInputError, ValueDecodeError } from '#src/errors/index.js';
import { decode, type StandardSchema } from '#src/kv/index.js';

const stored = (value: string | Uint8Array, key: string | Uint8Array = 'config/a') => ({
  key: Buffer.from(key as Uint8Array),
  value: Buffer.from(value as Uint8Array),
  createRevision: 1n,
  modRevision: 1n,
  version: 1n,
  lease: 0n,
});

interface Config {
  readonly port: number;
}

/** Accepts a Config, as a schema of zod, valibot or arktype does. */
const schema: StandardSchema<Config> = {
  '~standard': {
    version: 1,
    validate: (value) => {
      const { port } = value as Config;
      if (typeof port === 'number') return { value: { port } };
      return { issues: [{ message: `port is ${port}`, path: [{ key: 'port' }] }] };
    },
  },
};

function refused(convert: () => unknown): ValueDecodeError {
  try {
    convert();
  } catch (error) {
    assert.ok(error instanceof ValueDecodeError, String(error));
    return error;
  }
  return assert.fail('it was decoded');
}

describe('decode', () => {
  describe('with a missing key', () => {
    it('returns undefined', () => {
      const kv = undefined as ReturnType<typeof stored> | undefined;
      const missing: [string | undefined, number | undefined, bigint | undefined, Config | undefined] = [
        decode.string(kv),
        decode.number(kv),
        decode.bigint(kv),
        decode.json(kv, schema),
      ];
      assert.deepEqual([...missing, decode.json(kv)], Array(5).fill(undefined));
    });
  });

  describe('with an argument that is not a key-value, such as the result of a get', () => {
    it('refuses it', () => {
      for (const other of [null, { kv: stored('1') }, 'text', Buffer.of(1), { value: '1' }])
        for (const convert of [decode.string, decode.number, decode.bigint, decode.json])
          assert.throws(() => convert(other as never), InvalidInputError);
      assert.throws(() => decode.string('text' as never), {
        message: "INVALID_ARGUMENT: kv is 'text' (string); it must be a key-value, or undefined",
      });
    });
  });

  describe('string', () => {
    it('returns any UTF-8 text unchanged', () => {
      for (const text of ['', 'héllo 🙂', '\ufeffbom', 'a\0b'])
        assert.equal(decode.string(stored(text)), text);
    });

    it('refuses bytes that are not UTF-8, instead of replacing them', () => {
      const { message } = refused(() => decode.string(stored(Buffer.of(0x61, 0xff))));
      assert.equal(message, "DATA_LOSS: the value of 'config/a' is not UTF-8 text");
    });
  });

  describe('number', () => {
    it('reads every number that JSON can write', () => {
      fc.assert(
        fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
          fc.pre(!Number.isInteger(number) || Number.isSafeInteger(number) || `${number}`.includes('e'));
          assert.equal(decode.number(stored(JSON.stringify(number))), number === 0 ? 0 : number);
        }),
      );
    });

    it('reads a number with white space around it, as echo and editors leave it', () => {
      assert.equal(decode.number(stored(' 42\r\n')), 42);
    });

    for (const text of [
      '',
      ' ',
      '0x10',
      '1_000',
      '1,5',
      '+1',
      '.5',
      '1.',
      '01',
      'NaN',
      'Infinity',
      '"1"',
      '1 2',
      '1n',
      '١',
    ])
      it(`refuses ${JSON.stringify(text)}`, () => {
        const [number, bigint] =
          text === '' ? ['is empty', 'is empty'] : ['is not a number', 'is not an integer'];
        assert.match(refused(() => decode.number(stored(text))).message, new RegExp(`'config/a' ${number}$`));
        assert.match(refused(() => decode.bigint(stored(text))).message, new RegExp(`'config/a' ${bigint}$`));
      });

    it('refuses a number beyond float64', () => {
      assert.match(refused(() => decode.number(stored('1e400'))).message, /is a number beyond float64$/);
    });

    it('refuses an integer that it would round', () => {
      assert.equal(decode.number(stored('9007199254740991')), Number.MAX_SAFE_INTEGER);
      assert.equal(decode.number(stored('90071992547409920e-1')), 2 ** 53);
      const { message } = refused(() => decode.number(stored('9007199254740993')));
      assert.match(message, /is an integer beyond 2\^53: use decode\.bigint$/);
    });
  });

  describe('bigint', () => {
    it('reads integers of any size', () => {
      fc.assert(
        fc.property(fc.bigInt(), (integer) => assert.equal(decode.bigint(stored(`${integer}\n`)), integer)),
      );
    });

    it('refuses fractions and exponents', () => {
      for (const text of ['1.0', '1e3']) refused(() => decode.bigint(stored(text)));
    });
  });

  describe('json', () => {
    it('returns what was stored', () => {
      fc.assert(
        fc.property(fc.jsonValue(), (value) => {
          const text = JSON.stringify(value);
          assert.deepEqual(decode.json(stored(text)), JSON.parse(text));
        }),
      );
    });

    it('has the type that its validator gives it', () => {
      const byFunction: number = decode.json(stored('1'), (value) => Number(value) + 1);
      const bySchema: Config = decode.json(stored('{"port":1,"other":2}'), schema);
      assert.deepEqual([byFunction, bySchema], [2, { port: 1 }]);
    });

    it('takes a false of a validator as the value', () => {
      const flag: boolean = decode.json(stored('false'), (value) => value === true);
      assert.equal(flag, false);
    });

    it('uses a schema that is a function as a schema', () => {
      const callable = Object.assign(() => assert.fail('called'), schema);
      assert.deepEqual(decode.json(stored('{"port":1}'), callable), { port: 1 });
    });

    it('names the key and never the value when it is not JSON', () => {
      const error = refused(() => decode.json(stored('{"password": secret}', Buffer.of(0x61, 0xff, 0x0a))));
      assert.equal(error.key, 'a\udcff\n');
      assert.equal(error.cause, undefined);
      assert.equal(error.message, "DATA_LOSS: the value of 'a\\udcff\\n' is not JSON");
    });

    it('says that an empty value is empty: that of a delete event, or of a read of keys only', () => {
      assert.match(refused(() => decode.json(stored(''))).message, /the value of 'config\/a' is empty$/);
    });

    it('names the place that a schema refuses, and keeps its issues as the cause', () => {
      const error = refused(() => decode.json(stored('{"port":"secret"}'), schema));
      assert.equal(error.message, "DATA_LOSS: the value of 'config/a' was refused by its schema, at 'port'");
      assert.deepEqual(error.cause, [{ message: 'port is secret', path: [{ key: 'port' }] }]);
      assert.doesNotMatch(JSON.stringify(error), /secret/);
    });

    it('names all places of a schema up to three', () => {
      const issues = ['a', 'b', 'c'].map((name) => ({ message: '', path: [name] }));
      const refusing: StandardSchema<never> = { '~standard': { version: 1, validate: () => ({ issues }) } };
      assert.match(refused(() => decode.json(stored('1'), refusing)).message, /at 'a', 'b', 'c'$/);
    });

    it('names three places of a schema, and the number of the others', () => {
      const refusing: StandardSchema<never> = {
        '~standard': {
          version: 1,
          validate: () => ({
            issues: [
              { message: '' },
              ...['a', 'a', 'b', Symbol('c'), 4].map((name) => ({ message: '', path: ['list', name] })),
            ],
          }),
        },
      };
      const { message } = refused(() => decode.json(stored('1'), refusing));
      assert.match(message, /at the whole value, 'list\.a', 'list\.b' and 2 other places$/);
    });

    it('keeps what a function throws as the cause, outside of the text', () => {
      const cause = new Error('port is secret');
      const error = refused(() =>
        decode.json(stored('{}'), () => {
          throw cause;
        }),
      );
      assert.equal(error.message, "DATA_LOSS: the value of 'config/a' was refused by its validator");
      assert.equal(error.cause, cause);
      assert.doesNotMatch(JSON.stringify(error), /secret/);
    });

    it('refuses a validator that returns a promise, also one that rejects', () => {
      const slow = [
        () => Promise.reject(new Error('late')),
        { '~standard': { version: 1, validate: async () => ({ value: 1 }) } },
      ];
      for (const validator of slow)
        assert.throws(
          () => decode.json(stored('1'), validator as StandardSchema<unknown>),
          (error: Error) => error instanceof InvalidInputError && /returned a promise/.test(error.message),
        );
    });

    it('refuses a validator that is neither a function nor a schema', () => {
      for (const validator of [null, {}, 'Config'])
        assert.throws(
          () => decode.json(stored('1'), validator as never),
          (error: Error) => error instanceof InvalidInputError && /neither a function/.test(error.message),
        );
    });
  });
});
