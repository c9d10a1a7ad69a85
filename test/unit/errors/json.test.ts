import assert from 'node:assert/strict';
import * as errors from '#src/errors/index.js';
import { Code } from '#src/errors/index.js';
import { LockLostError } from '#src/lock/index.js';
import { ConflictError, EndpointDecodeError, NamingError } from '#src/naming/index.js';

const { EtcdError } = errors;
const secret = 'of another library';
const foreign = Object.assign(new TypeError(secret), { code: 'ERR_OTHER' });
const text = { code: Code.NOT_FOUND, serverText: 'etcdserver: requested lease not found', cause: foreign };

/** One error of each class; a class that is missing here fails the first test. */
const examples: readonly errors.EtcdError[] = [
  new EtcdError('lost', { code: Code.UNAVAILABLE, verdict: 'maybe-applied', reason: 'Stopped' }),
  new errors.InvalidInputError('timeoutMs is NaN'),
  new errors.ClosedError('the client'),
  new errors.DeadlineError('late', { tried: [{ member: 'm:1', answer: 'no', attempts: 2 }], cause: foreign }),
  new errors.AmbiguousWriteError(
    'Put',
    'm:1',
    new EtcdError('cut', { code: Code.UNAVAILABLE, cause: foreign }),
  ),
  new errors.CompactedError('gone', 2n ** 60n),
  new errors.RolledBackError(9n, 5n),
  new errors.ContentionError('k', 20),
  new errors.StoreReplacedError('another', [{ member: 'm:1', clusterId: 'abc' }]),
  new errors.LeaseNotFoundError('lease 4d', text),
  new errors.PermissionDeniedError('no', { ...text, code: Code.PERMISSION_DENIED }),
  new errors.UnauthenticatedError('who?', { ...text, code: Code.UNAUTHENTICATED }),
  new errors.TlsError('expired', 'expired', [{ member: 'm:1', answer: 'expired', attempts: 1 }], foreign),
  new errors.ValueDecodeError('no JSON', 'a\udcff', foreign),
  new NamingError('invalid target', foreign),
  new EndpointDecodeError('no JSON', foreign),
  new ConflictError('another has it'),
  new LockLostError("the lock 'jobs'", 'key-deleted', 'it was deleted', foreign),
];

const written = (error: unknown) => JSON.parse(JSON.stringify(error));

describe('an error in JSON', () => {
  it('has an example of every class', () => {
    const classes = [
      ...Object.values(errors),
      NamingError,
      EndpointDecodeError,
      ConflictError,
      LockLostError,
    ].filter((one) => typeof one === 'function' && (one === EtcdError || one.prototype instanceof EtcdError));
    assert.deepEqual(new Set(examples.map((one) => one.constructor)), new Set(classes));
  });

  for (const error of examples) {
    it(`has the message, code, verdict and members of a ${error.name}`, () => {
      const json = written({ error }).error;
      assert.equal(json.name, error.name);
      assert.equal(json.message, error.message);
      assert.equal(json.code, error.code);
      assert.equal(json.verdict, error.verdict);
      for (const [name, value] of Object.entries(error))
        assert.deepEqual(json[name], typeof value === 'bigint' ? String(value) : value, name);
      assert.ok(!('stack' in json));
    });

    it(`contains no text of the foreign cause of a ${error.name}`, () => {
      assert.ok(!JSON.stringify(error).includes(secret));
    });
  }

  it('has its cause: an EtcdError completely, any other by name and code', () => {
    const cut = new EtcdError('cut', { code: Code.UNAVAILABLE, cause: foreign });
    const { cause } = written(new errors.AmbiguousWriteError('Put', 'm:1', cut));
    assert.deepEqual(cause, written(cut));
    assert.deepEqual(cause.cause, { name: 'TypeError', code: 'ERR_OTHER' });
    assert.equal(written(new NamingError('x', secret)).cause, 'string');
    assert.ok(!('cause' in written(new errors.ClosedError('the client'))));
  });
});
