import type { Policy } from './settings.js';

export const service = 'chaos/calls';

/** The configuration of a process, passed as JSON. */
export interface ServerConfig {
  readonly endpoints: readonly string[];
  readonly ttlSeconds: number;
  /** Whether it changes its weight continuously. */
  readonly reportsWeight: boolean;
}

export interface WorkersConfig {
  readonly endpoints: readonly string[];
  readonly ttlSeconds: number;
  readonly workers: number;
}

export type CallerKind = 'steady' | 'idle' | 'fresh';

export interface CallerConfig {
  readonly endpoints: readonly string[];
  readonly name: string;
  readonly kind: CallerKind;
  readonly policy: Policy;
  /** Equal to the registrations' TTL: every live server has registered again by then. */
  readonly protectionMs: number;
  readonly seed: number;
}

/** A failed call, with the data that decides whether it was in flight on a killed server. */
export interface FailedCall {
  readonly caller: string;
  readonly code: number;
  readonly text: string;
  /** `host:port` of the server that received the call; another text if none did. */
  readonly peer: string;
  readonly startedAt: number;
  readonly endedAt: number;
  /** When connections of the caller's process to that server ended, since the call started. */
  readonly connectionEnds: readonly number[];
}

/** From a child process to the run. */
export type Report =
  | { readonly type: 'ready' }
  | { readonly type: 'registered'; readonly addr: string }
  | { readonly type: 'rolled' }
  | { readonly type: 'killing'; readonly addr: string; readonly at: number }
  | { readonly type: 'restarted' }
  | { readonly type: 'rejected-update'; readonly error: string }
  | { readonly type: 'updates'; readonly count: number }
  | { readonly type: 'failure'; readonly text: string }
  | {
      readonly type: 'view';
      readonly caller: string;
      readonly addrs: readonly string[];
      readonly unconfirmed: number;
    }
  | {
      readonly type: 'calls';
      readonly caller: string;
      readonly made: number;
      readonly fewest: number | undefined;
    }
  | ({ readonly type: 'failed' } & FailedCall);

/** From the run to the primary of the workers. */
export type Command = 'roll' | 'kill-worker';
