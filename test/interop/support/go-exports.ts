import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { goModuleFolder } from './go-build.js';

const packages = ['', 'concurrency', 'namespace', 'naming/endpoints', 'naming/resolver'];

/** Helpers of the packages themselves, and ways to make a client of parts, which applications do not use. */
const internal =
  /^(?:Retry\w+Client|New(?:Auth|Cluster|Maintenance|Op|ClientConfig)|FromCompare|OpWatch|StrToPermissionType|With(?:ZapLogger|WatchBufLog)|New\w+From\w+|NewCtxClient|IsOptsWith\w+|ClientLogLevel|SetLogger|ContextError|IsConnCanceled|NewFromURLs?|CreateDefaultZapLogger\w*|NewWatchChan\w*)$/;

/**
 * What `client/v3` and its packages export for applications: the functions, the methods of the clients' interfaces, and
 * the members of `Config`.
 */
export async function goExports(): Promise<string[]> {
  const folder = await goModuleFolder('go.etcd.io/etcd/client/v3');
  const names = packages.flatMap((name) => exportsIn(join(folder, name)));
  return [...new Set(names)].filter((name) => !internal.test(name)).sort();
}

function exportsIn(folder: string): string[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.go') && !name.endsWith('_test.go'));
  const text = files.map((name) => readFileSync(join(folder, name), 'utf8')).join('\n');
  const methods = /^func \(\w+ \*?(?:Session|Mutex|Election)\) ([A-Z]\w*)\(/gm;
  const interfaces =
    /^type (?:KV|Lease|Watcher|Cluster|Maintenance|Auth|Txn|Manager) interface \{\n(.*?)^\}/gms;
  const config = /^type Config struct \{\n(.*?)^\}/gms;
  return [
    ...matches(text, /^func ([A-Z]\w*)\(/gm),
    ...matches(text, methods),
    ...matches(text, interfaces).flatMap((body) => matches(body, /^\t([A-Z]\w*)\(/gm)),
    ...matches(text, config).flatMap((body) => matches(body, /^\t([A-Z]\w*) /gm)),
  ];
}

function matches(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, name = '']) => name);
}
