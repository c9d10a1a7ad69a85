import assert from 'node:assert/strict';
import { type MemberAddress, parseEndpoints } from '#src/wire/member/endpoints.js';
import type { Member } from '#src/wire/member/member.js';
import { Membership } from '#src/wire/member/membership.js';
import { MemberPool } from '#src/wire/member/pool.js';
import { resolveMember } from '#src/wire/member/resolved-members.js';
import { FakeMember, ManualClock } from './pool-fixture.js';

/** A membership whose names have the addresses that the test sets. */
class Fixture {
  readonly addresses = new Map<string, readonly string[]>();
  /** The names that were resolved for an adoption. */
  readonly resolved: string[] = [];
  readonly created: FakeMember[] = [];
  readonly clock = new ManualClock();
  readonly pool: MemberPool;
  readonly membership: Membership;
  tls = false;
  hangs = false;

  constructor(...endpoints: string[]) {
    const { members: seeds } = parseEndpoints(endpoints);
    const names = {
      addressesOf: (host: string) => this.addresses.get(host),
      failureOf: () => undefined,
      resolve: async (hosts: Iterable<string>) => {
        this.resolved.push(...hosts);
      },
    };
    const newMember = (address: MemberAddress) => {
      const member = new FakeMember(address.endpoint);
      member.hangs = this.hangs;
      this.created.push(member);
      return member as unknown as Member;
    };
    const unresolved = seeds.flatMap((seed) => resolveMember(seed, names));
    const ports = { clock: this.clock, random: () => 0, probe: async () => undefined, onEvent() {} };
    this.pool = new MemberPool(unresolved.map(newMember), ports);
    this.membership = new Membership(seeds, {
      pool: this.pool,
      tls: () => this.tls,
      verifiesServerName: false,
      hasAuth: false,
      requiresSecretsLocal: () => false,
      newMember,
      names,
    });
  }

  endpoints(): string[] {
    return this.pool.members.map(({ member }) => member.endpoint);
  }

  adopt(...clientURLs: string[]) {
    return this.membership.adopt([{ name: 'm', clientURLs, isLearner: false }], { allow: () => true });
  }
}

describe('members with names', () => {
  it('are replaced by those at their addresses, and keep those whose address stays', async () => {
    const fixture = new Fixture('http://etcd:1');
    fixture.addresses.set('etcd', ['10.0.0.1', '10.0.0.2']);
    await fixture.membership.refresh();
    assert.deepEqual(fixture.endpoints(), ['http://10.0.0.1:1', 'http://10.0.0.2:1']);
    fixture.addresses.set('etcd', ['10.0.0.2', '10.0.0.3']);
    await fixture.membership.refresh();
    assert.deepEqual(fixture.endpoints(), ['http://10.0.0.2:1', 'http://10.0.0.3:1']);
    assert.equal(fixture.created.length, 4);
    await fixture.membership.refresh();
    assert.equal(fixture.created.length, 4);
  });

  it('that are removed finish their calls for a minute', async () => {
    const fixture = new Fixture('http://etcd:1');
    fixture.addresses.set('etcd', ['10.0.0.1']);
    await fixture.membership.refresh();
    fixture.addresses.set('etcd', ['10.0.0.2']);
    await fixture.membership.refresh();
    const old = fixture.created[1]!;
    await fixture.clock.pass(59_000);
    assert.equal(old.closed, false);
    await fixture.clock.pass(1_000);
    assert.equal(old.closed, true);
  });

  it('are one member when they have one address, in plaintext', async () => {
    const fixture = new Fixture('http://a:1', 'http://b:1', 'http://10.0.0.1:1');
    for (const name of ['a', 'b']) fixture.addresses.set(name, ['10.0.0.1']);
    await fixture.membership.refresh();
    assert.deepEqual(fixture.endpoints(), ['http://a:1']);
  });

  it('are two members with one address when they have to prove two names', async () => {
    const fixture = new Fixture('https://a:1', 'https://b:1');
    fixture.tls = true;
    for (const name of ['a', 'b']) fixture.addresses.set(name, ['10.0.0.1']);
    await fixture.membership.refresh();
    assert.deepEqual(fixture.endpoints(), ['https://a:1', 'https://b:1']);
  });

  it('are not dialled with their old connections once TLS is turned on', async () => {
    const fixture = new Fixture('http://etcd:1');
    fixture.addresses.set('etcd', ['10.0.0.1']);
    await fixture.membership.refresh();
    await fixture.adopt('http://10.0.0.9:1');
    const plaintext = fixture.pool.members[0]?.member;
    fixture.tls = true;
    fixture.membership.setSeeds(parseEndpoints(['https://etcd:1']).members, true);
    await fixture.membership.refresh();
    assert.deepEqual(fixture.endpoints(), ['https://etcd:1']);
    assert.notEqual(fixture.pool.members[0]?.member, plaintext);
  });
});

