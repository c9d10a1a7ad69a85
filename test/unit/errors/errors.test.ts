import assert from 'node:assert/strict';
import {
  AmbiguousWriteError,
  ClosedError,
  Code,
  CompactedError,
  codeName,
  DeadlineError,
  EtcdError,
  errorFromServer,
  InvalidInputError,
  LeaseNotFoundError,
  PermissionDeniedError,
  toCode,
  UnauthenticatedError,
  type Verdict,
} from '#src/errors/index.js';

interface Row {
  readonly text: string;
  readonly code: Code;
  /** Go's spelling of the code, as it stands in a cancel reason. */
  readonly go: string;
  readonly type: new (...args: never[]) => EtcdError;
  readonly verdict: Verdict;
}

const rows: readonly Row[] = [
  {
    text: 'etcdserver: mvcc: required revision has been compacted',
    code: Code.OUT_OF_RANGE,
    go: 'OutOfRange',
    type: CompactedError,
    verdict: 'final',
  },
  {
    text: 'etcdserver: requested lease not found',
    code: Code.NOT_FOUND,
    go: 'NotFound',
    type: LeaseNotFoundError,
    verdict: 'final',
  },
  {
    text: 'etcdserver: permission denied',
    code: Code.PERMISSION_DENIED,
    go: 'PermissionDenied',
    type: PermissionDeniedError,
    verdict: 'final',
  },
  {
    text: 'etcdserver: invalid auth token',
    code: Code.UNAUTHENTICATED,
    go: 'Unauthenticated',
    type: UnauthenticatedError,
    verdict: 'not-applied',
  },
  {
    text: 'etcdserver: user name is empty',
    code: Code.INVALID_ARGUMENT,
    go: 'InvalidArgument',
    type: UnauthenticatedError,
    verdict: 'final',
  },
  {
    text: 'etcdserver: revision of auth store is old',
    code: Code.INVALID_ARGUMENT,
    go: 'InvalidArgument',
    type: UnauthenticatedError,
    verdict: 'not-applied',
  },
  {
    text: 'etcdserver: duplicate key given in txn request',
    code: Code.INVALID_ARGUMENT,
    go: 'InvalidArgument',
    type: EtcdError,
    verdict: 'final',
  },
  {
    text: 'etcdserver: no leader',
    code: Code.UNAVAILABLE,
    go: 'Unavailable',
    type: EtcdError,
    verdict: 'not-applied',
  },
  {
    text: 'etcdserver: leader changed',
    code: Code.UNAVAILABLE,
    go: 'Unavailable',
    type: EtcdError,
    verdict: 'maybe-applied',
  },
  {
    text: 'etcdserver: request timed out',
    code: Code.UNAVAILABLE,
    go: 'Unavailable',
    type: EtcdError,
    verdict: 'maybe-applied',
  },
];

describe("a server's text", () => {
  for (const { text, code, go, type, verdict } of rows) {
    describe(`'${text}'`, () => {
      it(`is ${type.name}, ${verdict}, as a status`, () => {
        const error = errorFromServer(code, text);
        assert.equal(error.constructor, type);
        assert.equal(error.code, code);
        assert.equal(error.verdict, verdict);
        assert.equal(error.serverText, text);
      });

      it('is the same as Go prints it in a cancel reason', () => {
        const error = errorFromServer(Code.UNKNOWN, `rpc error: code = ${go} desc = ${text}`);
        assert.equal(error.constructor, type);
        assert.equal(error.code, code);
        assert.equal(error.verdict, verdict);
        assert.equal(error.serverText, text);
      });
    });
  }

  it('wins over its code, which differs between releases', () => {
    assert.equal(errorFromServer(Code.UNKNOWN, 'etcdserver: leader changed').verdict, 'maybe-applied');
    assert.equal(errorFromServer(Code.UNKNOWN, 'etcdserver: too many requests').verdict, 'not-applied');
    assert.equal(
      errorFromServer(Code.RESOURCE_EXHAUSTED, 'etcdserver: too many requests').verdict,
      'not-applied',
    );
    const bare = errorFromServer(Code.UNKNOWN, 'etcdserver: permission denied');
    assert.ok(bare instanceof PermissionDeniedError);
    assert.equal(bare.code, Code.PERMISSION_DENIED);
  });

  it('spread over lines is read as one, decorated or not', () => {
    const error = errorFromServer(Code.UNKNOWN, 'rpc error: code = Unavailable desc = first\nsecond');
    assert.equal(error.code, Code.UNAVAILABLE);
    assert.equal(error.serverText, 'first\nsecond');
  });

  it('that is empty still gives a text', () => {
    assert.match(errorFromServer(Code.INTERNAL, '').message, /^INTERNAL: the server gave no reason$/);
  });
});

