import assert from 'node:assert/strict';
import { toTxnOps } from '#src/naming/endpoint-ops.js';
import { EndpointManager, type EndpointOp, type NamingClient, NamingError } from '#src/naming/index.js';
import { checkKey, checkService, keyPrefix } from '#src/naming/target/index.js';
import { defaultFormat } from '../../support/naming/format.js';

const endpoint = (addr: string) => ({ addr });
const value = (addr: string) => Buffer.from(`{"Op":0,"Addr":"${addr}","Metadata":null}`);
const put = (key: string, addr: string, lease = 0n) => ({
  type: 'put' as const,
  key,
  value: value(addr),
  options: { lease },
});

describe('an update of a target', () => {
  it('has one operation per change, in the same order', () => {
    const changes: EndpointOp[] = [
      { op: 'add', key: 'svc/1', endpoint: endpoint('a:1') },
      { op: 'delete', key: 'svc/2' },
      { op: 'add', key: 'svc/3', endpoint: endpoint('c:1'), lease: 7n },
    ];
    assert.deepEqual(toTxnOps(defaultFormat(), changes), [
      put('svc/1', 'a:1'),
      { type: 'delete', range: 'svc/2' },
      put('svc/3', 'c:1', 7n),
    ]);
  });

  it('reduces a delete and an add of one key to the put', () => {
    const changes: EndpointOp[] = [
      { op: 'delete', key: 'svc/1' },
      { op: 'add', key: 'svc/1', endpoint: endpoint('b:1'), lease: 3n },
    ];
    assert.deepEqual(toTxnOps(defaultFormat(), changes), [put('svc/1', 'b:1', 3n)]);
  });

  it('reduces an add and a delete of one key to the delete', () => {
    const changes: EndpointOp[] = [
      { op: 'add', key: 'svc/1', endpoint: endpoint('b:1') },
      { op: 'delete', key: 'svc/1' },
    ];
    assert.deepEqual(toTxnOps(defaultFormat(), changes), [{ type: 'delete', range: 'svc/1' }]);
  });

  it('reduces two deletes of one key to one', () => {
    const twice: EndpointOp[] = [
      { op: 'delete', key: 'svc/1' },
      { op: 'delete', key: 'svc/1' },
    ];
    assert.deepEqual(toTxnOps(defaultFormat(), twice), [{ type: 'delete', range: 'svc/1' }]);
  });

  it('rejects a key that is added twice, and names it', () => {
    const twice: EndpointOp[] = [
      { op: 'add', key: 'svc/1', endpoint: endpoint('a:1') },
      { op: 'add', key: 'svc/1', endpoint: endpoint('b:1') },
    ];
    assert.throws(() => toTxnOps(defaultFormat(), twice), {
      name: 'NamingError',
      message: "INVALID_ARGUMENT: endpoints: 'svc/1' is added twice",
    });
  });

  it('rejects an unknown op with the text of Go', () => {
    const changes = [{ op: 'replace', key: 'svc/1' }] as unknown as EndpointOp[];
    assert.throws(() => toTxnOps(defaultFormat(), changes), {
      name: 'NamingError',
      message: /^INVALID_ARGUMENT: endpoints: bad update op: /,
    });
  });

  it('rejects an empty list', () => {
    assert.throws(() => toTxnOps(defaultFormat(), []), {
      name: 'NamingError',
      message: 'INVALID_ARGUMENT: update() has no operations',
    });
  });

  it('checks every change, including one that a later change replaces', () => {
    const changes: EndpointOp[] = [
      { op: 'add', key: 'svc/1', endpoint: endpoint('') },
      { op: 'delete', key: 'svc/1' },
    ];
    assert.throws(() => toTxnOps(defaultFormat(), changes), NamingError);
  });
});

describe('a key', () => {
  for (const key of ['svc/1', 'svc/', 'svc/a/b', 'svc//']) {
    it(`belongs to its target, as in Go: '${key}'`, () => assert.equal(checkKey('svc/', key), key));
  }

  for (const key of ['svc', 'svc2/1', 'other/svc/1', '', '/svc/1', 'SVC/1']) {
    it(`is rejected outside its target with the text of Go: '${key}'`, () => {
      assert.throws(() => checkKey('svc/', key), {
        name: 'NamingError',
        code: 3,
        message: `INVALID_ARGUMENT: endpoints: endpoint key should be prefixed with 'svc/' got: '${key}'`,
      });
    });
  }
});

describe('a target', () => {
  it('is rejected if it is empty, with the text of Go', () => {
    const invalid = {
      name: 'NamingError',
      code: 3,
      message: /^INVALID_ARGUMENT: invalid target: target is /,
    };
    assert.throws(() => checkService(''), invalid);
    assert.throws(() => checkService(undefined as unknown as string), invalid);
  });

  it('accepts any other text, and adds one slash for its prefix', () => {
    assert.equal(keyPrefix(checkService('foo/')), 'foo//');
    assert.equal(keyPrefix(checkService('/foo')), '/foo/');
  });
});

describe('an EndpointManager', () => {
  const sent: unknown[] = [];
  const client = {
    kv: {
      txn: (txn: unknown) => {
        sent.push(txn);
        return Promise.resolve({ succeeded: true, results: [], revision: 2n });
      },
    },
    mirror: () => [],
  } as unknown as NamingClient;

  it('rejects a missing client and an empty target with the texts of Go', () => {
    for (const missing of [undefined, null, {}]) {
      assert.throws(() => new EndpointManager(missing as unknown as NamingClient, 'svc'), {
        name: 'NamingError',
        message: /^INVALID_ARGUMENT: invalid etcd client: /,
      });
    }
    assert.throws(() => new EndpointManager(client, ''), { message: /^INVALID_ARGUMENT: invalid target: / });
  });

  it('sends nothing if one of several changes is rejected', async () => {
    const manager = new EndpointManager(client, 'svc');
    await assert.rejects(
      manager.update([
        { op: 'add', key: 'svc/1', endpoint: endpoint('a:1') },
        { op: 'add', key: 'svc2/1', endpoint: endpoint('b:1') },
      ]),
      NamingError,
    );
    await assert.rejects(manager.addEndpoint('svc/1', { addr: 'a:1', metadata: Number.NaN }), NamingError);
    assert.deepEqual(sent, []);
  });
});
