import { current, queues, settings } from '../state/index.js';
import { navigate, view } from '../url/index.js';
import { QueueItem } from './queue-item.js';
import { selectQueues } from './select-queues.js';

/** Locks and elections: who holds them, and who waits. */
export function LocksView() {
  const { filter } = view.value;
  const { shown, matching } = selectQueues(queues.value, filter);
  return (
    <section class="locks" aria-label="Locks and elections">
      <div class="filter-bar">
        <label>
          Filter{' '}
          <input
            type="search"
            value={filter}
            autocomplete="off"
            spellcheck={false}
            placeholder="name, holder or lease"
            onInput={(event) => navigate({ filter: event.currentTarget.value }, { replace: true })}
          />
        </label>
        <p role="status">
          {matching} of {queues.value.size}
        </p>
      </div>
      {queues.value.size === 0 && <Empty />}
      <ul class={current.value ? 'queues' : 'queues stale'}>
        {shown.map((queue) => (
          <QueueItem key={queue.name} queue={queue} />
        ))}
      </ul>
      {shown.length < matching && <p class="hint">The first {shown.length}: filter to see others.</p>}
    </section>
  );
}

function Empty() {
  return (
    <p class="hint">
      {settings.value?.prefix === '' ? 'There are none.' : 'None under the prefix.'} Keys in the layout of
      Go’s client are shown: <code>name/lease</code>, where the lease is the one of the key.
    </p>
  );
}
