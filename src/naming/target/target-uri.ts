import { NamingError } from '../errors.js';
import { checkService } from './name.js';

/** A dialled target as grpc-js passes it: the path is not decoded. */
export interface TargetUri {
  readonly scheme?: string | undefined;
  readonly authority?: string | undefined;
  readonly path: string;
}

/**
 * Parses a URI of one of the schemes (case-insensitive), split as grpc-js splits it. Returns undefined for any other text,
 * which is a service's name.
 */
export function parseUri(text: string, schemes: readonly string[] = ['etcd']): TargetUri | undefined {
  const [, scheme, rest = ''] = /^([a-z][a-z0-9+.-]*):(.*)$/is.exec(text) ?? [];
  if (scheme === undefined || !schemes.includes(scheme.toLowerCase())) return undefined;
  const [, authority, path = ''] = /^(?:\/\/([^/]*)\/)?(.+)$/s.exec(rest) ?? [];
  return { scheme: scheme.toLowerCase(), authority, path };
}

/**
 * Returns the service of a URI by Go's rules: one leading slash is removed, and then percent escapes are decoded; `?…` and
 * `#…` are dropped. Go ignores the authority. Here it is the first part of the service, as in etcd's guide
 * (`etcd://foo/bar/my-service`), unless it selects a client.
 *
 * Specification: https://github.com/etcd-io/etcd/blob/v3.7.1/client/v3/naming/resolver/resolver.go#L34-L40
 *
 * @throws {NamingError} for a URI without a service or with an invalid percent escape.
 */
export function serviceOf(uri: TargetUri, authorityIsClient: boolean): string {
  const { authority, path } = splitTarget(uri);
  const raw = authorityIsClient ? path : [authority, path].filter(Boolean).join('/');
  const service = isOpaque(uri) ? raw : decode(raw);
  if (service === '') throw new NamingError(`invalid target: '${formatUri(uri)}' names no service`);
  return checkService(service);
}

/**
 * Splits a URI into authority and path, without the slash between them and without `?…` and `#…`. grpc-js recognizes an
 * authority only if a path follows: it passes `etcd:///` and `etcd://prod` as a path alone.
 */
export function splitTarget(uri: TargetUri): { authority: string; path: string } {
  const [, authority = '', path = ''] =
    /^\/\/([^/]*)\/?(.*)$/s.exec(hierarchicalPart(uri)) ?? /^()\/?(.*)$/s.exec(hierarchicalPart(uri)) ?? [];
  return { authority, path };
}

/** Returns the URI of a service. Slashes are kept; other reserved characters are escaped. */
export function toUri(scheme: string, authority: string, service: string): string {
  return `${scheme}://${authority}/${service.split('/').map(encodeURIComponent).join('/')}`;
}

/** Whether the name is valid as the authority of a URI without escapes. */
export function isAuthorityName(name: unknown): name is string {
  return typeof name === 'string' && /^[^/?#\s\p{Cc}\ud800-\udfff]+$/u.test(name);
}

/** @throws {NamingError} for a name that is not valid as the authority of a URI. */
export function checkAuthorityName(name: unknown): void {
  if (!isAuthorityName(name)) throw new NamingError(`authority '${String(name)}' is not valid in a URI`);
}

/** Whether the URI is opaque, like `etcd:foo`. Go does not decode its escapes. */
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
    throw new NamingError(`invalid target: '${text}' has an invalid percent escape`, error);
  }
}

function formatUri({ scheme, authority, path }: TargetUri): string {
  return `${scheme ?? 'etcd'}:${authority === undefined ? '' : `//${authority}/`}${path}`;
}
