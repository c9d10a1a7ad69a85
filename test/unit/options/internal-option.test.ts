import assert from 'node:assert/strict';
import { EtcdClient } from '#src/client/index.js';
import { InvalidInputError } from '#src/errors/index.js';
import { InternalOption, noOptions, number, optionsChecker } from '#src/model/index.js';

describe('an internal option', () => {
  const color = new InternalOption<string>('color');

  it('has a value only in the copy that set() returns', () => {
    const given = { size: 1 };
    const copy = color.set(given, 'red');
    assert.deepEqual([color.get(copy), color.get(given), copy.size], ['red', undefined, 1]);
    assert.equal(color.get(color.set(noOptions, 'blue')), 'blue');
    assert.equal(color.get(noOptions), undefined);
  });

  it('is kept by a copy of the options', () => {
    assert.equal(color.get({ ...color.set({}, 'red'), size: 1 }), 'red');
  });

  it('differs from every other one, also of the same name', () => {
    assert.equal(new InternalOption<string>('color').get(color.set({}, 'red')), undefined);
  });

  it('is not an unknown option, and cannot be set by its name', () => {
    const check = optionsChecker<{ readonly size?: number }>({ size: number({ min: 0 }) });
    check(color.set({ size: 1 }, 'red'));
    assert.throws(() => check({ color: 'red' }), /unknown option 'color'/);
    assert.equal(color.get({ color: 'red' }), undefined);
  });

  it('of a mirror, retain, is refused from a user', async () => {
    await using client = new EtcdClient({ endpoints: ['127.0.0.1:1'] });
    const options = { retain: () => assert.fail('called') };
    assert.throws(() => client.mirror({ prefix: 'a' }, options as object), InvalidInputError);
  });
});
