import type { EndpointRow } from '../../protocol/index.js';
import { settings } from '../state/index.js';
import { openActions } from './action-host.js';
import { actionLabel, actionsFor, recordName } from './texts.js';

interface RowProps {
  readonly row: EndpointRow;
}

/**
 * The button of a row that opens the choice of its actions; nothing if there are none. The Tab key skips it, as it does all
 * that is within a row: Enter opens the details of the row, which have the actions too.
 */
export function ActionMenu({ row }: RowProps) {
  if (actionsFor(row, settings.value).length === 0) return null;
  return (
    <span class="actions">
      <button
        type="button"
        class="quiet"
        tabIndex={-1}
        aria-haspopup="dialog"
        aria-label={`Actions on ${recordName(row)}`}
        onClick={() => openActions(row)}
      >
        <span aria-hidden="true">⋯</span>
      </button>
    </span>
  );
}

/** One button for each action, or why there are none. */
export function ActionButtons({ row }: RowProps) {
  const actions = actionsFor(row, settings.value);
  return (
    <div class="action-buttons">
      {actions.map((action) => (
        <button
          // The same element after an endpoint was drained: it keeps the focus.
          key={action === 'undrain' ? 'drain' : action}
          type="button"
          class={action === 'remove' ? 'danger' : ''}
          aria-haspopup="dialog"
          onClick={() => openActions(row, action)}
        >
          {actionLabel(action)} …
        </button>
      ))}
      <Limits />
    </div>
  );
}

/** Why actions are absent. */
function Limits() {
  if (!settings.value) return null;
  const { readOnly, codec, canDrain, canSetWeight } = settings.value;
  if (readOnly) return <p class="hint">The page is read-only: the command refuses every change.</p>;
  if (canDrain && canSetWeight) return null;
  const missing = [...(canDrain ? [] : ['a mark of draining']), ...(canSetWeight ? [] : ['a weight'])].join(
    ' or ',
  );
  return (
    <p class="hint">
      Records of {codec} have no place for {missing}.
    </p>
  );
}