describe('a member list, for a client of endpoints with names', () => {
  it('that has their addresses names no further members', async () => {
    const fixture = new Fixture('http://etcd:1');
    fixture.addresses.set('etcd', ['10.0.0.1', '10.0.0.2']);
    await fixture.membership.refresh();
    const created = fixture.created.length;
    const { adopted } = await fixture.adopt('http://10.0.0.1:1', 'http://10.0.0.2:1');
    assert.equal(adopted, true);
    assert.deepEqual(fixture.endpoints(), ['http://10.0.0.1:1', 'http://10.0.0.2:1']);
    assert.equal(fixture.created.length, created);
  });

  it('with other names that have their addresses names no further members either', async () => {
    const fixture = new Fixture('http://etcd:1');
    fixture.addresses.set('etcd', ['10.0.0.1', '10.0.0.2']);
    for (const at of [1, 2, 3]) fixture.addresses.set(`etcd-${at}`, [`10.0.0.${at}`]);
    await fixture.membership.refresh();
    await fixture.adopt('http://etcd-1:1', 'http://etcd-2:1', 'http://etcd-3:1');
    assert.deepEqual(fixture.resolved, ['etcd-1', 'etcd-2', 'etcd-3']);
    assert.deepEqual(fixture.endpoints(), ['http://10.0.0.1:1', 'http://10.0.0.2:1', 'http://etcd-3:1']);
    assert.deepEqual([...fixture.membership.names()], ['etcd', 'etcd-1', 'etcd-2', 'etcd-3']);
  });

  it('that has an address which a name has since a moment names no further member', async () => {
    const fixture = new Fixture('http://etcd:1');
    fixture.addresses.set('etcd', ['10.0.0.1']);
    await fixture.membership.refresh();
    fixture.addresses.set('etcd', ['10.0.0.2']);
    await fixture.adopt('http://10.0.0.2:1');
    assert.deepEqual(fixture.endpoints(), ['http://etcd:1']);
    assert.equal(fixture.created.find(({ endpoint }) => endpoint === 'http://10.0.0.2:1')?.closed, true);
  });

  it('stays in use when the address of a name changes', async () => {
    const fixture = new Fixture('http://etcd:1');
    fixture.addresses.set('etcd', ['10.0.0.1']);
    await fixture.membership.refresh();
    await fixture.adopt('http://10.0.0.9:1');
    fixture.addresses.set('etcd', ['10.0.0.2']);
    await fixture.membership.refresh();
    assert.deepEqual(fixture.endpoints(), ['http://etcd:1', 'http://10.0.0.9:1']);
  });

  it('is adopted before an address that changes meanwhile is used, and no member in use is closed', async () => {
    const fixture = new Fixture('http://etcd:1');
    fixture.addresses.set('etcd', ['10.0.0.1']);
    await fixture.membership.refresh();
    const adopted = fixture.adopt('http://10.0.0.1:1', 'http://10.0.0.9:1');
    fixture.addresses.set('etcd', ['10.0.0.2']);
    await Promise.all([adopted, fixture.membership.refresh()]);
    await fixture.clock.pass(120_000);
    const inUse = fixture.pool.members.map(({ member }) => member as unknown as FakeMember);
    assert.deepEqual(fixture.endpoints(), ['http://etcd:1', 'http://10.0.0.1:1', 'http://10.0.0.9:1']);
    assert.ok(inUse.every(({ closed }) => !closed));
    assert.ok(fixture.created.filter((member) => !inUse.includes(member)).every(({ closed }) => closed));
  });
});
