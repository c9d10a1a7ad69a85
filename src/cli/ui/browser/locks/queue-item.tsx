import { useState } from 'preact/hooks';
import type { Queue, QueueEntry } from '../../protocol/index.js';
import { Age, FirstSeen, Time } from '../elements/index.js';
import { pluralize, visible } from '../text/index.js';

/** More would slow the page down. */
const maxWaiters = 100;

/** One lock or election: its holder, and on request those that wait, in their order. */
export function QueueItem({ queue }: { readonly queue: Queue }) {
  const [holder, ...waiters] = queue.entries;
  const [open, setOpen] = useState(false);
  if (!holder) return null;
  return (
    <li class="queue">
      <p class="name">
        <span class={`badge ${queue.kind}`}>{queue.kind}</span> <bdi class="mono">{visible(queue.name)}</bdi>
      </p>
      <p>
        {queue.kind === 'election' ? 'Led by' : 'Held by'} <Holder entry={holder} />, since{' '}
        <Since queue={queue} />
      </p>
      {waiters.length === 0 ? (
        <p class="hint">No one waits.</p>
      ) : (
        <button type="button" class="quiet" aria-expanded={open} onClick={() => setOpen(!open)}>
          {pluralize(waiters.length, 'waiter')}
        </button>
      )}
      {open && waiters.length > 0 && <Waiters waiters={waiters} />}
    </li>
  );
}

function Holder({ entry: { lease, value } }: { readonly entry: QueueEntry }) {
  return (
    <>
      {value !== '' && <bdi class="value">{visible(value)}</bdi>}{' '}
      <span class="mono">lease {visible(lease, 20)}</span>
    </>
  );
}

function Since({ queue: { heldSince, heldBefore } }: { readonly queue: Queue }) {
  return (
    <>
      <FirstSeen at={heldSince} preexisting={heldBefore} />
      {!heldBefore && (
        <>
          {' '}
          (<Age at={heldSince} />)
        </>
      )}
    </>
  );
}

function Waiters({ waiters }: { readonly waiters: readonly QueueEntry[] }) {
  return (
    <>
      <ol class="waiters">
        {waiters.slice(0, maxWaiters).map((entry) => (
          <li key={entry.key}>
            <Holder entry={entry} />, waits since {entry.preexisting && 'before '}
            <Time at={entry.firstSeen} />
          </li>
        ))}
      </ol>
      {waiters.length > maxWaiters && <p class="hint">and {waiters.length - maxWaiters} more</p>}
    </>
  );
}
