import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import { LockLostError } from '#src/lock/index.js';
import { folderOf, useClients } from '../integration/client/support.js';
import { isAbsent, nextTerm, seesNext, waitsBehind } from '../support/election.js';
import { skip, skipIfExternal, useEtcd } from '../support/etcd.js';
import { eventually } from '../support/eventually.js';
import { ElectionProcess } from './support/election-process.js';
import { goOrSkip } from './support/go-naming.js';

describe('elections of different clients on one name', function () {
  this.timeout(60_000);
  const etcd = useEtcd();
  const { connect } = useClients();
  const processes: ElectionProcess[] = [];
  let client: EtcdClient;
  let name: string;

  before(async function () {
    skipIfExternal(this);
    await goOrSkip(this, 'go-election');
  });

  beforeEach(() => {
    client = connect(etcd().endpoints);
    name = `${folderOf(etcd())}jobs`;
  });

  afterEach(() => Promise.all(processes.splice(0).map((process) => process.kill())));

  async function start(starting: Promise<ElectionProcess>): Promise<ElectionProcess> {
    const process = await starting;
    processes.push(process);
    return process;
  }
  const endpoint = () => etcd().endpoints[0] ?? '';
  const goCampaign = (value: string, ttl = 60) =>
    start(ElectionProcess.go('campaign', endpoint(), name, value, String(ttl)));
  const goObserve = () => start(ElectionProcess.go('observe', endpoint(), name));
  const keyOf = async (value: string) => {
    const find = async () => {
      const { holder, waiters } = await client.lockQueue(name);
      return [holder, ...waiters].find((entry) => entry?.value.toString() === value)?.key;
    };
    return (await eventually(`${value} is a candidate`, find))!;
  };

  it('ours waits for Go’s leader, and leads when it resigns', async () => {
    const go = await goCampaign('go');
    const { key, rev } = await go.event({ event: 'elected' });
    const leader = await client.election.leader(name);
    assert.deepEqual(
      [String(leader?.key), String(leader?.value), leader?.createRevision],
      [key, 'go', BigInt(rev!)],
    );
    const terms = client.election.campaign(name, 'ours');
    const waiting = nextTerm(terms);
    await waitsBehind(client, name, leader!.key, waiting);
    go.order('resign');
    await go.event({ event: 'resigned' });
    const term = await waiting;
    assert.ok(term.token > BigInt(rev!));
    await terms.return?.();
    await isAbsent(client, name);
  });

  it('ours leads after Go’s leader was killed and its lease has expired', async () => {
    const go = await goCampaign('go', 2);
    await go.event({ event: 'elected' });
    const terms = client.election.campaign(name, 'ours');
    const waiting = nextTerm(terms);
    await waitsBehind(client, name, await keyOf('go'), waiting);
    await go.kill();
    assert.equal((await waiting).held, true);
    await terms.return?.();
  });

  it('Go’s candidate waits for ours, and leads when we resign', async () => {
    const terms = client.election.campaign(name, 'ours');
    const term = await nextTerm(terms);
    const go = await goCampaign('go');
    await keyOf('go');
    await term.proclaim('ours, still');
    assert.deepEqual(go.lines, []);
    await term.resign();
    const { rev } = await go.event({ event: 'elected' });
    assert.ok(BigInt(rev!) > (term.guard.value as bigint));
    // Our next candidate is behind Go's.
    const again = nextTerm(terms);
    await waitsBehind(client, name, await keyOf('go'), again);
    await go.leave();
    await again;
    await terms.return?.();
    await isAbsent(client, name);
  });

  it('Go’s candidate leads after our lease was revoked, and we know that we do not', async () => {
    const terms = client.election.campaign(name, 'ours');
    const term = await nextTerm(terms);
    const go = await goCampaign('go');
    await keyOf('go');
    await connect(etcd().endpoints).lease.revoke(term.leaseId);
    await go.event({ event: 'elected' });
    await eventually('the term has ended', () => !term.held);
    assert.ok(term.signal.reason instanceof LockLostError);
    await assert.rejects(term.proclaim('ours'), LockLostError);
    await terms.return?.();
    await go.leave();
    await isAbsent(client, name);
  });

  it('Go’s candidate is elected without a key when its key was deleted while it waited; ours is not', async () => {
    const terms = client.election.campaign(name, 'ours');
    const term = await nextTerm(terms);
    const go = await goCampaign('go');
    await client.kv.delete(await keyOf('go'));
    await term.resign();
    const { key } = await go.event({ event: 'elected' });
    assert.equal((await client.kv.get(key!)).kv, undefined);
    assert.equal(await client.election.leader(name), undefined);
    const again = await nextTerm(terms);
    assert.deepEqual((await client.election.leader(name))?.key, again.key);
    await terms.return?.();
  });

  it('ours observes Go’s leaders, what they proclaim, and that there is none', async () => {
    const observation = client.election.observe(name);
    await seesNext(observation, undefined);
    const go = await goCampaign('go');
    await seesNext(observation, 'go');
    go.order('proclaim go, ready');
    await seesNext(observation, 'go, ready');
    go.order('resign');
    await seesNext(observation, undefined);
    await observation.return?.();
  });

  it('Go observes our leaders and what they proclaim', async () => {
    const go = await goObserve();
    const terms = client.election.campaign(name, 'ours');
    const term = await nextTerm(terms);
    const rev = Number(term.guard.value);
    await go.event({ event: 'leader', key: String(term.key), value: 'ours', rev });
    await term.proclaim('ours, ready');
    await go.event({ event: 'leader', key: String(term.key), value: 'ours, ready', rev });
    await term.resign();
    const again = await nextTerm(terms);
    await go.event({ event: 'leader', key: String(again.key), value: 'ours' });
    assert.equal(go.lines.length, 3); // nothing for the time without a leader
    await terms.return?.();
  });

  describe('with etcdctl', () => {
    let etcdctl: (...args: string[]) => Promise<ElectionProcess>;

    before(function () {
      const program = etcd().etcdctl;
      if (!program) skip(this, 'there is no etcdctl');
      etcdctl = (...args) => start(ElectionProcess.etcdctl(program, etcd().endpoints, ...args));
    });

    it('ours waits for the leader of etcdctl elect, and leads when it ends', async () => {
      const other = await etcdctl(name, 'etcdctl');
      await other.line('etcdctl is elected', (line) => line === 'etcdctl');
      const terms = client.election.campaign(name, 'ours');
      const waiting = nextTerm(terms);
      await waitsBehind(client, name, await keyOf('etcdctl'), waiting);
      await other.leave();
      await waiting;
      await terms.return?.();
    });

    it('etcdctl elect waits for ours, and leads when we resign', async () => {
      const terms = client.election.campaign(name, 'ours');
      const term = await nextTerm(terms);
      const other = await etcdctl(name, 'etcdctl');
      const key = await keyOf('etcdctl');
      assert.deepEqual(other.lines, []);
      await term.resign();
      await other.line('etcdctl is elected', (line) => line === 'etcdctl');
      assert.equal(other.lines[0], String(key));
      await terms.return?.();
      await other.leave();
      await isAbsent(client, name);
    });

    it('etcdctl elect --listen prints our leaders, and ours observes those of etcdctl', async () => {
      const observation = client.election.observe(name);
      await seesNext(observation, undefined);
      const listening = await etcdctl('--listen', name);
      const terms = client.election.campaign(name, 'ours');
      const term = await nextTerm(terms);
      await listening.line('our key', (line) => line === String(term.key));
      await term.proclaim('ours, ready');
      await listening.line('our value', (line) => line === 'ours, ready');
      const other = await etcdctl(name, 'etcdctl');
      await keyOf('etcdctl');
      await terms.return?.();
      await eventually('the observation sees etcdctl', async () => {
        const { value } = await observation.next();
        return value?.value.toString() === 'etcdctl';
      });
      await listening.line('the value of etcdctl', (line) => line === 'etcdctl');
      await other.leave();
      await seesNext(observation, undefined);
      await observation.return?.();
    });
  });
});
