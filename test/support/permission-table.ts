import { pageText } from './pages.js';

/** A key, all keys with a prefix, or most of them: those that continue with a character before `~`. */
export interface KeySpec {
  readonly kind: 'key' | 'prefix' | 'most';
  /** The key, or the prefix. */
  readonly text: string;
}

/** A grant as `etcdctl role grant-permission` takes it. */
export interface Grant {
  readonly permission: 'read' | 'write' | 'readwrite';
  readonly range: KeySpec;
}

/** A row of the table in docs/permissions.md. */
export interface PermissionRow {
  /** The first cell, as it is written. */
  readonly used: string;
  readonly grant: Grant;
}

const page = pageText('docs/permissions.md');

/** The rows of the page's table. */
export function permissionRows(): PermissionRow[] {
  const rows = page.matchAll(/^\| (.+) \| `etcdctl role grant-permission ROLE (.+)` \|$/gm);
  return [...rows].map(([, used = '', args = '']) => ({ used, grant: parseGrant(args) }));
}

/** The page's commands for two roles. */
export function permissionCommands(): string {
  return /^```sh\n(.*?)^```$/ms.exec(page)?.[1] ?? '';
}

function parseGrant(args: string): Grant {
  const match = /^(read|write|readwrite) (--prefix )?(\S+)$/.exec(args);
  if (!match) throw new Error(`not a grant: ${args}`);
  const [, permission, prefix, name = ''] = match;
  const range = { kind: prefix ? 'prefix' : 'key', text: name === "''" ? '' : name } as const;
  return { permission: permission as Grant['permission'], range };
}

/** Grants that lack one part of `grant`: one of its permissions, or some of its keys. */
export function smallerGrants({ permission, range }: Grant): Grant[] {
  const permissions = permission === 'readwrite' ? (['read', 'write'] as const) : [];
  return [
    ...permissions.map((one) => ({ permission: one, range })),
    ...smallerRanges(range, permission).map((one) => ({ permission, range: one })),
  ];
}

/** To write, a client needs only the keys that it writes; to read a prefix, it needs all keys that may exist. */
function smallerRanges({ kind, text }: KeySpec, permission: Grant['permission']): KeySpec[] {
  if (kind === 'key') return [{ kind, text: `${text}0` }];
  const one = { kind: 'key', text: `${text}e1` } as const;
  return permission === 'read' ? [one, { kind: 'most', text }] : [one];
}

export function grantText({ permission, range }: Grant): string {
  const flags = { key: '', prefix: '--prefix ', most: 'most keys of --prefix ' };
  return `${permission} ${flags[range.kind]}'${range.text}'`;
}
