import { useState } from 'preact/hooks';
import { type LeaseReply, paths } from '../../protocol/index.js';
import { call } from '../api/index.js';
import { failureText, usePoll } from '../elements/index.js';
import { current, tick } from '../state/index.js';
import { durationText, visible } from '../text/index.js';

const intervalMs = 2_000;

interface Answer {
  readonly lease: LeaseReply;
  /** By the browser's monotonic clock. */
  readonly at: number;
}

/** The time that a lease has left, asked for every 2 s and counted down in between. */
export function LeaseState({ id }: { readonly id: string }) {
  const [answer, setAnswer] = useState<Answer | undefined>(undefined);
  usePoll(id, intervalMs, async (signal) => {
    const lease = await readLease(id, signal);
    if (!signal.aborted) setAnswer({ lease, at: performance.now() });
  });
  // Without etcd, the time of the last answer runs out although the lease may be renewed.
  if (!current.value) return <span class="hint">time left is unknown</span>;
  return answer ? <Remaining {...answer} /> : <span class="hint">asking etcd …</span>;
}

async function readLease(id: string, signal: AbortSignal): Promise<LeaseReply> {
  try {
    const { leases } = await call(paths.leases, { leases: [id] }, signal);
    return leases[id] ?? { state: 'unknown', error: 'the command did not answer for it' };
  } catch (error) {
    return { state: 'unknown', error: failureText(error) };
  }
}

function Remaining({ lease, at }: Answer) {
  switch (lease.state) {
    case 'gone':
      return <span class="badge bad">ended</span>;
    case 'unknown':
      return <span class="hint">time left is unknown: {visible(lease.error)}</span>;
    case 'alive':
      return <TimeLeft remaining={lease.remainingSeconds} granted={lease.grantedSeconds} at={at} />;
  }
}

interface TimeLeftProps {
  readonly remaining: number;
  readonly granted: number;
  readonly at: number;
}

function TimeLeft({ remaining, granted, at }: TimeLeftProps) {
  const elapsed = Math.max(0, tick.value - at) / 1_000;
  const left = Math.max(0, remaining - elapsed);
  return (
    <span class="ttl">
      <meter min={0} max={granted} low={granted / 3} value={left} aria-label="Time left of the lease" />{' '}
      {durationText(left * 1_000)} of {durationText(granted * 1_000)} left
    </span>
  );
}
