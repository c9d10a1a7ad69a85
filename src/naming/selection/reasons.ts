import type { EtcdError } from '../../errors/index.js';
import { quotedPrefixes, type ServiceView } from '../directory/index.js';
import type { Selection } from './select-addresses.js';

/** Why a service without a view has no endpoints. `prefixes`: those of its records. */
export function unresolvedReason(prefixes: readonly string[], failure: EtcdError | undefined): string {
  const why = failure?.message ?? 'etcd has not answered yet';
  return `cannot resolve ${quotedPrefixes(prefixes)} in etcd: ${why}`;
}

/** The number of records without an address that can be dialled. */
export function unusableCount({ invalid }: ServiceView, { unusable }: Selection): number {
  return unusable + invalid.size;
}

/** Why nothing of a view is selected. `prefixes`: those of its records. */
export function emptyServiceReason(
  view: ServiceView,
  selection: Selection,
  prefixes: readonly string[],
): string {
  const where = `${quotedPrefixes(prefixes)} at etcd revision ${view.revision}`;
  const { filtered } = selection;
  const unusable = unusableCount(view, selection);
  if (filtered + unusable === 0) return `no endpoints under ${where}`;
  if (filtered === 0) return `none of the ${unusable} records under ${where} has a usable address`;
  return `none of the ${filtered + unusable} records under ${where} is usable: the filter refuses ${filtered}, and ${unusable} have no usable address`;
}
