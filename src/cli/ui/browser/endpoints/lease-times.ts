import { effect, type ReadonlySignal, signal } from '@preact/signals';
import { type LeaseReply, type LeasesReply, paths } from '../../protocol/index.js';
import { call } from '../api/index.js';
import { current } from '../state/index.js';

/** What etcd said about a lease, and when. */
export interface LeaseTime {
  readonly reply: LeaseReply;
  /** On the browser's monotonic clock. */
  readonly at: number;
}

const intervalMs = 2_000;
const timeoutMs = 10_000;
/** The limit of a request. */
const maxLeases = 200;

const known = signal<ReadonlyMap<string, LeaseTime>>(new Map());
const wanted = signal<readonly string[]>([]);

/** The leases of the visible rows. */
export const leaseTimes: ReadonlySignal<ReadonlyMap<string, LeaseTime>> = known;

/** Sets the leases whose times are read from now on. */
export function wantLeases(leases: Iterable<string>): void {
  const next = [...new Set(leases)].slice(0, maxLeases);
  const before = wanted.peek();
  if (next.length !== before.length || next.some((lease, i) => lease !== before[i])) wanted.value = next;
}

/** Reads the times every 2 s while the page is visible and current. The returned function ends that. */
export function followLeases(): () => void {
  const closing = new AbortController();
  let reading = false;
  const read = async () => {
    if (reading || document.hidden || !current.peek() || wanted.peek().length === 0) return;
    reading = true;
    await readLeases(wanted.peek(), AbortSignal.any([closing.signal, AbortSignal.timeout(timeoutMs)]));
    reading = false;
  };
  const timer = setInterval(() => void read(), intervalMs);
  const endEffect = effect(() => {
    if (wanted.value.length > 0) void read();
  });
  return () => {
    clearInterval(timer);
    endEffect();
    closing.abort();
  };
}

async function readLeases(leases: readonly string[], signal: AbortSignal): Promise<void> {
  const at = performance.now();
  const reply = await call(paths.leases, { leases }, signal).catch((): LeasesReply => ({ leases: {} }));
  const times = Object.entries(reply.leases).map(([lease, state]) => [lease, { reply: state, at }] as const);
  // Other leases are forgotten: their rows are not visible.
  if (!signal.aborted) known.value = new Map(times);
}
