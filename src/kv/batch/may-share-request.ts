import { noOptions } from '../../model/index.js';
import type { GetOptions } from '../types.js';

/** Whether a read may be part of a batch: it reads the present state of the key, without a filter. */
export function mayShareRequest(options: GetOptions): boolean {
  if (options === noOptions) return true;
  const { revision, minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = options;
  return !(revision || minModRevision || maxModRevision || minCreateRevision || maxCreateRevision);
}
