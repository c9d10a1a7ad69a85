import type { EndpointRow } from '../../protocol/index.js';
import { ActionButtons } from '../actions/index.js';
import { useBorrowedFocus } from '../elements/index.js';
import { current } from '../state/index.js';
import { visible } from '../text/index.js';
import { RecordTimeline } from '../timeline/index.js';
import { Fields } from './fields.js';
import { Metadata, StoredValue } from './stored-value.js';

export interface EndpointDetailsProps {
  /** The record, or its last state once it is gone. */
  readonly row: EndpointRow;
  readonly gone: boolean;
  readonly onClose: () => void;
}

/** The panel beside the list with everything about one record. Escape closes it. */
export function EndpointDetails({ row, gone, onClose }: EndpointDetailsProps) {
  const heading = useBorrowedFocus<HTMLHeadingElement>('aside');
  return (
    <aside
      class="details"
      aria-labelledby="details-title"
      onKeyDown={(event) => isEscape(event) && onClose()}
    >
      <header>
        <h2 id="details-title" ref={heading} tabIndex={-1}>
          <bdi>{visible(row.addr || row.id || row.key)}</bdi>
        </h2>
        <button type="button" onClick={onClose}>
          Close
        </button>
      </header>
      {gone && <p class="warning">The record is gone. This is its last state.</p>}
      {row.problem !== undefined && (
        <p class="error">
          <strong>Not an endpoint:</strong> {visible(row.problem, 500)}
        </p>
      )}
      <div class={current.value && !gone ? '' : 'stale'}>
        <Fields row={row} gone={gone} />
        <h3>Metadata</h3>
        <Metadata row={row} />
        {!gone && <StoredValue row={row} />}
      </div>
      {!gone && (
        <>
          <h3>Actions</h3>
          <ActionButtons row={row} />
        </>
      )}
      <h3>Timeline</h3>
      <RecordTimeline service={row.service} record={row.key} />
    </aside>
  );
}

/** In an input, the key clears the input. */
function isEscape({ key, target }: KeyboardEvent): boolean {
  return key === 'Escape' && !(target instanceof HTMLInputElement);
}
