import { NamingError } from '../errors.js';
import type { NamingClient } from '../ports.js';
import { clientForAuthority } from './authorities.js';
import { checkService } from './name.js';
import { parseUri, serviceOf, splitTarget, toUri } from './target-uri.js';

/** What a target names. */
export interface ParsedTarget {
  readonly service: string;
  /** The authority of a URI that has one: here a part of the service. */
  readonly authority: string | undefined;
}

/**
 * A target, as a service's name or as the URI that is dialled, such as `etcd:///foo/bar` or `etcd://foo/bar`. What does
 * not begin with `etcd:` is a name, whatever characters it has.
 * @throws {NamingError} for one that names no service.
 */
export function parseTarget(target: string): ParsedTarget {
  const uri = typeof target === 'string' ? parseUri(target) : undefined;
  if (!uri) return { service: checkService(target), authority: undefined };
  return { service: serviceOf(uri, false), authority: splitTarget(uri).authority || undefined };
}

/**
 * The service that a target names to a client. As for the resolver, an authority that names a client of its
 * `authorities` is no part of the service; that must then be the client at hand.
 * @throws {NamingError} for a target that names no service, or another client.
 */
export function resolveService(target: string, client: NamingClient): string {
  const uri = typeof target === 'string' ? parseUri(target) : undefined;
  if (!uri) return checkService(target);
  const { authority } = splitTarget(uri);
  const named = clientForAuthority('etcd', authority);
  if (named && named !== client)
    throw new NamingError(
      `invalid target: in '${target}' the authority '${authority}' names another client than the one given, by the authorities of registerEtcdResolver`,
    );
  return serviceOf(uri, named !== undefined);
}

/** The target that names a service to every function: its name, unless that looks like a URI. */
export function toTarget(service: string): string {
  return parseUri(service) ? toUri('etcd', '', service) : service;
}
