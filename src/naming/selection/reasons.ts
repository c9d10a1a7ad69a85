import type { EtcdError } from '../../errors/index.js';
import type { ServiceView } from '../directory/index.js';
import { keyPrefix } from '../target/index.js';
import type { Selection } from './select-addresses.js';

/** Why a service without a view has no endpoints. */
export function unresolvedReason(service: string, failure: EtcdError | undefined): string {
  const why = failure?.message ?? 'etcd has not answered yet';
  return `cannot resolve '${keyPrefix(service)}' in etcd: ${why}`;
}

/** The number of records without an address that can be dialled. */
export function unusableCount({ invalid }: ServiceView, { unusable }: Selection): number {
  return unusable + invalid.size;
}

/** Why nothing of a view is selected. */
export function emptyServiceReason(view: ServiceView, selection: Selection): string {
  const where = `'${keyPrefix(view.target)}' at etcd revision ${view.revision}`;
  const { filtered } = selection;
  const unusable = unusableCount(view, selection);
  if (filtered + unusable === 0) return `no endpoints under ${where}`;
  if (filtered === 0) return `none of the ${unusable} records under ${where} has a usable address`;
  return `none of the ${filtered + unusable} records under ${where} is usable: the filter refuses ${filtered}, and ${unusable} have no usable address`;
}
