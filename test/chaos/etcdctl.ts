import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { StoredKv, TruthEvent } from './history.js';

/** etcd's own client. The truth is recorded with it because it shares no code with the library under test. */
export class Etcdctl {
  readonly path: string;
  readonly #user: string | undefined;

  /** @param user The user with the root role, if etcd requires authentication. */
  constructor(path: string, user?: { readonly username: string; readonly password: string }) {
    this.path = path;
    this.#user = user && `${user.username}:${user.password}`;
  }

  /** Without the ETCD variables, which would configure etcdctl. */
  get environment(): NodeJS.ProcessEnv {
    const others = Object.entries(process.env).filter(([name]) => !/^ETCD(CTL)?_/.test(name));
    return {
      ...Object.fromEntries(others),
      ETCDCTL_API: '3',
      ...(this.#user && { ETCDCTL_USER: this.#user }),
    };
  }

  async run(endpoints: readonly string[], ...args: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(this.path, ['--endpoints', endpoints.join(','), ...args], {
      env: this.environment,
      maxBuffer: 256 * 1024 * 1024,
      timeout: 20_000,
    });
    return stdout;
  }

  async all(endpoint: string): Promise<{ readonly revision: bigint; readonly kvs: StoredKv[] }> {
    const answer = parse(await this.run([endpoint], 'get', '--prefix', '', '-w', 'json')) as {
      header: { revision: string };
      kvs?: RawKv[];
    };
    return { revision: BigInt(answer.header.revision), kvs: (answer.kvs ?? []).map(toKv) };
  }

  /** The store's revision, by a linearizable read. */
  async revision(endpoint: string): Promise<bigint> {
    const answer = parse(await this.run([endpoint], 'get', 'no such key', '-w', 'json'));
    return BigInt((answer as { header: { revision: string } }).header.revision);
  }

  async hashes(
    endpoints: readonly string[],
  ): Promise<{ readonly member: string; readonly revision: bigint; readonly hash: string }[]> {
    const answers = parse(await this.run(endpoints, 'endpoint', 'hashkv', '-w', 'json')) as {
      Endpoint: string;
      HashKV: { header: { revision: string }; hash: string; compact_revision?: string };
    }[];
    return answers.map(({ Endpoint: member, HashKV: { header, hash, compact_revision: compacted } }) => ({
      member,
      revision: BigInt(header.revision),
      hash: `${hash}, compacted at ${compacted ?? '0'}`,
    }));
  }

  async leases(endpoint: string): Promise<bigint[]> {
    const { leases } = parse(await this.run([endpoint], 'lease', 'list', '-w', 'json')) as {
      leases?: { id?: string; ID?: string }[] | null;
    };
    return (leases ?? []).map(({ id, ID }) => BigInt(id ?? ID ?? 0));
  }
}

/** Parses a line of `etcdctl watch -w json` into revisions. */
export function eventsOf(line: string): { readonly revision: bigint; readonly events: TruthEvent[] }[] {
  const { Events } = parse(line) as { Events?: { type?: string; kv: RawKv }[] | null };
  const revisions: { revision: bigint; events: TruthEvent[] }[] = [];
  for (const { type, kv } of Events ?? []) {
    const stored = toKv(kv);
    const event: TruthEvent =
      type === '1' || type === 'DELETE' ? { type: 'delete', key: stored.key } : { type: 'put', kv: stored };
    const last = revisions.at(-1);
    if (last?.revision === stored.modRevision) last.events.push(event);
    else revisions.push({ revision: stored.modRevision, events: [event] });
  }
  return revisions;
}

interface RawKv {
  readonly key: string;
  readonly value?: string;
  readonly create_revision?: string;
  readonly mod_revision: string;
  readonly version?: string;
  readonly lease?: string;
}

function toKv(kv: RawKv): StoredKv {
  return {
    key: Buffer.from(kv.key, 'base64').toString(),
    value: Buffer.from(kv.value ?? '', 'base64').toString(),
    createRevision: BigInt(kv.create_revision ?? 0),
    modRevision: BigInt(kv.mod_revision),
    version: BigInt(kv.version ?? 0),
    lease: BigInt(kv.lease ?? 0),
  };
}

/**
 * Reads all numbers as strings, because leases and ids have 64 bits. No string of an answer looks like a number: all
 * are base64 or URLs.
 */
function parse(text: string): unknown {
  return JSON.parse(text.replace(/:(-?\d+)(?=[,}\]])/g, ':"$1"'));
}
