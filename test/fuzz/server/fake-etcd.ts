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
import { FakeStore } from './fake-store.js';

/** Receives the correct answers; may change them. */
export interface Answers {
  /** The next message of a stream, or the only one of a call. */
  message(bytes: Buffer): void;
  /** Status OK. */
  end(): void;
}

/** A fake etcd for one client: computes the correct answers. */
export class FakeEtcd {
  readonly store = new FakeStore();
  readonly #endpoint: () => string;
  readonly #leases = new Map<bigint, { ttl: bigint; timer: NodeJS.Timeout }>();

  constructor(endpoint: () => string) {
    this.#endpoint = endpoint;
  }

  close(): void {
    for (const { timer } of this.#leases.values()) clearTimeout(timer);
  }

  /** Answers a call; returns a function to call when the call has ended. */
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
        return encoded(RangeResponse, this.store.range(RangeRequest.decode(bytes)));
      case 'RangeStream':
        return encoded(RangeStreamResponse, { rangeResponse: this.store.range(RangeRequest.decode(bytes)) });
      case 'Put':
        return encoded(PutResponse, this.store.put(PutRequest.decode(bytes)));
      case 'DeleteRange':
        return encoded(DeleteRangeResponse, this.store.deleteRange(DeleteRangeRequest.decode(bytes)));
      case 'Txn':
        return encoded(TxnResponse, this.store.txn(TxnRequest.decode(bytes)));
      case 'LeaseGrant': {
        const { ID, TTL } = LeaseGrantRequest.decode(bytes);
        this.#keep(ID, TTL);
        return encoded(LeaseGrantResponse, { header, ID, TTL, error: '' });
      }
      case 'LeaseRevoke':
        this.#expire(LeaseRevokeRequest.decode(bytes).ID);
        return encoded(LeaseRevokeResponse, { header });
      case 'LeaseTimeToLive': {
        const { ID } = LeaseTimeToLiveRequest.decode(bytes);
        const TTL = this.#leases.get(ID)?.ttl ?? -1n;
        return encoded(LeaseTimeToLiveResponse, { header, ID, TTL, grantedTTL: TTL, keys: [] });
      }
      case 'LeaseLeases':
        return encoded(LeaseLeasesResponse, {
          header,
          leases: [...this.#leases.keys()].map((ID) => ({ ID })),
        });
      case 'Authenticate':
        return encoded(AuthenticateResponse, { header, token: secretOf('fuzz token') });
      case 'MemberList': {
        const clientURLs = [`http://${this.#endpoint()}`];
        const member = { ID: 12n, name: 'fake', peerURLs: [], clientURLs, isLearner: false };
        return encoded(MemberListResponse, { header, members: [member] });
      }
      case 'Status':
        return Buffer.from(
          StatusResponse.encode(StatusResponse.fromPartial({ header, version: '3.7.1' })).finish(),
        );
      default: // Compact, and methods that the client does not call: only a header
        return encoded<Pick<CompactionResponse, 'header'>>(LeaseRevokeResponse, { header });
    }
  }

  #keepAlive(bytes: Buffer): Buffer {
    const { ID } = LeaseKeepAliveRequest.decode(bytes);
    const lease = this.#leases.get(ID);
    if (lease) this.#keep(ID, lease.ttl);
    return encoded(LeaseKeepAliveResponse, { header: this.store.header(), ID, TTL: lease?.ttl ?? 0n });
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
    const respond = (fields: Partial<WatchResponse>) =>
      answers.message(
        Buffer.from(
          WatchResponse.encode(
            WatchResponse.fromPartial({ header: this.store.header(), ...fields }),
          ).finish(),
        ),
      );
    const sendEvents = () => {
      for (const [watchId, watcher] of watchers) {
        const found = this.store.since(watcher.next, watcher.range);
        watcher.next = this.store.revision + 1n;
        const events = watcher.prevKv ? found : found.map((event) => ({ ...event, prevKv: undefined }));
        for (const batch of batches(events)) respond({ watchId, events: batch });
      }
    };
    call.onMessage((bytes) =>
      attempt(() => {
        const { requestUnion: union } = WatchRequest.decode(bytes);
        if (union?.$case === 'createRequest') {
          const { key, rangeEnd, watchId, startRevision, prevKv } = union.value;
          watchers.set(watchId, { range: { key, rangeEnd }, next: startRevision, prevKv });
          respond({ watchId, created: true });
          sendEvents();
        } else if (union?.$case === 'cancelRequest') {
          if (watchers.delete(union.value.watchId)) respond({ watchId: union.value.watchId, canceled: true });
        } else respond({ watchId: -1n });
      }),
    );
    return this.store.onChange(sendEvents);
  }
}

function encoded<T>(codec: { encode(message: T): { finish(): Uint8Array } }, message: T): Buffer {
  return Buffer.from(codec.encode(message).finish());
}

/** The limit on events in one response, as in etcd; a revision is never split. */
const batchEvents = 1_000;

function* batches(events: readonly Event[]): Generator<Event[]> {
  for (let from = 0; from < events.length; ) {
    let to = Math.min(from + batchEvents, events.length);
    while (to < events.length && events[to]?.kv?.modRevision === events[to - 1]?.kv?.modRevision) to++;
    yield events.slice(from, to);
    from = to;
  }
}

/** An undecodable request is a bug of the client under test, and must not end the server. */
function attempt(work: () => void): void {
  try {
    work();
  } catch (error) {
    // The call has ended meanwhile.
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_HTTP2')) return;
    console.error(`the server cannot decode a request: ${String(error)}`);
    process.exitCode = 1;
  }
}
