import { deepEqual, equal, notEqual } from 'node:assert/strict';
import { CallMetadata } from '#src/wire/call/metadata.js';

const headers = {
  'client-api-version': '3.7',
  'accept-encoding': 'identity',
  token: 't',
};

describe('the metadata of calls', () => {
  it('requires a leader, except for serializable reads', () => {
    const metadata = new CallMetadata('t', 4);
    deepEqual(metadata.for('local-read').toHttp2Headers(), headers);
    for (const level of ['read', 'idempotent', 'write'] as const)
      deepEqual(metadata.for(level).toHttp2Headers(), { ...headers, hasleader: 'true' });
  });

  it('has the header of a timeout, later than the own deadline', () => {
    const { plain } = new CallMetadata('t');
    deepEqual(plain.withTimeout(1_000.2).toHttp2Headers(), { ...headers, 'grpc-timeout': '1101m' });
    deepEqual(plain.withTimeout(2e8).get('grpc-timeout'), ['200001S']);
    deepEqual(plain.withTimeout(Number.POSITIVE_INFINITY).get('grpc-timeout'), []);
    deepEqual(plain.get('grpc-timeout'), []);
  });

  it('is one object for all calls with one timeout, and kept for few timeouts', () => {
    const { plain } = new CallMetadata('t');
    const first = plain.withTimeout(1_000);
    equal(plain.withTimeout(1_000), first);
    equal(plain.withTimeout(999.5), first);
    for (let ms = 0; ms < 100; ms++) deepEqual(plain.withTimeout(ms).get('grpc-timeout'), [`${ms + 100}m`]);
    notEqual(plain.withTimeout(1_000), first, 'a hundred timeouts later it is made again');
  });

  it('ignores what grpc-js sets for every call, without a copy', () => {
    const { plain } = new CallMetadata('t');
    const copy = plain.clone();
    copy.set('grpc-accept-encoding', 'identity,deflate,gzip');
    copy.set('accept-encoding', 'identity');
    copy.remove('grpc-encoding');
    deepEqual(copy.toHttp2Headers(), headers);
  });

  const changes: Readonly<Record<string, (copy: ReturnType<CallMetadata['for']>) => void>> = {
    set: (copy) => copy.set('token', 'other'),
    add: (copy) => copy.add('token', 'other'),
    remove: (copy) => copy.remove('token'),
    merge: (copy) => copy.merge(new CallMetadata('other').plain),
  };
  for (const [name, change] of Object.entries(changes)) {
    it(`is not changed by ${name} on a copy, nor is a copy by ${name} on the original`, () => {
      const { plain } = new CallMetadata('t');
      const [copy, other] = [plain.clone(), plain.clone()];
      change(copy);
      notEqual(copy.get('token').join(), 't');
      deepEqual(plain.toHttp2Headers(), headers);
      change(plain);
      deepEqual(other.toHttp2Headers(), headers);
      deepEqual(plain.withTimeout(5).get('token'), plain.get('token'));
    });
  }
});
