import assert from 'node:assert/strict';
import type { EtcdClient } from '#src/client/index.js';
import type { FaultProxy } from '#src/testing/index.js';
import type { Access } from './access.js';
import type { PeerModule } from './peer.js';

/** Whose program it is. */
export type Side = 'etcd3' | 'ours';

/** What a check or an act may use, whichever side runs. */
export interface Outcome {
  readonly side: Side;
  /** A client with a connection of its own. */
  readonly admin: EtcdClient;
  /** The connection of the program's client. */
  readonly link: FaultProxy;
  /** What the program has printed. */
  readonly printed: readonly unknown[];
  /** The number of requests that etcd has received on watch streams. */
  readonly watchRequests: () => Promise<number>;
  /** The number of messages that etcd has sent on watch streams. */
  readonly watchAnswers: () => Promise<number>;
  /** The number of renewals of leases that etcd has received. */
  readonly renewals: () => Promise<number>;
  /** The package etcd3. */
  readonly peer: PeerModule;
}

/** What a program uses and may have to be closed. */
export interface Handles {
  readonly watcher?: unknown;
  readonly lease?: unknown;
}

/** A program must reject with an error whose name or text matches. */
export interface Rejection {
  readonly rejects: RegExp;
}

export type Check = (result: never, outcome: Outcome) => unknown;

/** What a program returns: a value, as `plain()` shows it, a rejection, or a check. */
export type Expected = string | number | boolean | null | undefined | object | Check | Rejection;

/** What the two programs of a row do. `ours` is missing if this package offers nothing. */
export interface Case {
  /** The keys in the store before each program. Default: none. */
  readonly given?: Readonly<Record<string, string>>;
  /** The roles and users before each program. Default: as they are. */
  readonly access?: Access;
  /** The TTL of `lease`, and of a candidate's lease, in seconds. Default 60. */
  readonly leaseSeconds?: number;
  /** Both clients also watch `k`, although the programs do not name a watcher. */
  readonly watches?: true;
  /** Runs once the program has subscribed; the program then prints, and need not end. */
  readonly act?: (outcome: Outcome, handles: Handles) => unknown;
  /** What the program of this package prints, and that of etcd3 unless `etcd3Prints` is given. */
  readonly prints?: readonly unknown[];
  readonly etcd3Prints?: readonly unknown[];
  readonly both?: Expected;
  readonly etcd3?: Expected;
  readonly ours?: Expected;
  /** Both programs succeed, or both are refused: by the release of etcd. */
  readonly sameOutcome?: true;
  /** The keys in the store after each program. */
  readonly stored?: Readonly<Record<string, string>>;
  /** The roles and users after each program; `etcd3Leaves` for that of etcd3, if it differs. */
  readonly leaves?: Access;
  readonly etcd3Leaves?: Access;
}

/** The cases of some rows, by the code of the first cell. */
export type Cases = Readonly<Record<string, Case>>;

export const rejects = (pattern: RegExp): Rejection => ({ rejects: pattern });

/** A result as JSON shows it: bytes as text, a `bigint` as its digits with `n`, objects without prototypes and `undefined`. */
export function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`;
  if (Buffer.isBuffer(value)) return value.toString();
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([name, member]) => [name, plain(member)]));
}

/** Compares the end of a program with what its case says. */
export async function check(expected: Expected, run: Promise<unknown>, outcome: Outcome): Promise<void> {
  if (isRejection(expected)) {
    await assert.rejects(run, ({ name, message }: Error) => expected.rejects.test(`${name}: ${message}`));
    return;
  }
  const result = await run;
  if (typeof expected === 'function') await (expected as (...args: unknown[]) => unknown)(result, outcome);
  else assert.deepEqual(plain(result), expected);
}

export function isRejection(expected: Expected): expected is Rejection {
  return typeof expected === 'object' && expected !== null && 'rejects' in expected;
}
