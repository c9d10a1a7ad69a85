import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type LeaseModule, PeerTimers, type UtilModule, type WatchModule } from './peer-timers.js';

const folder = join(import.meta.dirname, '../../../../test/migration/peer');
const modules = join(folder, 'node_modules');

/** etcd3 and the packages that its users import with it, as `compileSnippets` takes them. */
export const peerModules = { etcd3: join(modules, 'etcd3'), cockatiel: join(modules, 'cockatiel') };

/** The exports of etcd3. The programs are compiled with its declarations; the tests need little of it. */
export type PeerModule = Readonly<Record<string, unknown>> & {
  readonly Etcd3: new (options: object) => PeerClient;
};

export interface PeerClient {
  close(): void;
  lease(ttl: number): PeerLease;
  watch(): { key(key: string): { create(): Promise<unknown> } };
  election(
    name: string,
    ttl: number,
  ): { campaign(value: string): { wait(): Promise<unknown> }; observe(): Promise<unknown> };
}

export interface PeerLease {
  grant(): Promise<string>;
}

/** Loads etcd3. `timers` ends what it cannot end itself. */
export function loadPeer(timers = new PeerTimers()): PeerModule {
  const load = createRequire(join(folder, 'package.json'));
  const lib = './node_modules/etcd3/lib';
  timers.observe(
    load(`${lib}/util.js`) as UtilModule,
    load(`${lib}/lease.js`) as LeaseModule,
    load(`${lib}/watch.js`) as WatchModule,
  );
  return load('etcd3') as PeerModule;
}

/** The code of etcd3. */
export function peerSource(): string {
  const lib = join(modules, 'etcd3/lib');
  const files = readdirSync(lib).filter((file) => file.endsWith('.js'));
  return files.map((file) => readFileSync(join(lib, file), 'utf8')).join('\n');
}

/** The public members of etcd3's exported classes and option interfaces, and the events, by class. */
export function peerMembers(): Map<string, string[]> {
  const lib = join(modules, 'etcd3/lib');
  const members = new Map<string, string[]>();
  for (const file of readdirSync(lib).filter((name) => name.endsWith('.d.ts') && name !== 'util.d.ts')) {
    const text = readFileSync(join(lib, file), 'utf8').replace(/<\{[^}]*\}>/g, '');
    const declared = /^export (?:declare )?(?:abstract )?(?:class|interface) (\w+)[^{]*\{\n(.*?)^\}/gms;
    for (const [, name = '', body = ''] of text.matchAll(declared)) members.set(name, membersOf(body));
  }
  return members;
}

function membersOf(body: string): string[] {
  const withoutInternal = body.replace(/\/\*\*(?:(?!\*\/).)*?@internal(?:(?!\*\/).)*?\*\/\n[^\n]*\n/gs, '');
  const code = withoutInternal.replace(/\/\*\*.*?\*\//gs, '');
  const events = [...code.matchAll(/^ {4}on\(event: '(\w+)'/gm)].map(([, event = '']) => `'${event}'`);
  const names = [...code.matchAll(/^ {4}(?:static )?(?:readonly )?(?:get )?(\w+)\??(?:[(:<]| = )/gm)];
  const methods = names
    .map(([, name = '']) => name)
    .filter((name) => name !== 'constructor' && name !== 'on');
  return [...new Set([...methods, ...events])];
}
