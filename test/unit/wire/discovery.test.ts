import assert from 'node:assert/strict';
import {
  type DiscoveryRules,
  type ListedMember,
  maxDiscoveredEndpoints,
  selectEndpoints,
} from '#src/wire/member/discovery.js';

const plain: DiscoveryRules = { tls: false, ownHost: false, requiresSecretsLocal: false, allow: undefined };
const member = (...clientURLs: string[]): ListedMember => ({ name: 'm', clientURLs, isLearner: false });
const used = (members: ListedMember[], rules = plain) =>
  selectEndpoints(members, rules).usable.map(({ address }) => address);
const skipReason = (listed: ListedMember, rules = plain) =>
  selectEndpoints([listed], rules)
    .skipped.map(({ reason }) => reason)
    .join();

describe('an advertised address', () => {
  it('is used once', () => {
    const members = [member('http://10.0.0.1:2379', 'http://a:2379'), member('http://a:2379')];
    assert.deepEqual(used(members), ['10.0.0.1:2379', 'a:2379']);
  });

  const skipped: readonly (readonly [
    what: string,
    listed: ListedMember,
    reason: RegExp,
    rules?: DiscoveryRules,
  ])[] = [
    ['of a member that has not started', { ...member('http://a:1'), name: '' }, /not started/],
    ['of a learner', { ...member('http://a:1'), isLearner: true }, /learner/],
    ['with TLS, for a client without TLS', member('https://a:1'), /uses TLS/],
    ['without TLS, for a client with TLS', member('http://a:1'), /does not use TLS/, { ...plain, tls: true }],
    ['that is a wildcard', member('http://0.0.0.0:1'), /wildcard/],
    ['that is a wildcard of IPv6', member('http://[::]:1'), /wildcard/],
    ['that is the member’s own loopback', member('http://127.0.0.1:1'), /loopback/],
    ['that is localhost', member('http://localhost:1'), /loopback/],
    ['that is a wildcard in another spelling', member('http://0:1'), /wildcard/],
    ['that is loopback in another spelling', member('http://[::ffff:127.0.0.1]:1'), /loopback/],
    [
      'that a password would reach in plaintext',
      member('http://a:1'),
      /plaintext/,
      { ...plain, requiresSecretsLocal: true },
    ],
    ['that is not an address', member('nonsense'), /host:port/],
    ['of an unknown scheme', member('ftp://a:1'), /scheme/],
    [
      'that the rule refuses',
      member('http://evil:1'),
      /allow rule/,
      { ...plain, allow: (e) => !e.includes('evil') },
    ],
  ];
  for (const [what, listed, reason, rules] of skipped) {
    it(`is skipped with a reason: an address ${what}`, () => {
      assert.deepEqual(used([listed], rules), []);
      assert.match(skipReason(listed, rules), reason);
    });
  }

  it('is used only if the rule returns true', () => {
    const allow = (() => 'yes') as unknown as (endpoint: string) => boolean;
    assert.deepEqual(used([member('http://a:1')], { ...plain, allow }), []);
  });

  it('fails the sync if the rule returns a promise, whose rejection is handled', async () => {
    const allow = (async () => assert.fail('of the rule')) as unknown as (endpoint: string) => boolean;
    assert.throws(() => used([member('http://a:1')], { ...plain, allow }), /returned a promise/);
    await new Promise((resolve) => setImmediate(resolve));
  });

  it('is not used if it is a unix socket', () => {
    assert.deepEqual(used([member('unix:///run/evil')]), []);
    assert.match(skipReason(member('unix:///run/evil')), /unix socket/);
  });

  it('may be loopback if the client has a loopback endpoint', () => {
    const rules = { ...plain, ownHost: true, requiresSecretsLocal: true };
    assert.deepEqual(used([member('http://127.0.0.1:1')], rules), ['127.0.0.1:1']);
  });

  it('is never a wildcard, even if the client has a loopback endpoint', () => {
    assert.deepEqual(used([member('http://0:1')], { ...plain, ownHost: true }), []);
  });

  it(`is used up to a limit of ${maxDiscoveredEndpoints} different addresses; the others are skipped by name`, () => {
    const urls = Array.from({ length: maxDiscoveredEndpoints + 2 }, (_, i) => `http://h${i}:1`);
    const { usable, skipped } = selectEndpoints([member('http://h0:1', ...urls)], plain);
    assert.deepEqual(
      usable.map(({ endpoint }) => endpoint),
      urls.slice(0, maxDiscoveredEndpoints),
    );
    assert.deepEqual(
      skipped.map(({ endpoint }) => endpoint),
      urls.slice(maxDiscoveredEndpoints),
    );
    assert.ok(skipped.every(({ reason }) => /more than 32/.test(reason)));
  });
});
