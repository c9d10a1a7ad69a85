import assert from 'node:assert/strict';
import {
  AmbiguousWriteError,
  ClosedError,
  Code,
  CompactedError,
  codeName,
  DeadlineError,
  EtcdError,
  type EtcdReason,
  errorFor,
  errorFromServer,
  InvalidInputError,
  isPersistent,
  needsNewToken,
  PermissionDeniedError,
  serverTexts,
  toCode,
  UnauthenticatedError,
  type Verdict,
  wasNeverSent,
} from '#src/errors/index.js';
import { classOf, goCode, rpctypes, verdictOf } from '../../support/rpctypes.js';

describe("a server's text", () => {
  it('is one of the 63 texts of rpctypes, or one of a few that have no constant there', () => {
    assert.equal(rpctypes.length, 63);
    assert.equal(new Set(rpctypes.map(([, , text]) => text)).size, 63);
    const named = new Set(rpctypes.map(([name]) => name));
    const more = serverTexts.filter(({ reason }) => !named.has(reason));
    assert.deepEqual(
      more.map(({ text }) => text),
      [
        'etcdserver: request timed out, leader transfer took too long',
        'raft proposal dropped',
        'raft: stopped',
        'not a primary lessor',
        'auth: authentication failed, password was given for no password user',
        'auth: token signing attempted with verify-only key',
        'etcdserver: unknown method',
        'election: no leader',
        'election: not leader',
        '"leader" field must be provided',
        'mutex: session is expired',
        'lost watcher waiting for delete',
        'mvcc: watcher range is empty',
        'mvcc: duplicate watch ID provided on the WatchStream',
      ],
    );
  });

  for (const [name, code, text, otherCode] of rpctypes) {
    describe(`'${text}'`, () => {
      const check = (error: EtcdError) => {
        assert.equal(error.name, classOf[name] ?? 'EtcdError');
        assert.equal(error.constructor.name, error.name);
        assert.equal(error.code, code);
        assert.equal(error.reason, name);
        assert.equal(error.verdict, verdictOf(name));
        assert.equal(error.serverText, text);
      };

      it(`is ${name}, ${verdictOf(name)}, as a status of any code`, () => {
        check(errorFromServer(code, text));
        if (otherCode !== undefined) check(errorFromServer(otherCode, text));
        check(errorFromServer(Code.UNKNOWN, text));
      });

      it('is the same as Go prints it in a cancel reason, once or twice', () => {
        const reason = `rpc error: code = ${goCode[code]} desc = ${text}`;
        check(errorFromServer(Code.UNKNOWN, reason));
        check(errorFromServer(Code.UNKNOWN, `rpc error: code = Unknown desc = ${reason}`));
      });
    });
  }

  const unmapped: readonly (readonly [text: string, reason: string, name: string, code: Code, Verdict])[] = [
    [
      'auth: authentication failed, password was given for no password user',
      'NoPasswordUser',
      'UnauthenticatedError',
      Code.INVALID_ARGUMENT,
      'final',
    ],
    [
      'auth: token signing attempted with verify-only key',
      'VerifyOnly',
      'UnauthenticatedError',
      Code.FAILED_PRECONDITION,
      'final',
    ],
    [
      'auth: revision in header is old',
      'AuthOldRevision',
      'UnauthenticatedError',
      Code.INVALID_ARGUMENT,
      'not-applied',
    ],
    ['etcdserver: request cancelled', 'Canceled', 'EtcdError', Code.CANCELLED, 'maybe-applied'],
    ['raft proposal dropped', 'ProposalDropped', 'EtcdError', Code.UNAVAILABLE, 'not-applied'],
    ['raft: stopped', 'RaftStopped', 'EtcdError', Code.UNAVAILABLE, 'maybe-applied'],
    ['mutex: session is expired', 'SessionExpired', 'LeaseNotFoundError', Code.NOT_FOUND, 'final'],
    ['lost watcher waiting for delete', 'LostWatcher', 'EtcdError', Code.UNAVAILABLE, 'maybe-applied'],
  ];
  for (const [text, reason, name, code, verdict] of unmapped) {
    it(`'${text}', which etcd sends as UNKNOWN, is ${reason} and ${verdict}`, () => {
      const error = errorFromServer(Code.UNKNOWN, text);
      assert.deepEqual(
        [error.reason, error.name, error.code, error.verdict, error.serverText],
        [reason, name, code, verdict, text],
      );
    });
  }

  it('about authentication either requires a new token or refuses the user', () => {
    const refusals = serverTexts.map(({ text }) => errorFromServer(Code.UNKNOWN, text));
    const unauthenticated = refusals.filter((error) => error instanceof UnauthenticatedError);
    const [asking, refusing] = [true, false].map((asks) =>
      unauthenticated.filter((error) => needsNewToken(error) === asks).map(({ reason }) => reason),
    );
    assert.deepEqual(asking, ['InvalidAuthToken', 'AuthOldRevision', 'UserEmpty']);
    assert.deepEqual(refusing, ['AuthFailed', 'NoPasswordUser', 'VerifyOnly']);
    assert.equal(needsNewToken(errorFromServer(Code.UNAUTHENTICATED, 'a proxy says no')), true);
    assert.equal(needsNewToken(errorFromServer(Code.PERMISSION_DENIED, 'a proxy says no')), false);
  });

  it('can be looked up by its name', () => {
    for (const { text, reason } of serverTexts) {
      const error = errorFor(reason as EtcdReason);
      assert.deepEqual([error.reason, error.serverText], [reason, text]);
    }
  });

  it('that has no constant in Go has a name and a verdict, too', () => {
    const moved = errorFromServer(Code.UNKNOWN, 'not a primary lessor');
    assert.deepEqual([moved.reason, moved.verdict], ['NotPrimaryLessor', 'maybe-applied']);
    const range = errorFromServer(Code.UNKNOWN, 'mvcc: watcher range is empty');
    assert.deepEqual([range.reason, range.verdict], ['WatchRangeEmpty', 'final']);
    const late = errorFromServer(Code.DEADLINE_EXCEEDED, 'context deadline exceeded');
    assert.deepEqual([late.reason, late.verdict], ['DeadlineExceeded', 'maybe-applied']);
  });

  it('about a request over the limit of the server’s gRPC library has the same name as etcd’s own', () => {
    const text = 'grpc: received message larger than max (2098200 vs. 2097152)';
    const error = errorFromServer(Code.RESOURCE_EXHAUSTED, text);
    assert.deepEqual([error.reason, error.verdict], ['RequestTooLarge', 'final']);
  });

  it('of grpc-js about an answer over the limit means that the request was carried out, and is persistent', () => {
    for (const text of [
      'Received message larger than max (4294967280 vs 536870912)',
      'Received message that decompresses to a size larger than 536870912',
    ]) {
      const error = errorFromServer(Code.RESOURCE_EXHAUSTED, text);
      assert.deepEqual([error.reason, error.verdict], ['ResponseTooLarge', 'maybe-applied']);
      assert.equal(isPersistent(error), true);
    }
  });

  it('is persistent if the store is full, and is not if the leader changed', () => {
    assert.equal(isPersistent(errorFromServer(8, 'etcdserver: mvcc: database space exceeded')), true);
    assert.equal(isPersistent(errorFromServer(14, 'etcdserver: leader changed')), false);
  });

  it('that is undefined, as in some hostile answers, gives an error', () => {
    const nothing = undefined as never;
    const error = errorFromServer(nothing, nothing);
    assert.deepEqual([error.code, error.verdict, error.reason], [Code.UNKNOWN, 'maybe-applied', undefined]);
    assert.equal(error.message, 'UNKNOWN: the server gave no reason');
  });

  it('takes precedence over its code, which differs between releases', () => {
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

  it('of several lines becomes one line, with or without Go’s prefix', () => {
    const error = errorFromServer(Code.UNKNOWN, 'rpc error: code = Unavailable desc = first\nsecond');
    assert.equal(error.code, Code.UNAVAILABLE);
    assert.equal(error.serverText, 'first\\x0asecond');
  });

  it('that is empty gives an error with a text', () => {
    assert.match(errorFromServer(Code.INTERNAL, '').message, /^INTERNAL: the server gave no reason$/);
  });
});

describe('a status with an unknown text', () => {
  const verdicts: readonly (readonly [Code, Verdict])[] = [
    [Code.UNAVAILABLE, 'maybe-applied'],
    [Code.CANCELLED, 'maybe-applied'],
    [Code.DEADLINE_EXCEEDED, 'maybe-applied'],
    [Code.INTERNAL, 'maybe-applied'],
    [Code.UNKNOWN, 'maybe-applied'],
    [Code.INVALID_ARGUMENT, 'final'],
    [Code.OUT_OF_RANGE, 'final'],
    [Code.FAILED_PRECONDITION, 'final'],
    [Code.ABORTED, 'maybe-applied'],
    [Code.DATA_LOSS, 'maybe-applied'],
    [Code.RESOURCE_EXHAUSTED, 'maybe-applied'],
    [Code.UNIMPLEMENTED, 'final'],
  ];
  for (const [code, verdict] of verdicts) {
    it(`${codeName(code)} is ${verdict}`, () => {
      assert.equal(errorFromServer(code, 'who knows').verdict, verdict);
    });
  }

  it('is not-applied, whatever its code, if the request was certainly not sent', () => {
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

describe('a status of grpc-js', () => {
  for (const [code, details] of [
    [Code.UNAVAILABLE, 'No connection established. Last error: refused'],
    [Code.UNAVAILABLE, 'Stream refused by server'],
    [Code.UNAVAILABLE, 'Channel closed before call started'],
    [
      Code.INTERNAL,
      'Failed to start HTTP/2 stream with error New streams cannot be created after receiving a GOAWAY',
    ],
  ] as const) {
    it(`'${details}' means that nothing was sent`, () => assert.equal(wasNeverSent(code, details), true));
  }

  for (const [code, details] of [
    [Code.UNAVAILABLE, 'Connection dropped'],
    [Code.UNKNOWN, 'Stream refused by server'],
    [Code.INTERNAL, 'Received RST_STREAM with code 2'],
    [Code.CANCELLED, undefined],
  ] as const) {
    it(`'${details}' with code ${codeName(code)} does not mean that nothing was sent`, () =>
      assert.equal(wasNeverSent(code, details), false));
  }
});

describe('an error of this library', () => {
  it('has the name of its class, a message that starts with its code, and its cause', () => {
    const cause = new Error('below');
    const error = errorFromServer(Code.INTERNAL, 'broken', { cause });
    assert.equal(error.name, 'EtcdError');
    assert.equal(error.message, 'INTERNAL: broken');
    assert.equal(error.cause, cause);
    assert.equal('cause' in errorFromServer(Code.INTERNAL, 'broken'), false);
  });

  it('has the code and the verdict of its class', () => {
    assert.equal(new InvalidInputError('x is 1').code, Code.INVALID_ARGUMENT);
    assert.equal(new InvalidInputError('x is 1').verdict, 'final');
    assert.equal(new ClosedError('the client').message, 'CANCELLED: the client is closed');
    assert.equal(new DeadlineError('late').verdict, 'maybe-applied');
    assert.equal(new DeadlineError('late', { verdict: 'not-applied' }).verdict, 'not-applied');
  });

  it('for a lost answer has the code, the text and the cause of the loss', () => {
    const cause = errorFromServer(Code.UNAVAILABLE, 'etcdserver: leader changed');
    const error = new AmbiguousWriteError('Put', 'm1:2379', cause);
    assert.ok(error instanceof EtcdError);
    assert.equal(error.verdict, 'maybe-applied');
    assert.equal(error.code, Code.UNAVAILABLE);
    assert.equal(error.cause, cause);
    assert.equal(error.serverText, 'etcdserver: leader changed');
    assert.equal(error.reason, 'LeaderChanged');
    assert.equal(error.operation, 'Put');
    assert.equal(error.member, 'm1:2379');
    assert.match(error.message, /Put on m1:2379 may have been applied/);
  });

  it('about a compaction has the oldest revision that is left', () => {
    assert.equal(new CompactedError('gone', 20n).compactRevision, 20n);
    assert.equal(new CompactedError('gone', 20n).code, Code.OUT_OF_RANGE);
  });
});
