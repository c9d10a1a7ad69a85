import { durationText } from '../text/index.js';
import type { LeaseTime } from './lease-times.js';

/** An older answer is not used: the lease may have been renewed since. */
const maxAgeMs = 10_000;

/** The time left of a lease, counted down since etcd answered; empty while it is unknown. */
export function leaseText(time: LeaseTime | undefined, now: number): string {
  if (!time || now - time.at > maxAgeMs || time.reply.state === 'unknown') return '';
  if (time.reply.state === 'gone') return 'ended';
  const leftMs = time.reply.remainingSeconds * 1_000 - (now - time.at);
  return `${durationText(leftMs)} of ${durationText(time.reply.grantedSeconds * 1_000)}`;
}
