import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import type { StatusEvent } from '#src/client/index.js';
import { type EtcdHandle, startEtcd } from '#src/testing/index.js';
import { freePorts } from '#src/testing/ports.js';
import { eventually, useClients } from '../integration/client/support.js';
import { skipIfExternal } from '../support/etcd.js';
import {
  assertEvents,
  describeEvent,
  expectNoWatchersLeft,
  putMarker,
  readHistory,
  receivesRevision,
  recordWatch,
  writeContinuously,
} from './support.js';

/** A proxy for a member's peer port. Peers name themselves in each request; those of an isolated member are cut off. */
class PeerProxy {
  readonly #server: Server;
  readonly #links = new Set<{ readonly sockets: readonly Socket[]; from?: string | undefined }>();
  readonly #refused: () => string | undefined;
  readonly port: number;

  constructor(server: Server, port: number, target: number, refused: () => string | undefined) {
    this.#server = server;
    this.port = port;
    this.#refused = refused;
    server.on('connection', (client) => {
      const link: { sockets: Socket[]; from?: string | undefined } = { sockets: [client] };
      this.#links.add(link);
      client.on('error', () => {});
      client.on('close', () => this.#end(link));
      client.once('data', (head: Buffer) => {
        link.from = /x-server-from: (\w+)/i.exec(head.toString('latin1'))?.[1];
        const member = dial({ host: '127.0.0.1', port: target });
        link.sockets.push(member);
        member.on('error', () => {});
        member.on('close', () => this.#end(link));
        if (this.#isRefused(link.from)) {
          this.#end(link);
          return;
        }
        member.write(head);
        client.pipe(member).pipe(client);
      });
    });
  }

  enforce(): void {
    for (const link of this.#links) if (this.#isRefused(link.from)) this.#end(link);
  }

  close(): void {
    this.#server.close();
    for (const link of this.#links) this.#end(link);
  }

  /** `*` refuses all peers; a request without a name is a probe. */
  #isRefused(from: string | undefined): boolean {
    const refused = this.#refused();
    return refused === '*' || (refused !== undefined && from === refused);
  }

  #end(link: { readonly sockets: readonly Socket[] }): void {
    this.#links.delete(link);
    for (const socket of link.sockets) socket.destroy();
  }
}

async function listen(): Promise<{ server: Server; port: number }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as { port: number }).port };
}

