import type { ChannelOptions } from '@grpc/grpc-js';
import { authorityOfName, isServerName, withoutRootDot } from '../../model/index.js';
import { NamingError } from '../errors.js';
import { checkTarget } from '../target.js';
import { checkAuthorityName, checkScheme } from './target-uri.js';

export interface DialOptions {
  /** The scheme that `registerEtcdResolver` was given. Default `etcd`. */
  readonly scheme?: string;
  /** A client named in `authorities`. Default: the one that was registered. */
  readonly authority?: string;
  /**
   * The name that every server's certificate has: what TLS asks for and verifies, and the `:authority` of calls. Needed
   * with TLS, since the addresses in etcd are not what certificates are made for. Default: the service's last part.
   */
  readonly serverName?: string;
}

/** What the constructor of a grpc-js client takes. */
export interface Dial {
  readonly target: string;
  readonly options: ChannelOptions;
}

/**
 * What to give a grpc-js client to call a service by its name:
 * `const { target, options } = dial('foo/bar/my-service'); new GreeterClient(target, credentials, options)`.
 * It escapes the name, keeps grpc-js from handing it to an HTTP proxy of the environment, which would never ask etcd,
 * and sets both places where grpc-js keeps the server's name.
 * @throws {NamingError} for an empty service, for a scheme or an authority that no URI can have, and for a `serverName`
 *   that is no host name or IP address.
 */
export function dial(service: string, options: DialOptions = {}): Dial {
  const { scheme = 'etcd', authority = '', serverName } = options;
  checkScheme(scheme);
  if (authority !== '') checkAuthorityName(authority);
  if (serverName !== undefined && !isServerName(serverName))
    throw new NamingError(`serverName is '${serverName}'; it must be a host name or an IP address`);
  // Slashes stay: they part the name. What else a URI gives a meaning to is escaped.
  const path = checkTarget(service).split('/').map(encodeURIComponent).join('/');
  return {
    target: `${scheme}://${authority}/${path}`,
    options: {
      'grpc.enable_http_proxy': 0,
      ...(serverName === undefined
        ? {}
        : {
            'grpc.default_authority': authorityOfName(serverName),
            'grpc.ssl_target_name_override': withoutRootDot(serverName),
          }),
    },
  };
}
