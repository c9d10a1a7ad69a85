import type { ServiceMetrics } from '../../../diagnostics/index.js';
import { readTraits } from '../../balance/traits.js';
import type { ServiceView } from '../views/view.js';

/** Counts the endpoints of a view by what callers do with them. */
export function countByState(view: ServiceView | undefined): ServiceMetrics['endpoints'] {
  let [serving, draining, unconfirmed] = [0, 0, 0];
  for (const { key, metadata } of view?.endpoints ?? []) {
    if (view?.unconfirmed.has(key)) unconfirmed++;
    else if (readTraits(metadata).draining) draining++;
    else serving++;
  }
  return { serving, draining, unconfirmed };
}

/** The places of the services in a list that is being collected, so that a search costs the same in a long one. */
const places = new WeakMap<ServiceMetrics[], Map<string, number>>();

/** Adds the metrics of a service. Another directory of the client may follow the same one: see {@link merge}. */
export function addServiceMetrics(services: ServiceMetrics[], added: ServiceMetrics): void {
  const id = JSON.stringify([added.target, added.codec]);
  const byId = places.get(services) ?? new Map<string, number>();
  places.set(services, byId);
  const index = byId.get(id);
  const known = index === undefined ? undefined : services[index];
  if (index !== undefined && known) services[index] = merge(known, added);
  else byId.set(id, services.push(added) - 1);
}

/** The view that may be most out of date, since it is the one to know about. The departures are those of all directories. */
function merge(a: ServiceMetrics, b: ServiceMetrics): ServiceMetrics {
  const shown = rankOf(b) > rankOf(a) || (rankOf(b) === rankOf(a) && b.ageMs > a.ageMs) ? b : a;
  return { ...shown, lossProtection: a.lossProtection || b.lossProtection };
}

/** A service without a view is worse off than one with any view. */
function rankOf({ state }: ServiceMetrics): number {
  return state === 'unknown' ? 1 : 0;
}
