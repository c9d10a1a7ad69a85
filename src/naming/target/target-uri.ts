import { NamingError } from '../errors.js';
import { checkService } from './name.js';

/** A dialled target as grpc-js hands it over: everything behind the authority is left as it was written. */
export interface TargetUri {
  readonly scheme?: string | undefined;
  readonly authority?: string | undefined;
  readonly path: string;
}

/**
 * A text as a URI of one of the schemes, in any case, split as grpc-js splits it; undefined for anything else, which is a
 * service's name as it is.
 */
export function parseUri(text: string, schemes: readonly string[] = ['etcd']): TargetUri | undefined {
  const [, scheme, rest = ''] = /^([a-z][a-z0-9+.-]*):(.*)$/is.exec(text) ?? [];
  if (scheme === undefined || !schemes.includes(scheme.toLowerCase())) return undefined;
  const [, authority, path = ''] = /^(?:\/\/([^/]*)\/)?(.+)$/s.exec(rest) ?? [];
  return { scheme: scheme.toLowerCase(), authority, path };
}

/**
 * The service a URI names, by Go's rules: one leading slash goes, percent escapes are decoded where there was one, `?…`
 * and `#…` are dropped. Go ignores the authority; here one that names a registered client has been taken off before, and any other
 * is the first part of the service, as etcd's guide means it in `etcd://foo/bar/my-service`.
 * @throws {NamingError} for a URI without a service or with a broken percent escape.
 */
export function serviceOf(uri: TargetUri, authorityIsClient: boolean): string {
  const { authority, path } = splitTarget(uri);
  const raw = authorityIsClient ? path : [authority, path].filter(Boolean).join('/');
  const service = isOpaque(uri) ? raw : decode(raw);
  if (service === '') throw new NamingError(`invalid target: '${formatUri(uri)}' names no service`);
  return checkService(service);
}

/**
 * Authority and path as a URI has them, without the slash between, and without `?…` and `#…`. grpc-js sees an authority
 * only where something stands behind it, and takes that slash away with it: `etcd:///` and `etcd://prod` come as all
 * path.
 */
export function splitTarget(uri: TargetUri): { authority: string; path: string } {
  const [, authority = '', path = ''] =
    /^\/\/([^/]*)\/?(.*)$/s.exec(hierarchicalPart(uri)) ?? /^()\/?(.*)$/s.exec(hierarchicalPart(uri)) ?? [];
  return { authority, path };
}

/** The text of the URI that names a service, whatever it is called; slashes stay, what else has a meaning is escaped. */
export function toUri(scheme: string, authority: string, service: string): string {
  return `${scheme}://${authority}/${service.split('/').map(encodeURIComponent).join('/')}`;
}

/** Whether it can stand between `//` and `/` of a URI as it is. */
export function isAuthorityName(name: unknown): name is string {
  return typeof name === 'string' && /^[^/?#\s\p{Cc}\p{Surrogate}]+$/u.test(name);
}

/** @throws {NamingError} for what cannot stand between `//` and `/` of a URI as it is. */
export function checkAuthorityName(name: unknown): void {
  if (!isAuthorityName(name)) throw new NamingError(`authority '${String(name)}' cannot stand in a URI`);
}

/** `etcd:foo`: Go keeps the escapes of such a one. */
function isOpaque({ authority, path }: TargetUri): boolean {
  return authority === undefined && !path.startsWith('/');
}

function hierarchicalPart({ authority, path }: TargetUri): string {
  return (authority === undefined ? path : `//${authority}/${path}`).replace(/[?#].*$/s, '');
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw new NamingError(`invalid target: '${text}' has a broken percent escape`, error);
  }
}

function formatUri({ scheme, authority, path }: TargetUri): string {
  return `${scheme ?? 'etcd'}:${authority === undefined ? '' : `//${authority}/`}${path}`;
}
