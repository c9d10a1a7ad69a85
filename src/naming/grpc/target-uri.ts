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
  const { authority, path } = splitTarget(uri);
  const below = path.replace(/[?#].*$/s, '');
  const raw = authority && !authorityIsClient ? [authority, below].filter(Boolean).join('/') : below;
  const service = decode(raw);
  if (service === '') throw new NamingError(`invalid target: '${written(uri)}' names no service`);
  return service;
}

/**
 * Authority and path as a URI has them, without the slash between. grpc-js sees an authority only where something
 * stands behind it, and takes that slash away with it: `etcd:///` and `etcd://prod` come as all path.
 */
export function splitTarget({ authority, path }: TargetUri): { authority: string; path: string } {
  if (authority !== undefined) return { authority, path };
  const whole = /^\/\/([^/?#]*)\/?(.*)$/s.exec(path);
  if (whole) return { authority: whole[1] ?? '', path: whole[2] ?? '' };
  return { authority: '', path: path.replace(/^\//, '') };
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
  return [legal, `${legal}.etcd`].find((host) => URL.canParse(`http://${host}`)) ?? 'etcd';
}

/** grpc-js's own, and those of gRPC that it may get: a resolver in their place would serve every other channel, too. */
const takenSchemes: readonly string[] = ['dns', 'unix', 'unix-abstract', 'ipv4', 'ipv6', 'vsock', 'xds'];

/** @throws {NamingError} for what is no URI's scheme (RFC 3986, section 3.1), or gRPC's own. */
export function checkScheme(scheme: unknown): string {
  if (typeof scheme !== 'string' || !/^[a-z][a-z0-9+.-]*$/i.test(scheme))
    throw new NamingError(`scheme '${String(scheme)}' cannot begin a URI`);
  if (takenSchemes.includes(scheme.toLowerCase())) throw new NamingError(`scheme '${scheme}' is gRPC's own`);
  return scheme;
}

/** @throws {NamingError} for what cannot stand between `//` and `/` of a URI as it is. */
export function checkAuthorityName(name: unknown): void {
  if (typeof name !== 'string' || !/^[^/?#\s\p{Cc}\p{Surrogate}]+$/u.test(name))
    throw new NamingError(`authority '${String(name)}' cannot stand in a URI`);
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
