import { once } from 'node:events';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { credentials, makeGenericClientConstructor } from '@grpc/grpc-js';
import { EtcdClient } from '#src/client/index.js';
import {
  AuthenticateResponse,
  LeaseGrantResponse,
  LeaseKeepAliveRequest,
  LeaseKeepAliveResponse,
  RangeRequest,
  RangeResponse,
  WatchRequest,
  WatchResponse,
} from '#src/gen/etcd/rpc.js';
import { registerBalancer } from '#src/naming/grpc/balancer/balancer.js';
import { policyName } from '#src/naming/grpc/balancer/config.js';
import { ServiceDirectory } from '#src/naming/index.js';
import { secretOf } from '../../support/canary.js';
import { type ScriptedCall, startScriptedServer } from '../../support/scripted-server.js';

/** An operation that retries, and a peer that makes every attempt fail immediately. */
export interface Loop {
  /** Starts both; `count` is called for each request, message and connection that the peer receives. */
  start(count: () => void): Promise<{ stop(): Promise<void> }>;
}

const header = { clusterId: 1n, memberId: 1n, revision: 5n, raftTerm: 1n };
const kv = {
  key: Buffer.from('k'),
  value: Buffer.from('v'),
  createRevision: 2n,
  modRevision: 2n,
  version: 1n,
};
const auth = { username: 'u', password: secretOf('pacing') };
const unauthenticated = [16, 'etcdserver: invalid auth token'] as const;

type RangeAnswer = Parameters<typeof RangeResponse.fromPartial>[0];
type WatchAnswer = Parameters<typeof WatchResponse.fromPartial>[0];

/** The answers of a peer. For a method that is not given, the peer answers like an empty etcd. */
interface Peer {
  range?(request: RangeRequest): RangeAnswer | readonly [code: number, text: string];
  /** Answers to the create request with this watch id; `endWatch` ends the stream after them. */
  watch?(id: bigint): readonly WatchAnswer[];
  readonly endWatch?: readonly [code: number, text: string];
  readonly endKeepAlive?: readonly [code: number, text: string];
}

function play(peer: Peer, call: ScriptedCall, count: () => void): void {
  count();
  switch (call.method) {
    case 'Authenticate':
      call.reply(
        AuthenticateResponse.encode(
          AuthenticateResponse.fromPartial({ header, token: secretOf('pacing token') }),
        ).finish(),
      );
      return;
    case 'LeaseGrant': {
      const granted = LeaseGrantResponse.fromPartial({ header, ID: 7n, TTL: 60n });
      call.reply(LeaseGrantResponse.encode(granted).finish());
      return;
    }
    case 'Range':
      call.onMessage((message) => {
        const answer = peer.range?.(RangeRequest.decode(message)) ?? {};
        if (Array.isArray(answer)) call.end(...(answer as [number, string]));
        else call.reply(RangeResponse.encode(RangeResponse.fromPartial({ header, ...answer })).finish());
      });
      return;
    case 'Watch':
      call.onMessage((message) => {
        const { requestUnion } = WatchRequest.decode(message);
        if (requestUnion?.$case !== 'createRequest') return;
        count();
        for (const answer of peer.watch?.(requestUnion.value.watchId) ?? [])
          call.send(WatchResponse.encode(WatchResponse.fromPartial({ header, ...answer })).finish());
        if (peer.endWatch) call.end(...peer.endWatch);
      });
      return;
    case 'LeaseKeepAlive':
      call.onMessage((message) => {
        count();
        const { ID } = LeaseKeepAliveRequest.decode(message);
        if (peer.endKeepAlive) call.end(...peer.endKeepAlive);
        else
          call.send(
            LeaseKeepAliveResponse.encode(
              LeaseKeepAliveResponse.fromPartial({ header, ID, TTL: 60n }),
            ).finish(),
          );
      });
      return;
    default:
      call.end(12, 'unknown method');
  }
}

function loop(peer: Peer, use: (client: EtcdClient) => unknown, options: object = {}): Loop {
  return {
    async start(count) {
      const server = await startScriptedServer((call) => play(peer, call, count));
      const client = new EtcdClient({ endpoints: [server.endpoint], timeoutMs: 60_000, ...options });
      use(client);
      return {
        stop: async () => {
          await client.close();
          await server.close();
        },
      };
    },
  };
}

