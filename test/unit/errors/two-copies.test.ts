import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as entry from '@org/etcd-naming';
import * as testingEntry from '@org/etcd-naming/testing';

type ErrorClass = new (...args: never[]) => Error;
type Classes = ReadonlyMap<string, ErrorClass>;

/** Creates one error of each class; a class that is missing here fails the first test. */
const makers: Readonly<Record<string, (errorClass: new (...args: unknown[]) => Error) => Error>> = {
  EtcdError: (C) => new C('lost', { code: 14 }),
  InvalidInputError: (C) => new C('timeoutMs is NaN'),
  ClosedError: (C) => new C('the client'),
  DeadlineError: (C) => new C('late'),
  AmbiguousWriteError: (C) => new C('Put', 'm:1', new entry.EtcdError('cut', { code: 14 })),
  CompactedError: (C) => new C('compacted', 5n),
  RolledBackError: (C) => new C(9n, 5n),
  ContentionError: (C) => new C('k', 20),
  StoreReplacedError: (C) => new C('another store'),
  LeaseNotFoundError: (C) => new C('lease 4d', { code: 5 }),
  PermissionDeniedError: (C) => new C('denied', { code: 7 }),
  UnauthenticatedError: (C) => new C('no user', { code: 16 }),
  TlsError: (C) => new C('expired', 'expired', []),
  LockLostError: (C) => new C("the lock 'jobs'", 'key-deleted', 'it was deleted'),
  ValueDecodeError: (C) => new C('no JSON', 'config'),
  NamingError: (C) => new C('invalid target'),
  EndpointDecodeError: (C) => new C('no JSON'),
  ConflictError: (C) => new C('the key is taken'),
  EtcdStartError: (C) => new C('no etcd'),
  ExternalEtcdError: (C) => new C('stop'),
};

describe('errors of two installed copies of the package', () => {
  let copy: string;
  let here: Classes;
  let there: Classes;

  before(async () => {
    copy = mkdtempSync(join(tmpdir(), 'etcd-naming-copy-'));
    for (const part of ['dist', 'package.json']) cpSync(part, join(copy, part), { recursive: true });
    symlinkSync(resolve('node_modules'), join(copy, 'node_modules'), 'junction');
    here = errorClasses([entry, testingEntry]);
    there = errorClasses(await Promise.all(entryFiles(copy).map((file) => import(pathToFileURL(file).href))));
  });

  after(() => rmSync(copy, { recursive: true, force: true }));

  it('cover every error class that an entry exports', () => {
    assert.deepEqual([...here.keys()].sort(), Object.keys(makers).sort());
    assert.deepEqual([...there.keys()].sort(), [...here.keys()].sort());
    for (const [name, errorClass] of here) assert.notEqual(there.get(name), errorClass, name);
  });

  it('are instances of the same classes as errors of one copy', () => {
    for (const [name, errorClass] of there) {
      const error = make(name, errorClass);
      for (const [other, otherClass] of here) {
        const expected = make(name, here.get(name)) instanceof otherClass;
        assert.equal(error instanceof otherClass, expected, `${name} of the copy, ${other}`);
        // The prototype chain is what instanceof means without a brand.
        const inherits = Object.prototype.isPrototypeOf.call(there.get(other)?.prototype, error);
        assert.equal(inherits, expected, `${name} and ${other} of the copy`);
      }
    }
  });

  it('are not instances of a subclass without a brand', () => {
    for (const [name, errorClass] of here) {
      class Own extends (errorClass as new (...args: unknown[]) => Error) {}
      assert.equal(make(name, errorClass) instanceof Own, false, name);
      assert.equal(make(name, there.get(name)) instanceof Own, false, `${name} of the copy`);
      const own = make(name, Own as ErrorClass);
      assert.ok(own instanceof Own && own instanceof errorClass, name);
      const copied = there.get(name);
      assert.ok(copied && own instanceof copied, `${name} of the copy`);
    }
  });

  it('are the only values that are instances of these classes', () => {
    for (const [name, errorClass] of here)
      for (const value of [undefined, null, 'text', 1, {}, new Error('plain'), { name }, () => {}])
        assert.equal((value as unknown) instanceof errorClass, false, name);
  });
});

function make(name: string, errorClass: ErrorClass | undefined): Error {
  const maker = makers[name];
  assert.ok(maker && errorClass, `no example of ${name}`);
  return maker(errorClass as new (...args: unknown[]) => Error);
}

/** The files of the package's entries that hold code. */
function entryFiles(root: string): string[] {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, string | { default: string }>;
  };
  return Object.values(exports).flatMap((one) => (typeof one === 'string' ? [] : [join(root, one.default)]));
}

function errorClasses(entries: readonly object[]): Classes {
  return new Map(
    entries
      .flatMap((one) => Object.entries(one) as [string, unknown][])
      .filter((named): named is [string, ErrorClass] => isErrorClass(named[1])),
  );
}

function isErrorClass(value: unknown): boolean {
  if (typeof value !== 'function') return false;
  const { prototype } = value as { readonly prototype?: object };
  return prototype !== undefined && Object.prototype.isPrototypeOf.call(Error.prototype, prototype);
}
