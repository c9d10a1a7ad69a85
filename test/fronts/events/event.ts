import type { Environment, Placement } from '../environment.js';
import { type FrontLimits, startsTls } from '../front/settings.js';

/** What was seen in a cell. */
export interface EventResult {
  /** What contradicts a promise of the client, provided that the event happened as it should. */
  readonly problems: readonly string[];
  /** What contradicts a promise of the client whatever happened: a write that was lost, an event that was missed. */
  readonly violations?: readonly string[];
  /** Why the cell proves nothing; undefined if the event had an effect. */
  readonly missed: string | undefined;
  /** Set if the cell itself failed: a process did not start, or nothing happened in time. */
  readonly failed?: true;
  /** From the end of the event until calls and watches work. */
  readonly recoveryMs?: number;
  /** The different errors of calls. */
  readonly errors: readonly string[];
  readonly writes: number;
  readonly ambiguous: number;
}

/** Something that a front end does to a client. */
export interface FrontEvent {
  readonly name: string;
  readonly limits?: FrontLimits;
  /** Default: one. */
  readonly fronts?: number;
  /** Why the event cannot happen with a front end; undefined if it can. */
  excluded?(placement: Placement): string | undefined;
  run(environment: Environment, etcdctl: string): Promise<EventResult>;
}

/** Excludes TCP proxies, to which requests are bytes. */
export function needsRequests({ mode }: Placement): string | undefined {
  return mode === 'tcp' ? 'a TCP proxy does not know requests' : undefined;
}

/** Excludes front ends without a limit. */
export function needsLimit(limit: keyof FrontLimits): (placement: Placement) => string | undefined {
  return (placement) =>
    needsRequests(placement) ??
    (placement.kind.lacks.includes(limit) ? `${placement.kind.name} has no such limit` : undefined);
}

/** Whether a client can use etcd through the front end at all. */
export function speaksHttp2ToEtcd({ kind, mode, tls }: Placement): boolean {
  return !startsTls({ tls }) || kind.offersHttp2(mode);
}

/** Excludes the front ends through which no client can use etcd. */
export function usable(event: FrontEvent): FrontEvent {
  return {
    ...event,
    excluded: (placement) =>
      speaksHttp2ToEtcd(placement) ? event.excluded?.(placement) : 'etcd speaks HTTP/1.1 to it',
  };
}
