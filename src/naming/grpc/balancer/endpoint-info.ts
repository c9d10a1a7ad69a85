import { experimental } from '@grpc/grpc-js';
import { defaultTraits, type Traits } from '../../balance/index.js';
import type { CountedEndpoint } from '../../pick-counts.js';

/** What the policy knows of an endpoint in a list. */
export interface EndpointInfo {
  /** Its addresses as text: what identifies an endpoint in different lists. */
  readonly name: string;
  readonly traits: Traits;
  /** How its picks are counted; undefined for an endpoint of another resolver. */
  readonly counted?: CountedEndpoint | undefined;
}

/**
 * By endpoint, so that the name of an endpoint that lists share is made once. Traits are not among the attributes of
 * the endpoint, which would become part of the connection's identity.
 */
const infos = new WeakMap<experimental.Endpoint, EndpointInfo>();

/** Attaches an info to an endpoint, whose addresses do not change from now on. */
export function setInfo(endpoint: experimental.Endpoint, info: Omit<EndpointInfo, 'name'>): void {
  infos.set(endpoint, { ...info, name: experimental.endpointToString(endpoint) });
}

/** The info of an endpoint; one without traits, such as that of another resolver, gets the default ones. */
export function infoOf(endpoint: experimental.Endpoint): EndpointInfo {
  const known = infos.get(endpoint);
  if (known) return known;
  const info = { name: experimental.endpointToString(endpoint), traits: defaultTraits };
  infos.set(endpoint, info);
  return info;
}
