import type { Event } from '#src/gen/etcd/kv.js';
import {
  AuthenticateResponse,
  type CompactionResponse,
  DeleteRangeRequest,
  DeleteRangeResponse,
  LeaseGrantRequest,
  LeaseGrantResponse,
  LeaseKeepAliveRequest,
  LeaseKeepAliveResponse,
  LeaseLeasesResponse,
  LeaseRevokeRequest,
  LeaseRevokeResponse,
  LeaseTimeToLiveRequest,
  LeaseTimeToLiveResponse,
  MemberListResponse,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  RangeStreamResponse,
  StatusResponse,
  TxnRequest,
  TxnResponse,
  WatchRequest,
  WatchResponse,
} from '#src/gen/etcd/rpc.js';
import { secretOf } from '../../support/canary.js';
import type { ScriptedCall } from '../../support/scripted-server.js';
import { SmallStore } from './small-store.js';

/** Where an honest answer goes: whoever passes it on may lie. */
export interface Answers {
  /** One more message of a stream, or the only one of a call. */
  message(bytes: Buffer): void;
  /** OK. */
  end(): void;
}

/** An etcd in little, for one client: what it would answer, to be changed on the way. */
export class SmallEtcd {
  readonly store = new SmallStore();
  readonly #endpoint: () => string;
  readonly #leases = new Map<bigint, { ttl: bigint; timer: NodeJS.Timeout }>();

  constructor(endpoint: () => string) {
    this.#endpoint = endpoint;
  }

  close(): void {
    for (const { timer } of this.#leases.values()) clearTimeout(timer);
  }

  /** Answers a call; the returned function is to be called when the call is over. */
  serve(call: ScriptedCall, answers: Answers): () => void {
    if (call.method === 'Watch') return this.#watch(call, answers);
    if (call.method === 'LeaseKeepAlive') {
      call.onMessage((bytes) => attempt(() => answers.message(this.#keepAlive(bytes))));
      return () => {};
    }
    call.onMessage((bytes) =>
      attempt(() => {
        answers.message(this.#unary(call.method, bytes));
        answers.end();
      }),
    );
    return () => {};
  }

  #unary(method: string, bytes: Buffer): Buffer {
    const header = this.store.header();
    switch (method) {
      case 'Range':
        return made(RangeResponse, this.store.range(RangeRequest.decode(bytes)));
      case 'RangeStream':
        return made(RangeStreamResponse, { rangeResponse: this.store.range(RangeRequest.decode(bytes)) });
      case 'Put':
        return made(PutResponse, this.store.put(PutRequest.decode(bytes)));
      case 'DeleteRange':
        return made(DeleteRangeResponse, this.store.deleteRange(DeleteRangeRequest.decode(bytes)));
      case 'Txn':
        return made(TxnResponse, this.store.txn(TxnRequest.decode(bytes)));
      case 'LeaseGrant': {
        const { ID, TTL } = LeaseGrantRequest.decode(bytes);
        this.#keep(ID, TTL);
        return made(LeaseGrantResponse, { header, ID, TTL, error: '' });
      }
      case 'LeaseRevoke':
        this.#expire(LeaseRevokeRequest.decode(bytes).ID);
        return made(LeaseRevokeResponse, { header });
      case 'LeaseTimeToLive': {
        const { ID } = LeaseTimeToLiveRequest.decode(bytes);
        const TTL = this.#leases.get(ID)?.ttl ?? -1n;
        return made(LeaseTimeToLiveResponse, { header, ID, TTL, grantedTTL: TTL, keys: [] });
      }
      case 'LeaseLeases':
        return made(LeaseLeasesResponse, { header, leases: [...this.#leases.keys()].map((ID) => ({ ID })) });
      case 'Authenticate':
        return made(AuthenticateResponse, { header, token: secretOf('fuzz token') });
      case 'MemberList': {
        const clientURLs = [`http://${this.#endpoint()}`];
        const member = { ID: 12n, name: 'liar', peerURLs: [], clientURLs, isLearner: false };
        return made(MemberListResponse, { header, members: [member] });
      }
      case 'Status':
        return Buffer.from(
          StatusResponse.encode(StatusResponse.fromPartial({ header, version: '3.7.1' })).finish(),
        );
      default: // Compact, and what the client does not call: a header alone
        return made<Pick<CompactionResponse, 'header'>>(LeaseRevokeResponse, { header });
    }
  }

  #keepAlive(bytes: Buffer): Buffer {
    const { ID } = LeaseKeepAliveRequest.decode(bytes);
    const lease = this.#leases.get(ID);
    if (lease) this.#keep(ID, lease.ttl);
    return made(LeaseKeepAliveResponse, { header: this.store.header(), ID, TTL: lease?.ttl ?? 0n });
  }

  #keep(id: bigint, ttl: bigint): void {
    clearTimeout(this.#leases.get(id)?.timer);
    const timer = setTimeout(() => this.#expire(id), Number(ttl) * 1_000).unref();
    this.#leases.set(id, { ttl, timer });
  }

  #expire(id: bigint): void {
    clearTimeout(this.#leases.get(id)?.timer);
    this.#leases.delete(id);
    this.store.revoke(id);
  }

  #watch(call: ScriptedCall, answers: Answers): () => void {
    const watchers = new Map<
      bigint,
      { range: { key: Buffer; rangeEnd: Buffer }; next: bigint; prevKv: boolean }
    >();
    const say = (fields: Partial<WatchResponse>) =>
      answers.message(
        Buffer.from(
          WatchResponse.encode(
            WatchResponse.fromPartial({ header: this.store.header(), ...fields }),
          ).finish(),
        ),
      );
    const tell = () => {
      for (const [watchId, watcher] of watchers) {
        const found = this.store.since(watcher.next, watcher.range);
        watcher.next = this.store.revision + 1n;
        const events = watcher.prevKv ? found : found.map((event) => ({ ...event, prevKv: undefined }));
        for (const batch of batches(events)) say({ watchId, events: batch });
      }
    };
    call.onMessage((bytes) =>
      attempt(() => {
        const { requestUnion: union } = WatchRequest.decode(bytes);
        if (union?.$case === 'createRequest') {
          const { key, rangeEnd, watchId, startRevision, prevKv } = union.value;
          watchers.set(watchId, { range: { key, rangeEnd }, next: startRevision, prevKv });
          say({ watchId, created: true });
          tell();
        } else if (union?.$case === 'cancelRequest') {
          if (watchers.delete(union.value.watchId)) say({ watchId: union.value.watchId, canceled: true });
        } else say({ watchId: -1n });
      }),
    );
    return this.store.onChange(tell);
  }
}

function made<T>(codec: { encode(message: T): { finish(): Uint8Array } }, message: T): Buffer {
  return Buffer.from(codec.encode(message).finish());
}

/** As etcd does, no response has more than so many events; a revision is never split. */
const batchEvents = 1_000;

function* batches(events: readonly Event[]): Generator<Event[]> {
  for (let from = 0; from < events.length; ) {
    let to = Math.min(from + batchEvents, events.length);
    while (to < events.length && events[to]?.kv?.modRevision === events[to - 1]?.kv?.modRevision) to++;
    yield events.slice(from, to);
    from = to;
  }
}

/** The client under test is ours: a request that cannot be read is its fault, and must not end the server. */
function attempt(work: () => void): void {
  try {
    work();
  } catch (error) {
    // The call was over meanwhile.
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_HTTP2')) return;
    console.error(`a request that the server cannot read: ${String(error)}`);
    process.exitCode = 1;
  }
}
