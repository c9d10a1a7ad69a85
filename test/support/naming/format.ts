import { recordFormat } from '#src/naming/codec/format-of.js';
import type { RecordFormat } from '#src/naming/codec/record-format.js';

/** The default format, of the records of a service. */
export function defaultFormat(service = 'svc'): RecordFormat {
  return recordFormat(service, undefined);
}
