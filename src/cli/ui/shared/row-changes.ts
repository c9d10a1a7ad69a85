import type { EndpointRow, FieldChange } from '../protocol/index.js';
import { fieldChanges, type RecordFields } from './field-changes.js';

/**
 * The differences between two states of a record, as {@link fieldChanges} finds them. Of metadata that is too large
 * for the stream, only weight, zone and status are compared, and its size.
 */
export function rowChanges(
  before: EndpointRow | undefined,
  after: EndpointRow | undefined,
): readonly FieldChange[] {
  return fieldChanges(before && fieldsOf(before), after && fieldsOf(after));
}

function fieldsOf(row: EndpointRow): RecordFields {
  const { addr, lease, problem, metadata, large } = row;
  const shown = large === undefined ? metadata : summaryOf(row, large);
  return { addr: addr || undefined, lease, problem, metadata: shown };
}

function summaryOf({ weight, zone, status }: EndpointRow, bytes: number): object {
  return { weight, zone, status, bytes };
}
