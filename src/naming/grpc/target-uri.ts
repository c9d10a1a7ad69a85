import { NamingError } from '../errors.js';

/** A dialled target as grpc-js hands it over: everything behind the authority is left as it was written. */
export interface TargetUri {
  readonly scheme?: string | undefined;
  readonly authority?: string | undefined;
  readonly path: string;
}

/**
 * The service a URI names, by Go's rules: one leading slash goes, percent escapes are decoded, `?…` and `#…` are
 * dropped. Go ignores the authority; here one that names a registered client has been taken off before, and any other
 * is the first part of the service, as etcd's guide means it in `etcd://foo/bar/my-service`.
 * @throws {NamingError} for a URI without a service or with a broken percent escape.
 */
export function serviceOf(uri: TargetUri, authorityIsClient: boolean): string {
  const path = uri.path.replace(/[?#].*$/s, '');
  const below = path.startsWith('/') ? path.slice(1) : path;
  const raw = uri.authority && !authorityIsClient ? [uri.authority, below].filter(Boolean).join('/') : below;
  const service = decode(raw);
  if (service === '') throw new NamingError(`invalid target: '${written(uri)}' names no service`);
  return service;
}

/**
 * The `:authority` of calls to the service: its last part, with what no host name may hold replaced. A slash, or Go's
 * `%2F`, makes Node servers reset the stream and grpc-js leak a socket per attempt; a name that ends in a number, such
 * as `v1.2`, is a malformed IPv4 address to a URL parser, and gets a suffix.
 */
export function authorityOf(uri: TargetUri): string {
  const parts = uri.path
    .replace(/[?#].*$/s, '')
    .split('/')
    .filter(Boolean);
  const last = parts[parts.length - 1] ?? uri.authority ?? '';
  const legal = last.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[-.]+|[-.]+$/g, '');
  if (legal === '') return 'etcd';
  return URL.canParse(`http://${legal}`) ? legal : `${legal}.etcd`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw new NamingError(`invalid target: '${text}' has a broken percent escape`, error);
  }
}

function written({ scheme, authority, path }: TargetUri): string {
  return `${scheme ?? 'etcd'}:${authority === undefined ? '' : `//${authority}`}${path}`;
}
