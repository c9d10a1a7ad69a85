import assert from 'node:assert/strict';
import { Code, EtcdError } from '#src/errors/index.js';
import { earlyExpiries } from '../../chaos/check/early-expiry.js';
import { countInfoWrites } from '../../chaos/check/info-writes.js';
import { decode, encode } from '../../chaos/codec.js';
import { eventsOf } from '../../chaos/etcdctl.js';
import { factsOf } from '../../chaos/history.js';
import { Journal } from '../../chaos/journal.js';
import { countFacts, inconclusiveReasons } from '../../chaos/report.js';
import { faultNames } from '../../chaos/run.js';
import { parseSettings } from '../../chaos/settings.js';
import { Truth } from '../../chaos/truth.js';
import { TruthLog } from '../../chaos/truth-recorder.js';
import { ambiguous, HistoryBuilder } from './history-builder.js';

describe('a line of etcdctl watch', () => {
  const line =
    '{"Header":{"cluster_id":14841639068965178418,"revision":4},"Events":[' +
    '{"kv":{"key":"YQ==","create_revision":2,"mod_revision":2,"version":1,"value":"Ijox","lease":7587899042608340997}},' +
    '{"type":1,"kv":{"key":"YQ==","mod_revision":3}},{"kv":{"key":"Yg==","create_revision":3,"mod_revision":3,"version":1}}' +
    '],"CompactRevision":0,"Canceled":false,"Created":false}';

  it('is parsed into revisions with their events in order, without rounding 64-bit numbers', () => {
    const [first, second] = eventsOf(line);
    assert.deepEqual(first, {
      revision: 2n,
      events: [
        {
          type: 'put',
          kv: {
            key: 'a',
            value: '":1',
            createRevision: 2n,
            modRevision: 2n,
            version: 1n,
            lease: 7587899042608340997n,
          },
        },
      ],
    });
    assert.equal(second?.revision, 3n);
    assert.deepEqual(
      second?.events.map(({ type }) => type),
      ['delete', 'put'],
    );
  });

  it('is parsed into no revisions if it contains no event', () => {
    assert.deepEqual(eventsOf('{"Header":{"revision":4},"Events":null,"Canceled":true}'), []);
  });
});

describe('the truth of several members', () => {
  it('has each revision once, and records a conflict where members differ', () => {
    const journal = new Journal();
    const log = new TruthLog(journal);
    log.add('m0', 2n, [{ type: 'delete', key: 'a' }]);
    log.add('m1', 2n, [{ type: 'delete', key: 'a' }]);
    assert.deepEqual(
      journal.facts.map(({ kind }) => kind),
      ['truth'],
    );
    log.add('m2', 2n, [{ type: 'delete', key: 'b' }]);
    const [conflict] = factsOf(journal.facts, 'conflict');
    assert.deepEqual(conflict?.members, ['m0', 'm2']);
  });

  it('has the state of every key at every revision', () => {
    const builder = new HistoryBuilder();
    builder.put('k', 'a');
    builder.put('l', 'b');
    builder.delete('k');
    builder.put('k', 'c');
    const truth = new Truth(builder.facts);
    const values = [1n, 2n, 3n, 4n, 5n, 9n].map((revision) => truth.get('k', revision)?.value);
    assert.deepEqual(values, [undefined, 'a', 'a', undefined, 'c', 'c']);
    assert.equal(truth.get('k', 5n)?.version, 1n);
    assert.deepEqual(
      truth.range('', 4n).map(({ key }) => key),
      ['l'],
    );
    assert.equal(truth.lastRevision, 5n);
  });
});

