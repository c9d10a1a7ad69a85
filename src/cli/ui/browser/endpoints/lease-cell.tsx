import { current, tick } from '../state/index.js';
import { leaseText } from './lease-text.js';
import { leaseTimes } from './lease-times.js';

/** The time left of a lease. It is not shown while the page is not current: the lease may have been renewed since. */
export function LeaseCell({ lease }: { readonly lease: string | undefined }) {
  if (lease === undefined) return <span class="permanent">permanent</span>;
  if (!current.value) return <span class="unknown">unknown</span>;
  return <span>{leaseText(leaseTimes.value.get(lease), tick.value) || '…'}</span>;
}
