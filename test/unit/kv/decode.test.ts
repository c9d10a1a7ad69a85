import assert from 'node:assert/strict';
import { runInNewContext } from 'node:vm';
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

/** A schema with such results. */
function returning(validate: (value: never) => unknown): StandardSchema<unknown> {
  return { '~standard': { version: 1, vendor: 'test', validate: validate as never } };
}

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
      const { key, value } = stored('1');
      const others = [
        null,
        { kv: stored('1') },
        'text',
        value,
        { key, value: '1' },
        { key: 'a', value },
        { value },
      ];
      for (const other of others)
        for (const convert of [decode.string, decode.number, decode.bigint, decode.json])
          assert.throws(() => convert(other as never), InvalidInputError);
      assert.throws(() => decode.string('text' as never), {
        message: "INVALID_ARGUMENT: kv is 'text' (string); it must be a key-value, or undefined",
      });
    });
  });

  describe('with a key-value whose Buffers became Uint8Arrays', () => {
    const cloned = (text: string) => structuredClone(stored(text)) as unknown as ReturnType<typeof stored>;

    it('decodes its bytes, as those of Buffers', () => {
      assert.ok(!Buffer.isBuffer(cloned('7').value));
      assert.deepEqual([decode.string(cloned('7')), decode.number(cloned('7'))], ['7', 7]);
      assert.deepEqual([decode.bigint(cloned('7')), decode.json(cloned('[7]'))], [7n, [7]]);
      assert.equal(refused(() => decode.number(cloned('x'))).key, 'config/a');
    });

    it('decodes a part of a larger array, and no bytes around it', () => {
      const kv = { ...stored(''), value: new TextEncoder().encode('123').subarray(1, 2) };
      assert.equal(decode.number(kv as never), 2);
    });

    it('decodes those of another realm', () => {
      const [key, value] = runInNewContext('[Uint8Array.of(0x61), Uint8Array.of(0x78)]');
      const kv = { ...stored(''), key, value };
      assert.equal(decode.string(kv), 'x');
      assert.equal(refused(() => decode.number(kv)).key, 'a');
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
    it('reads every number up to Number.MAX_SAFE_INTEGER that JSON can write', () => {
      fc.assert(
        fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
          fc.pre(Math.abs(number) <= Number.MAX_SAFE_INTEGER);
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

    it('reads integers up to Number.MAX_SAFE_INTEGER, however they are written', () => {
      for (const text of [
        '9007199254740991',
        '9007199254740991.0',
        '90071992547409910e-1',
        '9.007199254740991e15',
      ])
        for (const sign of [1, -1])
          assert.equal(
            decode.number(stored(`${sign < 0 ? '-' : ''}${text}`)),
            sign * Number.MAX_SAFE_INTEGER,
          );
    });

    it('refuses larger ones, which it may have rounded, however they are written', () => {
      for (const text of ['9007199254740992', '9007199254740993', '-9007199254740993']) {
        const { message } = refused(() => decode.number(stored(text)));
        assert.match(message, /is an integer beyond Number\.MAX_SAFE_INTEGER: use decode\.bigint$/);
      }
      const others = [
        '9007199254740993.0',
        '9007199254740993e0',
        '90071992547409920e-1',
        '1e22',
        '-1e22',
        '1e400',
      ];
      for (const text of others) {
        const { message } = refused(() => decode.number(stored(text)));
        assert.match(message, /is a number beyond Number\.MAX_SAFE_INTEGER$/);
      }
    });

    it('refuses a number so small that it would become 0', () => {
      for (const text of ['1e-400', '-0.1e-400', `0.${'0'.repeat(400)}1`])
        assert.match(
          refused(() => decode.number(stored(text))).message,
          /is a number too small for float64$/,
        );
      for (const text of ['0', '0.0', '0e-400', '0e9']) assert.equal(decode.number(stored(text)), 0);
      assert.equal(decode.number(stored('5e-324')), Number.MIN_VALUE);
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

    it('has the type of a schema that is written in place, with all members of the specification', () => {
      const config = decode.json(stored('{"port":1}'), {
        '~standard': {
          version: 1,
          vendor: 'own',
          types: undefined as { readonly input: unknown; readonly output: Config } | undefined,
          validate: (value) => ({ value: { port: Number((value as Config).port) } }),
        },
      });
      const port: number = config.port;
      assert.equal(port, 1);
    });

    it('keeps the issues of a schema as the cause, outside of the text', () => {
      const error = refused(() => decode.json(stored('{"port":"secret"}'), schema));
      assert.equal(
        error.message,
        "DATA_LOSS: the value of 'config/a' was refused by its schema, whose issues are the cause",
      );
      assert.deepEqual(error.cause, [{ message: 'port is secret', path: [{ key: 'port' }] }]);
      assert.doesNotMatch(JSON.stringify(error), /secret/);
    });

    it('keeps the paths of issues outside of the text: the names of members are a part of the value', () => {
      const numbers = returning((value: object) => ({
        issues: Object.keys(value).map((name) => ({ message: 'not a number', path: [name] })),
      }));
      const error = refused(() => decode.json(stored('{"secret":"x"}'), numbers));
      assert.doesNotMatch(error.message + JSON.stringify(error), /secret/);
      assert.deepEqual(error.cause, [{ message: 'not a number', path: ['secret'] }]);
    });

    it('refuses a value for which a schema returns an empty list of issues', () => {
      const { message, cause } = refused(() =>
        decode.json(
          stored('1'),
          returning(() => ({ issues: [] })),
        ),
      );
      assert.equal(message, "DATA_LOSS: the value of 'config/a' was refused by its schema, without issues");
      assert.deepEqual(cause, []);
    });

    it('refuses a schema whose result is not one of a Standard Schema, without the result in the text', () => {
      for (const result of [undefined, null, 'secret', {}, { value: 1, issues: null }, { issues: 'secret' }])
        assert.throws(
          () =>
            decode.json(
              stored('1'),
              returning(() => result),
            ),
          (error: Error) =>
            error instanceof InvalidInputError &&
            /the schema returned neither a value nor a list of issues$/.test(error.message),
        );
    });

    it('takes undefined as the output of a schema', () => {
      for (const result of [{ value: undefined }, { value: undefined, issues: undefined }])
        assert.equal(
          decode.json(
            stored('1'),
            returning(() => result),
          ),
          undefined,
        );
    });

    it('keeps what a schema throws as the cause, outside of the text', () => {
      const cause = new Error('port is secret');
      const error = refused(() =>
        decode.json(
          stored('{}'),
          returning(() => {
            throw cause;
          }),
        ),
      );
      assert.equal(error.message, "DATA_LOSS: the value of 'config/a' was refused by its validator");
      assert.equal(error.cause, cause);
      assert.doesNotMatch(JSON.stringify(error), /secret/);
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

    describe('with a validator that returns a promise', () => {
      const rejection = new Error('late');
      const promises: [string, () => unknown][] = [
        ['that is fulfilled', () => Promise.resolve(1)],
        ['that rejects', () => Promise.reject(rejection)],
        ['of another realm', () => runInNewContext('(async () => { throw 1; })()')],
        // biome-ignore lint/suspicious/noThenProperty: a promise of a library
        ['of a library', () => ({ then: (_: unknown, reject: (error: Error) => void) => reject(rejection) })],
        [
          'that is a function',
          () =>
            Object.assign(() => {}, {
              // biome-ignore lint/suspicious/noThenProperty: a promise of a library
              then() {
                throw rejection;
              },
            }),
        ],
      ];
      for (const [name, promise] of promises)
        it(`refuses one ${name}, whose rejection is not unhandled`, async () => {
          const unhandled: unknown[] = [];
          const listen = (reason: unknown) => unhandled.push(reason);
          const former = process.listeners('unhandledRejection');
          process.removeAllListeners('unhandledRejection').on('unhandledRejection', listen);
          try {
            for (const validator of [promise, returning(promise), returning(() => ({ value: promise() }))])
              assert.throws(
                () => decode.json(stored('1'), validator as StandardSchema<unknown>),
                (error: Error) =>
                  error instanceof InvalidInputError && /returned a promise/.test(error.message),
              );
            await new Promise((resolve) => setImmediate(resolve)); // rejections are reported before
          } finally {
            process.off('unhandledRejection', listen);
            for (const listener of former) process.on('unhandledRejection', listener);
          }
          assert.deepEqual(unhandled, []);
        });
    });

    it('refuses a validator that is neither a function nor a schema', () => {
      const halves = [undefined, null, {}, { version: 1, validate: true }];
      for (const validator of [null, {}, 'Config', ...halves.map((half) => ({ '~standard': half }))])
        assert.throws(
          () => decode.json(stored('1'), validator as never),
          (error: Error) => error instanceof InvalidInputError && /neither a function/.test(error.message),
        );
    });
  });
});
