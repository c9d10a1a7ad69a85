import http from 'node:http';
import https from 'node:https';
import { CompactedError, EtcdError, errorFromServer } from '../errors/index.js';
import type { EtcdConnectOptions } from './security/connect-options.js';

const REQUEST_TIMEOUT_MS = 5_000;

/** How to connect, and as whom. */
export type GatewayAccess = Omit<EtcdConnectOptions, 'endpoints'>;

/** What a member reports about itself and the leader. Ids are decimal strings, as in the gateway's JSON. */
export interface MemberStatus {
  readonly memberId: string;
  /** `0` while there is no leader. */
  readonly leaderId: string;
  readonly raftTerm: number;
}

/**
 * etcd's HTTP endpoints: `/health`, `/version`, `/metrics` and the JSON gateway of 3.4 and later. Uses one connection per
 * request: a pooled one would count as a client, and would be dead after each restart. For the same reason it has no
 * token: it authenticates for each request that etcd refuses without one.
 */
export class GatewayClient {
  readonly #base: URL;
  readonly #access: GatewayAccess;

  /** @param endpoint `host:port`, or a URL for TLS. */
  constructor(endpoint: string, access: GatewayAccess = {}) {
    const scheme = access.tls ? 'https' : 'http';
    this.#base = new URL(endpoint.includes('://') ? endpoint : `${scheme}://${endpoint}`);
    this.#access = access;
  }