describe('a status that no known text explains', () => {
  const verdicts: readonly (readonly [Code, Verdict])[] = [
    [Code.UNAVAILABLE, 'maybe-applied'],
    [Code.CANCELLED, 'maybe-applied'],
    [Code.DEADLINE_EXCEEDED, 'maybe-applied'],
    [Code.INTERNAL, 'maybe-applied'],
    [Code.UNKNOWN, 'maybe-applied'],
    [Code.INVALID_ARGUMENT, 'final'],
    [Code.OUT_OF_RANGE, 'final'],
    [Code.FAILED_PRECONDITION, 'final'],
    [Code.RESOURCE_EXHAUSTED, 'final'],
  ];
  for (const [code, verdict] of verdicts) {
    it(`${codeName(code)} is ${verdict}`, () => {
      assert.equal(errorFromServer(code, 'who knows').verdict, verdict);
    });
  }

  it('is not-applied whatever its code when it was surely never sent', () => {
    assert.equal(errorFromServer(Code.UNAVAILABLE, 'anything', { notSent: true }).verdict, 'not-applied');
  });

  it('with a code outside the specification counts as UNKNOWN', () => {
    assert.equal(toCode(999), Code.UNKNOWN);
    const error = errorFromServer(999, 'odd');
    assert.equal(error.code, Code.UNKNOWN);
    assert.equal(error.message, 'UNKNOWN: odd');
    assert.equal(codeName(999), 'UNKNOWN');
  });
});

describe('an error of this library', () => {
  it('names its class, starts with its code and keeps its cause', () => {
    const cause = new Error('below');
    const error = errorFromServer(Code.INTERNAL, 'broken', { cause });
    assert.equal(error.name, 'EtcdError');
    assert.equal(error.message, 'INTERNAL: broken');
    assert.equal(error.cause, cause);
    assert.equal('cause' in errorFromServer(Code.INTERNAL, 'broken'), false);
  });

  it('tells by its class what to do', () => {
    assert.equal(new InvalidInputError('x is 1').code, Code.INVALID_ARGUMENT);
    assert.equal(new InvalidInputError('x is 1').verdict, 'final');
    assert.equal(new ClosedError('the client').message, 'CANCELLED: the client is closed');
    assert.equal(new DeadlineError('late').verdict, 'maybe-applied');
    assert.equal(new DeadlineError('late', { verdict: 'not-applied' }).verdict, 'not-applied');
  });

  it('that hides a lost answer carries the code, the text and the cause of it', () => {
    const cause = errorFromServer(Code.UNAVAILABLE, 'etcdserver: leader changed');
    const error = new AmbiguousWriteError('Put', 'm1:2379', cause);
    assert.ok(error instanceof EtcdError);
    assert.equal(error.verdict, 'maybe-applied');
    assert.equal(error.code, Code.UNAVAILABLE);
    assert.equal(error.cause, cause);
    assert.equal(error.serverText, 'etcdserver: leader changed');
    assert.equal(error.operation, 'Put');
    assert.equal(error.member, 'm1:2379');
    assert.match(error.message, /Put on m1:2379 may have been applied/);
  });

  it('about compaction names the oldest revision left', () => {
    assert.equal(new CompactedError('gone', 20n).compactRevision, 20n);
    assert.equal(new CompactedError('gone', 20n).code, Code.OUT_OF_RANGE);
  });
});