describe('a member that only clients can reach', function () {
  this.timeout(120_000);
  const { connect } = useClients();
  expectNoWatchersLeft(() => members);
  const members: EtcdHandle[] = [];
  const peerProxies: PeerProxy[] = [];
  const ids: string[] = [];
  /** The index of the isolated member. */
  let isolated: number | undefined;

  before(async function () {
    skipIfExternal(this);
    this.timeout(300_000);
    const listening = await Promise.all([0, 1, 2].map(listen));
    // Ports that were free a moment ago; a member advertises its proxy's port to its peers.
    const behind = await freePorts(3);
    for (const [i, { server, port }] of listening.entries()) {
      const refused = () => (isolated === i ? '*' : isolated === undefined ? undefined : ids[isolated]);
      peerProxies.push(new PeerProxy(server, port, behind[i]!, refused));
    }
    const initial = listening.map(({ port }, i) => `p${i}=http://127.0.0.1:${port}`).join(',');
    members.push(
      ...(await Promise.all(
        [0, 1, 2].map((i) =>
          startEtcd({
            args: [
              ...['--name', `p${i}`, '--initial-cluster', initial],
              ...['--listen-peer-urls', `http://127.0.0.1:${behind[i]}`],
              ...['--initial-advertise-peer-urls', `http://127.0.0.1:${listening[i]!.port}`],
            ],
          }),
        ),
      )),
    );
    for (const { endpoints } of members) {
      const answer = await fetch(`http://${endpoints[0]}/v3/maintenance/status`, {
        method: 'POST',
        body: '{}',
        headers: { connection: 'close' },
      });
      const { header } = (await answer.json()) as { header: { member_id: string } };
      ids.push(BigInt(header.member_id).toString(16));
    }
  });

  // A member that the previous test isolated may not see a leader yet; a client would begin by avoiding it.
  beforeEach('every member sees a leader', async () => {
    for (const { endpoints } of members) {
      const read = () => connect(endpoints, { timeoutMs: 1_000 }).kv.get('any');
      await eventually(
        'the member answers',
        () =>
          read().then(
            () => true,
            () => false,
          ),
        30_000,
      );
    }
  });

  after(async () => {
    await Promise.all(members.map((member) => member.close()));
    for (const peerProxy of peerProxies) peerProxy.close();
  });

  it('is replaced by another member, and the watch misses no event', async () => {
    const client = connect(members.map(({ endpoints }) => endpoints[0]!));
    const watcher = client.watch({ prefix: 'partition/' });
    const from = (await watcher.ready) + 1n;
    const received = recordWatch(watcher);
    const counts = await Promise.all(
      members.map((member) => member.metric('etcd_debugging_mvcc_watcher_total')),
    );
    const index = counts.indexOf(1);
    assert.notEqual(index, -1);
    const statuses: StatusEvent[] = [];
    const listening = (async () => {
      for await (const event of client.status()) statuses.push(event);
    })();
    const others = members.filter((_, i) => i !== index).map(({ endpoints }) => endpoints[0]!);
    const writer = connect(others);
    const writing = writeContinuously(writer, 'partition/');
    await eventually('events arrive', () => received.events.length > 20);
    isolated = index;
    for (const peerProxy of peerProxies) peerProxy.enforce();
    await eventually('the watch has moved', () => statuses.some(({ type }) => type === 'resumed'), 60_000);
    const written = writing.acknowledged;
    await eventually('writes continue', () => writing.acknowledged > written + 50, 60_000);
    await writing.stop();
    const to = await putMarker(writer, 'partition/');
    await receivesRevision(received, to);
    assertEvents(received, (await readHistory(others[0]!, 'partition/', from, to)).map(describeEvent));
    const lost = statuses.find(({ type }) => type === 'disconnected');
    assert.ok(lost?.type === 'disconnected' && /no leader/.test(lost.error.message), JSON.stringify(lost));
    await client.close();
    await listening;
    isolated = undefined;
  });

  it('causes at most one error, and gets calls and streams back when it has recovered', async () => {
    const client = connect(members.map(({ endpoints }) => endpoints[0]!));
    const statuses: StatusEvent[] = [];
    const listening = (async () => {
      for await (const event of client.status()) statuses.push(event);
    })();
    const watcher = client.watch({ prefix: 'home/' });
    await watcher.ready;
    const index = await memberWith(1);
    const writes = { done: 0, failed: 0, stopped: false };
    const reads = { done: 0, failed: 0, stopped: false };
    const calling = [
      callContinuously(writes, (i) => client.kv.put('home/k', String(i))),
      callContinuously(reads, () => client.kv.get('home/k')),
    ];
    await eventually('calls succeed', () => writes.done > 20 && reads.done > 20);
    isolated = index;
    for (const peerProxy of peerProxies) peerProxy.enforce();
    const { done } = writes;
    await eventually('writes continue', () => writes.done > done + 100, 60_000);
    await eventually('the member is reported unhealthy', () => has(statuses, 'member-unhealthy', index));
    isolated = undefined;
    await eventually('the member has recovered', () => has(statuses, 'member-recovered', index), 90_000);
    await eventually('the watch is back on the member', async () => (await memberWith(1)) === index, 60_000);
    const putsBefore = await putsAt(index);
    const { done: doneBefore } = writes;
    await eventually('writes continue', () => writes.done > doneBefore + 50, 60_000);
    writes.stopped = true;
    reads.stopped = true;
    await Promise.all(calling);
    assert.ok((await putsAt(index)) >= putsBefore + 40, 'writes are back on the member too');
    assert.ok(writes.failed <= 1, `${writes.failed} writes failed`);
    assert.equal(reads.failed, 0);
    await client.close();
    await listening;
  });

  const has = (statuses: readonly StatusEvent[], type: StatusEvent['type'], index: number) =>
    statuses.some(
      (event) =>
        event.type === type && 'endpoint' in event && event.endpoint === members[index]!.endpoints[0],
    );

  /** The index of the member with this many watchers; -1 if there is none. */
  async function memberWith(watchers: number): Promise<number> {
    const counts = members.map((member) => member.metric('etcd_debugging_mvcc_watcher_total'));
    return (await Promise.all(counts)).indexOf(watchers);
  }

  async function putsAt(index: number): Promise<number> {
    const lines = (await members[index]!.metrics()).split('\n');
    const line = lines.find((one) => /grpc_server_started_total\{.*"Put"/.test(one));
    return Number(line?.slice(line.lastIndexOf(' ') + 1) ?? 0);
  }

  async function callContinuously(
    counts: { done: number; failed: number; stopped: boolean },
    call: (i: number) => Promise<unknown>,
  ): Promise<void> {
    for (let i = 0; !counts.stopped; i++) {
      await call(i).then(
        () => counts.done++,
        () => counts.failed++,
      );
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
});