  /** Whether the member answers and sees a leader; every failure counts as `false`. */
  async isHealthy(): Promise<boolean> {
    try {
      const { health } = JSON.parse(await this.#get('/health', 1_000)) as { health?: string };
      return health === 'true';
    } catch {
      return false;
    }
  }

  async version(): Promise<string> {
    const { etcdserver } = JSON.parse(await this.#get('/version')) as { etcdserver?: string };
    if (etcdserver === undefined) throw new Error(`${this.#base.host}/version is not etcd's`);
    return etcdserver;
  }

  async metrics(): Promise<string> {
    return this.#get('/metrics');
  }

  async status(timeoutMs = REQUEST_TIMEOUT_MS): Promise<MemberStatus> {
    const body = await this.call('maintenance/status', {}, timeoutMs);
    const { header, leader, raftTerm } = body as {
      header: { member_id: string };
      leader?: string;
      raftTerm?: string;
    };
    return { memberId: header.member_id, leaderId: leader ?? '0', raftTerm: Number(raftTerm ?? 0) };
  }

  async currentRevision(): Promise<bigint> {
    const { header } = (await this.call('kv/range', { key: base64('\0'), limit: 1, keys_only: true })) as {
      header: { revision: string };
    };
    return BigInt(header.revision);
  }

  /** Resolves after a physical compaction, so that nothing of it is still in progress; also when it was compacted before. */
  async compact(revision: bigint): Promise<void> {
    try {
      await this.call('kv/compaction', { revision: revision.toString(), physical: true });
    } catch (error) {
      if (!(error instanceof Error && error.cause instanceof CompactedError)) throw error;
    }
  }

  async deletePrefix(prefix: string): Promise<void> {
    const end = Buffer.from(prefix);
    // Our prefixes end in '/', so adding one to the last byte never overflows.
    end[end.length - 1] = (end[end.length - 1] ?? 0) + 1;
    await this.call('kv/deleterange', { key: base64(prefix), range_end: end.toString('base64') });
  }

  async memberIdAt(peerUrl: string): Promise<string | undefined> {
    const { members } = (await this.call('cluster/member/list', {})) as {
      members: { ID: string; peerURLs: string[] }[];
    };
    return members.find(({ peerURLs }) => peerURLs.includes(peerUrl))?.ID;
  }

  /** Must be called on the leader. */
  async moveLeader(toMemberId: string): Promise<void> {
    await this.call('maintenance/transfer-leadership', { targetID: toMemberId });
  }

  async removeMember(id: string): Promise<void> {
    await this.call('cluster/member/remove', { ID: id });
  }

  async addMember(peerUrl: string): Promise<void> {
    await this.call('cluster/member/add', { peerURLs: [peerUrl] });
  }

  /** Whether the store has the user and authentication is enabled; every failure counts as `false`. */
  async canLogIn(): Promise<boolean> {
    try {
      return (await this.#newToken()) !== undefined;
    } catch {
      return false;
    }
  }

  /** Calls a method of the JSON gateway: `auth/role/add`. Rejects with etcd's error as the cause. */
  async call(method: string, message: object, timeoutMs = REQUEST_TIMEOUT_MS): Promise<unknown> {
    try {
      return await this.#post(method, message, timeoutMs);
    } catch (error) {
      const needsUser =
        error instanceof Error && error.cause instanceof EtcdError && error.cause.reason === 'UserEmpty';
      if (!needsUser || !this.#access.auth) throw error;
      return this.#post(method, message, timeoutMs, await this.#newToken());
    }
  }

  async #newToken(): Promise<string | undefined> {
    const { username: name, password } = this.#access.auth ?? {};
    const { token } = (await this.#post('auth/authenticate', { name, password })) as { token?: string };
    return token;
  }

  async #get(path: string, timeoutMs = REQUEST_TIMEOUT_MS): Promise<string> {
    return exchange({ url: new URL(path, this.#base), method: 'GET', timeoutMs, tls: this.#access.tls });
  }

  async #post(
    method: string,
    message: object,
    timeoutMs = REQUEST_TIMEOUT_MS,
    token?: string,
  ): Promise<unknown> {
    const url = new URL(`/v3/${method}`, this.#base);
    const { tls } = this.#access;
    const body = JSON.stringify(message);
    return JSON.parse(await exchange({ url, method: 'POST', body, timeoutMs, token, tls }));
  }
}

/** The value of a metric in Prometheus' text format, summed over its labels. Throws for an unknown metric. */
export function readMetric(text: string, name: string): number {
  const samples = text
    .split('\n')
    .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
    .map((line) => Number(line.slice(line.lastIndexOf(' ') + 1)));
  if (samples.length === 0) throw new Error(`etcd has no metric '${name}'`);
  return samples.reduce((sum, sample) => sum + sample, 0);
}

interface Exchange {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly body?: string;
  readonly timeoutMs: number;
  readonly token?: string | undefined;
  readonly tls: GatewayAccess['tls'];
}

function exchange({ url, method, body, timeoutMs, token, tls }: Exchange): Promise<string> {
  const client = url.protocol === 'https:' ? https : http;
  // The gateway is a client of etcd with the server's certificate. Only in requests with this header etcd does not take
  // that certificate's common name for the user.
  // Specification: https://github.com/etcd-io/etcd/blob/v3.7.1/server/auth/store.go#L1033
  const headers = { accept: 'application/json', ...(token !== undefined && { authorization: token }) };
  const signal = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve, reject) => {
    const fail = (error: Error) =>
      reject(
        new Error(`${method} ${url.href}: ${describe(error, signal, timeoutMs)}`, { cause: error.cause }),
      );
    const request = client.request(url, { ...tls, method, headers, agent: false, signal }, (response) => {
      const parts: Buffer[] = [];
      response.on('error', fail);
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => {
        const text = Buffer.concat(parts).toString();
        if (response.statusCode === 200) resolve(text);
        else
          fail(
            new Error(`status ${response.statusCode}: ${text.trim().slice(0, 500)}`, {
              cause: refusal(text),
            }),
          );
      });
    });
    request.on('error', fail);
    request.end(body);
  });
}

/** The error in the body of a response with another status than 200; undefined when it is not etcd's. */
function refusal(body: string): EtcdError | undefined {
  try {
    const { code, message } = JSON.parse(body) as { code?: unknown; message?: unknown };
    return typeof code === 'number' && typeof message === 'string'
      ? errorFromServer(code, message)
      : undefined;
  } catch {
    return undefined;
  }
}

function describe(error: Error, signal: AbortSignal, timeoutMs: number): string {
  return signal.aborted ? `no answer within ${timeoutMs} ms` : error.message;
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
