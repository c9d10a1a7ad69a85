import assert from 'node:assert/strict';
import { Code, errorFromServer } from '#src/errors/index.js';
import { Bench, brief, created, dropped, events, puts, refused } from './builders.js';

const expired = refused('rpc error: code = Unauthenticated desc = etcdserver: invalid auth token');

/** One live sibling, and `count` watchers whose token was refused. */
function withRefusedWatchers(watchers: number): Bench {
  const bench = new Bench().withSiblings(1);
  for (let watcher = 1; watcher <= watchers; watcher++) bench.watch(watcher, 2);
  return bench;
}

describe('a watch session whose token expired', () => {
  it('requests one new token for all refused watchers', () => {
    const bench = withRefusedWatchers(3);
    const effects = [1, 2, 3].map(() => brief(bench.reply(-1, expired)));
    assert.deepEqual(effects, ['refresh 0', '', '']);
  });

  it('creates them on a new stream, while the old one keeps serving its live watchers', () => {
    const bench = withRefusedWatchers(2);
    for (let i = 0; i < 2; i++) bench.reply(-1, expired);
    assert.equal(
      brief(bench.input({ type: 'token', generation: 1 })),
      'open-stream @2, create 1 as 1003 from 2 @2',
    );
    assert.match(brief(bench.reply(1_003, created(1), 2)), /^ready 1 at 1, create 2 as 1004 from 2 @2/);
    assert.equal(brief(bench.reply(1_000, events(puts(9)))), 'deliver 100: 9');
    assert.equal(brief(bench.input({ type: 'unwatch', watcher: 100 })), 'cancel 1000, close-stream');
  });

  it('attributes a refusal that arrives after a new token to the old one', () => {
    const bench = withRefusedWatchers(2);
    bench.reply(-1, expired);
    bench.input({ type: 'token', generation: 1 });
    assert.equal(brief(bench.reply(-1, expired)), '', 'it waits on the new stream');
    assert.match(brief(bench.reply(1_003, created(1), 2)), /create 2 as 1004 from 2 @2/);
  });

  it('accepts an unrequested token, and the same one only once', () => {
    const bench = new Bench();
    bench.input({ type: 'token', generation: 1 });
    assert.equal(brief(bench.watch(1, 2)), 'open-stream @2, create 1 as 1000 from 2 @2');
    assert.equal(brief(bench.input({ type: 'token', generation: 1 })), '');
  });

  it('ends only a watcher whose third token is refused', () => {
    const bench = withRefusedWatchers(1);
    assert.equal(brief(bench.reply(-1, expired)), 'refresh 0');
    bench.input({ type: 'token', generation: 1 });
    assert.equal(brief(bench.reply(-1, expired, 2)), 'refresh 1, close-stream @2');
    assert.equal(brief(bench.input({ type: 'token', generation: 2 })), '', 'it pauses first');
    bench.timer('retry');
    assert.equal(brief(bench.reply(-1, expired, 3)), 'finish 1: UnauthenticatedError, close-stream @3');
    assert.equal(brief(bench.reply(1_000, events(puts(9)))), 'deliver 100: 9');
  });

  it('resets the count with each acknowledgement', () => {
    const bench = withRefusedWatchers(1);
    bench.reply(-1, expired);
    bench.input({ type: 'token', generation: 1 });
    bench.reply(-1, expired, 2);
    bench.input({ type: 'token', generation: 2 });
    bench.timer('retry');
    bench.reply(1_003, created(1), 3);
    bench.reconnect(dropped(), 3);
    assert.match(brief(bench.reply(-1, expired, 3)), /^refresh 2/);
  });

  it('retries after a pause when no token is available for now', () => {
    const bench = withRefusedWatchers(1);
    bench.reply(-1, expired);
    const error = errorFromServer(Code.UNAVAILABLE, 'Connection dropped');
    assert.equal(brief(bench.input({ type: 'token-failed', error })), '');
    assert.equal(brief(bench.timer('retry')), 'create 1 as 1002 from 2');
  });

  it('retries after a pause, and requests again, when a request returned the same token', () => {
    const bench = withRefusedWatchers(2);
    for (let i = 0; i < 2; i++) bench.reply(-1, expired);
    assert.equal(brief(bench.input({ type: 'token', generation: 0 })), '');
    assert.equal(brief(bench.timer('retry')), 'create 1 as 1003 from 2, create 2 as 1004 from 2');
    assert.equal(brief(bench.reply(-1, expired)), 'refresh 0');
    assert.equal(brief(bench.input({ type: 'token', generation: 1 })), '');
    assert.match(brief(bench.timer('retry')), /create 1 as 1005 from 2 @2$/);
  });

  it('counts a token once, however often it is refused', () => {
    const bench = withRefusedWatchers(1);
    const error = errorFromServer(Code.UNAVAILABLE, 'Connection dropped');
    for (let id = 1_002; id < 1_010; id++) {
      assert.equal(brief(bench.reply(-1, expired)), 'refresh 0');
      bench.input({ type: 'token-failed', error });
      assert.equal(brief(bench.timer('retry')), `create 1 as ${id} from 2`);
    }
  });

  it('ends with the error when the token request fails for good', () => {
    const bench = withRefusedWatchers(1);
    bench.reply(-1, expired);
    const text = 'etcdserver: authentication failed, invalid user ID or password';
    const error = errorFromServer(Code.INVALID_ARGUMENT, text);
    assert.equal(brief(bench.input({ type: 'token-failed', error })), 'finish 1: UnauthenticatedError');
  });

  it('does the same when the whole stream is refused', () => {
    const bench = withRefusedWatchers(0);
    const error = errorFromServer(Code.UNAUTHENTICATED, 'etcdserver: invalid auth token');
    assert.equal(brief(bench.lose(error)), 'refresh 0');
    assert.match(
      brief(bench.input({ type: 'token', generation: 1 })),
      /^open-stream @2, create 100 as 1001 from 1/,
    );
  });

  it('requests once, even if the first waiting watcher has left', () => {
    const bench = withRefusedWatchers(2);
    bench.reply(-1, expired);
    bench.input({ type: 'unwatch', watcher: 1 });
    assert.equal(brief(bench.reply(-1, expired)), '');
    assert.equal(
      brief(bench.input({ type: 'token', generation: 1 })),
      'open-stream @2, create 2 as 1003 from 2 @2',
    );
  });

  it('merges both streams when the old one is lost', () => {
    const bench = withRefusedWatchers(1);
    bench.reply(-1, expired);
    bench.input({ type: 'token', generation: 1 });
    bench.reply(1_002, created(1), 2);
    assert.equal(brief(bench.reconnect()), 'create 100 as 1003 from 1 @2');
  });

  it('removes a watcher that leaves while it waits', () => {
    const bench = withRefusedWatchers(1);
    bench.reply(-1, expired);
    bench.input({ type: 'unwatch', watcher: 1 });
    assert.equal(brief(bench.input({ type: 'token', generation: 1 })), '');
  });
});
