import assert from 'node:assert/strict';
import { EtcdClient, type EtcdClientOptions } from '#src/client/index.js';
import { ClosedError, InvalidInputError } from '#src/errors/index.js';
import type { MemberAddress } from '#src/wire/member/endpoints.js';
import { parseEndpoints } from '#src/wire/member/endpoints.js';
import type { Member } from '#src/wire/member/member.js';
import { Membership } from '#src/wire/member/membership.js';
import { MemberPool } from '#src/wire/member/pool.js';
import { secretOf } from '../../support/canary.js';
import { FakeClock } from '../lease/fakes.js';

/** How long the pool keeps a removed member. */
const retireMs = 60_000;

/** A member whose connection attempt the test settles. */
class FakeMember {
  readonly endpoint: string;
  readonly ready = undefined;
  closed = false;
  connects: () => void = () => {};
  refuses: () => void = () => {};

  constructor({ endpoint }: MemberAddress) {
    this.endpoint = endpoint;
  }

  connect(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.connects = resolve;
      this.refuses = () => reject(new Error('refused'));
    });
  }

  close(): void {
    this.closed = true;
  }
}

function setUp() {
  const clock = new FakeClock();
  const { members: seeds } = parseEndpoints(['10.0.0.1:2379']);
  const seed = new FakeMember(seeds[0]!);
  const pool = new MemberPool([seed as unknown as Member], {
    clock,
    random: () => 0,
    probe: async () => undefined,
    onEvent() {},
  });
  const created: FakeMember[] = [];
  const membership = new Membership(seeds, {
    pool,
    tls: () => false,
    verifiesServerName: false,
    hasAuth: false,
    requiresSecretsLocal: () => false,
    newMember: (address) => {
      const member = new FakeMember(address);
      created.push(member);
      return member as unknown as Member;
    },
    names: { addressesOf: () => undefined, failureOf: () => undefined, resolve: async () => {} },
  });
  const adopt = (host: string) =>
    membership.adopt([{ name: host, clientURLs: [`http://${host}:2379`], isLearner: false }], undefined);
  const inUse = (member: FakeMember | undefined) =>
    pool.members.some((health) => (health.member as unknown) === member);
  return { clock, pool, created, adopt, inUse };
}

/** Lets promises settle. */
const settlePromises = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('a member list that is followed', () => {
  const auth = { username: 'u', password: secretOf('membership') };
  const allow = () => true;
  const serverName = 'etcd.test';
  const rows: readonly (readonly [what: string, options: Partial<EtcdClientOptions>, refused?: RegExp])[] = [
    ['plaintext', {}],
    ['auth', { auth }, /sync with auth needs sync\.allow/],
    ['auth and a rule', { auth, sync: { allow } }],
    ['TLS', { tls: {} }, /sync with TLS needs sync\.allow/],
    ['TLS and a rule', { tls: {}, sync: { allow } }],
    ['TLS with a name', { tls: { serverName } }],
    [
      'TLS with a name that is not verified',
      { tls: { serverName, dangerouslySkipVerification: true } },
      /sync with TLS/,
    ],
    ['auth and TLS', { auth, tls: {} }, /sync with auth needs .* or TLS with tls\.serverName/],
    ['auth and TLS with a name', { auth, tls: { serverName } }],
  ];
  for (const [what, { sync, ...options }, refused] of rows) {
    it(`by a client with ${what} is ${refused ? 'rejected' : 'accepted'}`, async () => {
      const one = { endpoints: ['127.0.0.1:1'], timeoutMs: 1, ...options };
      const follow = () => new EtcdClient({ ...one, sync: { intervalMs: 1_000_000, ...sync } });
      const isRefusal = (error: Error) =>
        error instanceof InvalidInputError && refused?.test(error.message) === true;
      const client = new EtcdClient({ ...one, ...(sync ? { sync } : {}) });
      try {
        if (refused) assert.throws(follow, isRefusal);
        else await follow().close();
        // Nothing listens there: reaching the connection attempt is enough.
        await assert.rejects(client.sync(), (error: Error) => isRefusal(error) === (refused !== undefined));
      } finally {
        await client.close();
      }
    });
  }
});

describe('a member list that is adopted', () => {
  it('is used if any of its members can be reached, and dropped otherwise', async () => {
    const { created, adopt, inUse } = setUp();
    const first = adopt('10.0.0.2');
    await settlePromises();
    created[0]?.refuses();
    assert.equal((await first).adopted, false);
    assert.equal(created[0]?.closed, true);
    const second = adopt('10.0.0.2');
    await settlePromises();
    created[1]?.connects();
    assert.equal((await second).adopted, true);
    assert.deepEqual([inUse(created[1]), created[1]?.closed], [true, false]);
  });

  describe('while another one is being adopted', () => {
    it('shares the members that both name', async () => {
      const { created, adopt, inUse } = setUp();
      const both = Promise.all([adopt('10.0.0.2'), adopt('10.0.0.2')]);
      await settlePromises();
      for (const member of created) member.connects();
      await settlePromises();
      for (const member of created) member.connects();
      assert.deepEqual(
        (await both).map(({ adopted }) => adopted),
        [true, true],
      );
      assert.equal(created.length, 1);
      assert.equal(inUse(created[0]), true);
    });

    it('leaves no member open when one of them cannot be reached', async () => {
      const { pool, created, adopt } = setUp();
      const both = Promise.all([adopt('10.0.0.2'), adopt('10.0.0.2')]);
      await settlePromises();
      created[0]?.connects();
      created[1]?.refuses();
      await settlePromises();
      for (const member of created) member.refuses();
      await both;
      pool.close();
      assert.ok(
        created.every(({ closed }) => closed),
        'every one is closed with the client',
      );
    });

    it('uses no member that the other one closes', async () => {
      const { clock, created, adopt, inUse } = setUp();
      const known = adopt('10.0.0.2');
      await settlePromises();
      created[0]?.connects();
      await known;
      const both = Promise.all([adopt('10.0.0.3'), adopt('10.0.0.2')]);
      await settlePromises();
      created[1]?.connects();
      await settlePromises();
      for (const member of created) member.connects();
      await both;
      clock.advance(retireMs);
      assert.ok(created.some(inUse));
      for (const member of created) assert.equal(member.closed, !inUse(member), member.endpoint);
    });

    it('is not started when the client closes meanwhile', async () => {
      const { pool, created, adopt } = setUp();
      const first = adopt('10.0.0.2');
      const second = assert.rejects(adopt('10.0.0.3'), ClosedError);
      await settlePromises();
      pool.close();
      created[0]?.connects();
      assert.equal((await first).adopted, false);
      await second;
      assert.deepEqual(
        created.map(({ closed }) => closed),
        [true],
      );
    });
  });
});
