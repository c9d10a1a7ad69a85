import { Component } from 'preact';
import { useState } from 'preact/hooks';
import type { FieldChange, TimelineEntry, TimelineEvent } from '../../protocol/index.js';
import { eventText, kindOf } from '../../shared/index.js';
import { Age, Changes, Time } from '../elements/index.js';
import { visible } from '../text/index.js';
import { reasonExplanation } from './texts.js';

interface EntryProps {
  readonly entry: TimelineEntry;
  /** Whether the list is that of all services. */
  readonly withService: boolean;
}

/** One thing that happened. It renders again only when the reason of a departure is found, not when others arrive. */
export class Entry extends Component<EntryProps> {
  override shouldComponentUpdate({ entry }: EntryProps): boolean {
    return entry !== this.props.entry;
  }

  override render({ entry: { at, service, what }, withService }: EntryProps) {
    return (
      <li class={classOf(what)}>
        <span class="icon" aria-hidden="true" />
        <div class="what">
          <p>
            <strong class="event">{eventText(what)}</strong> <Subject what={what} />{' '}
            {withService && service !== undefined && <span class="service">{visible(service)}</span>}
          </p>
          <Explanation what={what} />
          {'changes' in what && what.changes.length > 0 && <ChangeList what={what} />}
        </div>
        <p class="when">
          <Time at={at} /> <Age at={at} />
        </p>
      </li>
    );
  }
}

/** An endpoint that was drained before it left is no reason for alarm. */
function classOf(what: TimelineEvent): string {
  const expected = what.type === 'left' && what.reason === 'drained';
  return `entry ${kindOf(what.type)} ${what.type}${expected ? ' expected' : ''}`;
}

function Subject({ what }: { readonly what: TimelineEvent }) {
  if (!('key' in what)) return null;
  return (
    <>
      <bdi class="addr">{visible(what.addr || what.id || what.key)}</bdi>{' '}
      {what.addr !== '' && <bdi class="id">{visible(what.id)}</bdi>}{' '}
      <span class="revision">revision {visible(what.revision, 20)}</span>
    </>
  );
}

function Explanation({ what }: { readonly what: TimelineEvent }) {
  if (what.type === 'left') return <p class="why">{reasonExplanation(what.reason)}</p>;
  if ((what.type === 'etcd-away' || what.type === 'etcd-refused') && what.error !== undefined)
    return <p class="why">{visible(what.error, 500)}</p>;
  if (what.type === 'resync')
    return (
      <p class="why">
        At revision {visible(what.revision, 20)}. What happened before it is known only by its result.
      </p>
    );
  return null;
}

/** A record that was registered has many fields; of a change, these are what the user looks for. */
function ChangeList({
  what,
}: {
  readonly what: { readonly type: string; readonly changes: readonly FieldChange[] };
}) {
  const [all, setAll] = useState(false);
  const { changes } = what;
  const shown = all ? changes.length : what.type === 'registered' ? 0 : 10;
  return (
    <>
      {shown > 0 && <Changes changes={changes.slice(0, shown)} />}
      {(all || shown < changes.length) && (
        <button type="button" class="quiet" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? 'Fewer fields' : `All fields (${changes.length})`}
        </button>
      )}
    </>
  );
}
