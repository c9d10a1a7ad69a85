import { chmodSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { EtcdHandle } from '#src/testing/index.js';
import { skip } from '../../support/etcd.js';

export async function readAll(url: string, timeoutMs = 2_000): Promise<string> {
  const response = await fetch(url, {
    signal: AbortSignal.timeout(timeoutMs),
    headers: { connection: 'close' },
  });
  return response.text();
}

export async function isHealthy(
  etcd: { endpoints: readonly string[] },
  timeoutMs?: number,
): Promise<boolean> {
  try {
    return (await readAll(`http://${etcd.endpoints[0]}/health`, timeoutMs)).includes('"true"');
  } catch {
    return false;
  }
}

/** Whether a process with this id exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Reads and writes keys by etcd's JSON gateway, independently of the client. */
export function gatewayOf(etcd: Pick<EtcdHandle, 'endpoints'>) {
  const post = async (method: string, message: object) => {
    const response = await fetch(`http://${etcd.endpoints[0]}/v3/${method}`, {
      method: 'POST',
      body: JSON.stringify(message),
      headers: { connection: 'close' },
      signal: AbortSignal.timeout(5_000),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(text);
    return JSON.parse(text) as { header: { revision: string }; kvs?: { value: string }[] };
  };
  const encode = (text: string) => Buffer.from(text).toString('base64');
  return {
    async put(key: string, value: string): Promise<bigint> {
      return BigInt((await post('kv/put', { key: encode(key), value: encode(value) })).header.revision);
    },
    async get(key: string, revision = 0n): Promise<string | undefined> {
      const { kvs } = await post('kv/range', { key: encode(key), revision: String(revision) });
      return kvs?.[0] && Buffer.from(kvs[0].value, 'base64').toString();
    },
    async revision(): Promise<bigint> {
      return BigInt((await post('kv/range', { key: encode('x') })).header.revision);
    },
  };
}

/** Sets environment variables for the duration of `work`; `undefined` removes one. */
export async function withEnvironment<T>(
  changes: Readonly<Record<string, string | undefined>>,
  work: () => Promise<T>,
): Promise<T> {
  const names = Object.keys(changes);
  const before = names.map((name) => [name, process.env[name]] as const);
  const apply = (entries: readonly (readonly [string, string | undefined])[]) => {
    for (const [name, value] of entries) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
  apply(Object.entries(changes));
  try {
    return await work();
  } finally {
    apply(before);
  }
}

/** Skips a test that needs an etcd as a process on this machine. */
export function skipUnlessProcess(context: Mocha.Context): void {
  const source = process.env['ETCD_TEST_SOURCE'] ?? '';
  if (['external', 'docker'].includes(source)) skip(context, `the etcd is of source '${source}'`);
}

/** An environment without a binary, a cache, an engine or internet access. */
export function environmentWithoutEtcd(folder: string): Record<string, string | undefined> {
  return {
    PATH: folder,
    HOME: folder,
    XDG_CACHE_HOME: undefined,
    ETCD_BIN: undefined,
    ETCD_CACHE_DIR: undefined,
    ETCD_TEST_SOURCE: undefined,
    ETCD_TEST_ENDPOINTS: undefined,
    ETCD_RELEASE_URL: 'http://127.0.0.1:1',
    ETCD_TEST_IMAGE: '127.0.0.1:1/no-such-image:v0',
  };
}

/** Writes a program named etcd to the folder. It answers `--version` and then runs the given script. */
export function writeFakeEtcd(folder: string, script: string, version = '9.9.9'): string {
  const path = join(folder, 'etcd');
  writeFileSync(
    path,
    `#!/bin/sh\n[ "$1" = --version ] && echo 'etcd Version: ${version}' && exit\n${script}\n`,
  );
  chmodSync(path, 0o755);
  return path;
}

/**
 * The ids of a user other than root, for a child process whose file permissions matter. Undefined if this process does
 * not run as root. Skips the test if that user cannot read the program.
 */
export function ordinaryUser(context: Mocha.Context): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const path of [process.execPath, import.meta.filename])
    for (let at = path; at !== dirname(at); at = dirname(at))
      if ((statSync(at).mode & 0o005) !== 0o005 && at !== path)
        skip(context, `${at} is closed to every user but root`);
  return { uid: 65_534, gid: 65_534 };
}
