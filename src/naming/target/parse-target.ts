import { NamingError } from '../errors.js';
import type { NamingClient } from '../ports.js';
import { clientForAuthority } from './authorities.js';
import { checkService } from './name.js';
import { parseUri, serviceOf, splitTarget, toUri } from './target-uri.js';

/** The parts of a target. */
export interface ParsedTarget {
  /** The service's name. */
  readonly service: string;
  /** The authority of a URI, which is also the first part of `service`; undefined without one. */
  readonly authority: string | undefined;
}

/**
 * Parses a target: a service's name, or a URI such as `etcd:///foo/bar` or `etcd://foo/bar`. A text that does not start
 * with `etcd:` is a name.
 * @throws {NamingError} for a target without a service.
 */
export function parseTarget(target: string): ParsedTarget {
  const uri = typeof target === 'string' ? parseUri(target) : undefined;
  if (!uri) return { service: checkService(target), authority: undefined };
  return { service: serviceOf(uri, false), authority: splitTarget(uri).authority || undefined };
}

/**
 * Returns the service of a target for a client. An authority that is one of the resolver's `authorities` is not part of
 * the service, and must select this client.
 * @throws {NamingError} for a target without a service, or whose authority selects another client.
 */
export function resolveService(target: string, client: NamingClient): string {
  const uri = typeof target === 'string' ? parseUri(target) : undefined;
  if (!uri) return checkService(target);
  const { authority } = splitTarget(uri);
  const named = clientForAuthority('etcd', authority);
  if (named && named !== client)
    throw new NamingError(
      `invalid target: in '${target}' the authority '${authority}' selects another client than the one that was passed (see authorities of registerEtcdResolver)`,
    );
  return serviceOf(uri, named !== undefined);
}

/** Returns a target that names the service in every function: its name, or a URI if the name looks like one. */
export function toTarget(service: string): string {
  return parseUri(service) ? toUri('etcd', '', service) : service;
}