/** A peer that ends each connection as soon as it is established. */
function closingPeer(use: (endpoint: string) => () => Promise<void> | void): Loop {
  return {
    async start(count) {
      const server = createServer();
      server.on('session', (session) => {
        count();
        session.on('error', () => {});
        session.once('remoteSettings', () => setImmediate(() => session.destroy()));
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const stop = use(`127.0.0.1:${(server.address() as AddressInfo).port}`);
      return {
        stop: async () => {
          await stop();
          server.close();
        },
      };
    },
  };
}

function withClient(use: (client: EtcdClient) => unknown): (endpoint: string) => () => Promise<void> {
  return (endpoint) => {
    const client = new EtcdClient({ endpoints: [endpoint], timeoutMs: 60_000 });
    use(client);
    return () => client.close();
  };
}

/** Iterates until the iterable ends or throws. */
async function drain(iterable: AsyncIterable<unknown>): Promise<void> {
  try {
    for await (const _ of iterable);
  } catch {
    // The client closes at the end of the test. An earlier error is fine: an operation that ended does not retry.
  }
}

const mirror = (client: EtcdClient) => drain(client.mirror({ prefix: 'k' }));
const watch = (client: EtcdClient) => drain(client.watch({ prefix: 'k' }, { startRevision: 3n }));
const watchNow = (client: EtcdClient) => drain(client.watch({ prefix: 'k' }));
const get = (client: EtcdClient) => client.kv.get('k').catch(() => {});
const hold = (client: EtcdClient) => client.lease.hold({ ttlSeconds: 60 }).catch(() => {});
const directory = (client: EtcdClient) =>
  new ServiceDirectory(client).follow('k', { onView: () => {}, onFailure: () => {} });

const created = (watchId: bigint): WatchAnswer => ({ watchId, created: true });
const cancelled = (watchId: bigint, rest: WatchAnswer): WatchAnswer => ({ watchId, canceled: true, ...rest });
const noLeader = { cancelReason: 'etcdserver: no leader' };
const badToken = {
  cancelReason: 'rpc error: code = Unauthenticated desc = etcdserver: invalid auth token',
};
const unavailable = [14, 'gone'] as const;

export const loops: Readonly<Record<string, Loop>> = {
  'a mirror whose history is always compacted': loop(
    { watch: (id) => [created(id), cancelled(id, { compactRevision: 100n })] },
    mirror,
  ),
  'a mirror that always finds a gap': loop(
    {
      watch: (id) => [
        created(id),
        { watchId: id, events: [{ kv: { ...kv, createRevision: 2n, modRevision: 6n, version: 9n } }] },
      ],
    },
    mirror,
  ),
  'a mirror that finds a different store each time': loop(
    { range: ({ sortOrder }) => (sortOrder === 0 ? {} : { count: 9n }), watch: (id) => [created(id)] },
    mirror,
  ),
  'a mirror whose list repeats a key': loop({ range: () => ({ kvs: [kv], count: 2n, more: true }) }, mirror),
  'a mirror whose list announces more keys and has none': loop(
    { range: () => ({ count: 2n, more: true }) },
    mirror,
  ),
  'a directory whose permission is denied': loop(
    { range: () => [7, 'etcdserver: permission denied'] },
    directory,
  ),
  'a reader of pages that repeat a key': loop(
    { range: () => ({ kvs: [kv], count: 2n, more: true }) },
    (client) => drain(client.kv.stream({ prefix: 'k' })),
  ),
  'a watch that is refused': loop({ watch: () => [cancelled(-1n, { created: true, ...noLeader })] }, watch),
  'a watch that is cancelled once created': loop(
    { watch: (id) => [created(id), cancelled(id, noLeader)] },
    watch,
  ),
  'a watch whose every token is refused': loop(
    { watch: (id) => [created(id), cancelled(id, badToken)] },
    watch,
    {
      auth,
    },
  ),
  'a watch whose stream ends because every token is refused': loop(
    { watch: (id) => [created(id)], endWatch: unauthenticated },
    watch,
    { auth },
  ),
  'a watch from now whose history is always compacted': loop(
    { watch: () => [cancelled(-1n, { created: true, compactRevision: 100n })] },
    watchNow,
  ),
  'a watch whose streams end after a progress response without progress': loop(
    {
      watch: (id) => [created(id), { watchId: id, header: { ...header, revision: 2n } }],
      endWatch: unavailable,
    },
    watch,
  ),
  'a watch whose streams end once created': loop(
    { watch: (id) => [created(id)], endWatch: unavailable },
    watch,
  ),
  'a held lease whose streams end': loop({ endKeepAlive: unavailable }, hold),
  'a held lease whose every token is refused': loop({ endKeepAlive: unauthenticated }, hold, { auth }),
  'a call whose every token is refused': loop({ range: () => unauthenticated }, get, { auth }),
  'calls over connections that end immediately': closingPeer(
    withClient((client) => {
      for (let i = 0; i < 100; i++) void get(client);
    }),
  ),
  'a watch over connections that end immediately': closingPeer(withClient(watch)),
  'a channel to an endpoint that ends its connections immediately': closingPeer((endpoint) => {
    registerBalancer();
    const config = { loadBalancingConfig: [{ [policyName]: {} }] };
    const Stub = makeGenericClientConstructor({}, 'any');
    const stub = new Stub(endpoint, credentials.createInsecure(), {
      'grpc.service_config': JSON.stringify(config),
      'grpc.use_local_subchannel_pool': 1,
    });
    stub.getChannel().getConnectivityState(true);
    return () => stub.close();
  }),
};

/** Watchers that catch up have dedicated streams, which must not multiply the rate of retries. */
export const manyWatchers: Loop = loop(
  { watch: (id) => [{ ...created(id), header: { ...header, revision: 100_000n } }], endWatch: unavailable },
  (client) => {
    for (let i = 0; i < 200; i++) void watch(client);
  },
);
