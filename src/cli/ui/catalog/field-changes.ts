import { fieldDifferences, type RecordFields } from '../../data/field-changes.js';
import { ifDefined } from '../../data/if-defined.js';
import type { EndpointRow, FieldChange } from '../protocol/index.js';

/**
 * The differences between two states of a record, as {@link fieldDifferences} finds them. Of metadata that is too large
 * for the stream, only weight, zone and status are compared, and its size.
 */
export function fieldChanges(
  before: EndpointRow | undefined,
  after: EndpointRow | undefined,
): readonly FieldChange[] {
  return fieldDifferences(before && fieldsOf(before), after && fieldsOf(after));
}

function fieldsOf(row: EndpointRow): RecordFields {
  const { addr, lease, metadata, large } = row;
  return { addr: addr || undefined, lease, metadata: large === undefined ? metadata : summaryOf(row, large) };
}

function summaryOf({ weight, zone, status }: EndpointRow, bytes: number): RecordFields['metadata'] {
  return { weight, ...ifDefined('zone', zone), ...ifDefined('status', status), bytes };
}