describe('a journal', () => {
  const op = { type: 'put', key: 'k', value: 'v', lease: 0n } as const;
  const fails = (error: Error) => new Journal().run('c', op, () => Promise.reject(error));
  const lost = new EtcdError('lost', { code: Code.UNAVAILABLE, verdict: 'maybe-applied' });

  it('classifies a failed write by the verdict of its error', async () => {
    assert.equal((await fails(lost)).outcome.type, 'info');
    const refused = new EtcdError('refused', { code: Code.UNAVAILABLE, verdict: 'not-applied' });
    assert.equal((await fails(refused)).outcome.type, 'fail');
    assert.equal((await fails(new EtcdError('no', { code: Code.NOT_FOUND }))).outcome.type, 'fail');
  });

  it('never classifies a read as ambiguous, and rejects with an error that is not typed', async () => {
    const read = { type: 'get', key: 'k', serializable: false } as const;
    assert.equal((await new Journal().run('c', read, () => Promise.reject(lost))).outcome.type, 'fail');
    await assert.rejects(fails(new TypeError('a bug')), /a bug/);
  });

  it('knows the operation on whose behalf code runs, and the clients with operations in progress', async () => {
    const journal = new Journal();
    const done = { type: 'put', revision: 2n } as const;
    let seen: number | undefined;
    const first = journal.run('c', op, () => Promise.resolve(done));
    const second = journal.run('d', op, async () => {
      await first;
      seen = journal.currentOp;
      assert.equal(journal.hadOpsSince(journal.now(), ['d']), true);
      assert.equal(journal.hadOpsSince(journal.now(), ['e']), false);
      return done;
    });
    assert.equal((await second).id, seen);
    assert.equal(journal.currentOp, undefined);
    assert.equal(journal.hadOpsSince(journal.now() + 1, 'all'), false);
  });
});

describe('a history as text', () => {
  it('is decoded to an equal history', () => {
    const builder = new HistoryBuilder();
    builder.put('k', 'a "quoted" {"$big":"1"}');
    builder.hold();
    const history = builder.end();
    assert.deepEqual(decode(encode(history)), history);
  });
});

describe('ambiguous writes', () => {
  it('are counted by outcome', () => {
    const builder = new HistoryBuilder();
    builder.lostPut('k', 'immediately');
    builder.apply({ put: 'k', value: 'immediately' });
    builder.lostPut('k', 'late');
    builder.put('k', 'meanwhile');
    builder.apply({ put: 'k', value: 'late' });
    builder.lostPut('k', 'never');
    builder.op({ type: 'delete', key: 'k' }, ambiguous);
    assert.deepEqual(countInfoWrites(builder.facts, new Truth(builder.facts)), {
      total: 4,
      applied: 2,
      appliedLate: 1,
      neverApplied: 1,
      unknown: 1,
    });
  });
});

describe('leases that expire in etcd', () => {
  function dropped(at: number, revoked = false): number {
    const builder = new HistoryBuilder();
    const lease = builder.hold();
    builder.apply({ put: 'l', value: 'a', lease });
    builder.renew(lease, 1_000);
    if (revoked) builder.op({ type: 'revoke', lease }, { type: 'revoked' });
    builder.now = at;
    builder.apply({ delete: 'l' });
    return earlyExpiries(builder.facts, new Truth(builder.facts));
  }

  it('are counted if they expire early and no client revoked them', () => {
    assert.equal(dropped(3_500), 1);
    assert.equal(dropped(4_500), 0);
    assert.equal(dropped(3_500, true), 0);
  });
});

describe('a run', () => {
  it('is inconclusive if a fault had no effect, or a case never occurred', () => {
    const counts = countFacts(new HistoryBuilder().end(), faultNames(true));
    const direct = { auth: false, grpcProxies: 0 };
    const reasons = inconclusiveReasons(counts, direct);
    for (const name of faultNames(true)) assert.ok(reasons.includes(`${name} had no effect`));
    assert.equal(reasons.length, faultNames(true).length + 5);
    const withAuth = inconclusiveReasons(counts, { ...direct, auth: true });
    assert.deepEqual(withAuth, [...reasons, 'no read was refused']);
    const throughProxies = inconclusiveReasons(counts, { ...direct, grpcProxies: 2 });
    assert.deepEqual(
      throughProxies,
      reasons.filter((reason) => !reason.includes('batch of reads')),
    );
  });

  it('rejects invalid options', () => {
    assert.equal(parseSettings(['--seconds', '600', '--seed', '7']).seed, 7);
    assert.throws(() => parseSettings(['--seconds', '5']), /--seconds is '5'; it must be .* at least 20/);
    assert.throws(() => parseSettings(['--seed', '']), /--seed/);
    assert.throws(() => parseSettings(['--minutes', '5']), /minutes/);
    assert.throws(() => parseSettings(['--grpc-proxies', '2', '--auth']), /without --auth/);
    assert.throws(() => parseSettings(['--grpc-proxies', '2', '--workload', 'lock']), /workload 'kv'/);
  });
});
