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
import { ambiguous, Scene } from './scene.js';

describe('a line of etcdctl watch', () => {
  const line =
    '{"Header":{"cluster_id":14841639068965178418,"revision":4},"Events":[' +
    '{"kv":{"key":"YQ==","create_revision":2,"mod_revision":2,"version":1,"value":"Ijox","lease":7587899042608340997}},' +
    '{"type":1,"kv":{"key":"YQ==","mod_revision":3}},{"kv":{"key":"Yg==","create_revision":3,"mod_revision":3,"version":1}}' +
    '],"CompactRevision":0,"Canceled":false,"Created":false}';

  it('gives revisions with their events in order, and 64-bit numbers whole', () => {
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

  it('returns nothing when it contains no event', () => {
    assert.deepEqual(eventsOf('{"Header":{"revision":4},"Events":null,"Canceled":true}'), []);
  });
});

describe('the truth of several members', () => {
  it('holds each revision once, and tells where they differ', () => {
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

  it('knows every key as it was at every revision', () => {
    const scene = new Scene();
    scene.put('k', 'a');
    scene.put('l', 'b');
    scene.delete('k');
    scene.put('k', 'c');
    const truth = new Truth(scene.facts);
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

  it('takes the library’s word for whether a write may have been applied', async () => {
    assert.equal((await fails(lost)).outcome.type, 'info');
    const refused = new EtcdError('refused', { code: Code.UNAVAILABLE, verdict: 'not-applied' });
    assert.equal((await fails(refused)).outcome.type, 'fail');
    assert.equal((await fails(new EtcdError('no', { code: Code.NOT_FOUND }))).outcome.type, 'fail');
  });

  it('takes no read for ambiguous, and no bug for an answer', async () => {
    const read = { type: 'get', key: 'k', serializable: false } as const;
    assert.equal((await new Journal().run('c', read, () => Promise.reject(lost))).outcome.type, 'fail');
    await assert.rejects(fails(new TypeError('a bug')), /a bug/);
  });

  it('knows on whose behalf code runs, and who was under way', async () => {
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
  it('comes back as it was', () => {
    const scene = new Scene();
    scene.put('k', 'a "quoted" {"$big":"1"}');
    scene.hold();
    const history = scene.end();
    assert.deepEqual(decode(encode(history)), history);
  });
});

describe('ambiguous writes', () => {
  it('are counted by what became of them', () => {
    const scene = new Scene();
    scene.lostPut('k', 'at once');
    scene.apply({ put: 'k', value: 'at once' });
    scene.lostPut('k', 'late');
    scene.put('k', 'meanwhile');
    scene.apply({ put: 'k', value: 'late' });
    scene.lostPut('k', 'never');
    scene.op({ type: 'delete', key: 'k' }, ambiguous);
    assert.deepEqual(countInfoWrites(scene.facts, new Truth(scene.facts)), {
      total: 4,
      applied: 2,
      appliedLate: 1,
      neverApplied: 1,
      unknown: 1,
    });
  });
});

describe('leases that etcd drops', () => {
  function dropped(at: number, revoked = false): number {
    const scene = new Scene();
    const lease = scene.hold();
    scene.apply({ put: 'l', value: 'a', lease });
    scene.renew(lease, 1_000);
    if (revoked) scene.op({ type: 'revoke', lease }, { type: 'revoked' });
    scene.now = at;
    scene.apply({ delete: 'l' });
    return earlyExpiries(scene.facts, new Truth(scene.facts));
  }

  it('are counted when it was before their time, and no client had revoked them', () => {
    assert.equal(dropped(3_500), 1);
    assert.equal(dropped(4_500), 0);
    assert.equal(dropped(3_500, true), 0);
  });
});

describe('a run', () => {
  it('is void when a fault never hit, or nothing was put to the test', () => {
    const reasons = inconclusiveReasons(countFacts(new Scene().end(), faultNames));
    for (const name of faultNames) assert.ok(reasons.includes(`${name} never hit`));
    assert.equal(reasons.length, faultNames.length + 4);
  });

  it('refuses what cannot be meant', () => {
    assert.equal(parseSettings(['--seconds', '600', '--seed', '7']).seed, 7);
    assert.throws(() => parseSettings(['--seconds', '5']), /--seconds is '5'; it must be .* at least 20/);
    assert.throws(() => parseSettings(['--seed', '']), /--seed/);
    assert.throws(() => parseSettings(['--minutes', '5']), /minutes/);
  });
});
