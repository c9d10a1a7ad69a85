import type { ChannelOptions } from '@grpc/grpc-js';
import {
  anything,
  isServerName,
  noOptions,
  optionsChecker,
  toAuthority,
  withoutRootDot,
} from '../../model/index.js';
import { NamingError } from '../errors.js';
import {
  checkAuthorityName,
  checkService,
  clientOfAuthority,
  isAuthorityName,
  readUri,
  serviceOf,
  splitTarget,
  toUri,
} from '../target/index.js';
import { warnOfOtherGrpc } from './channel-warnings.js';
import { checkScheme } from './scheme.js';

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

const dialInput = optionsChecker<DialOptions>({
  scheme: anything,
  authority: anything,
  serverName: anything,
});

/** What the constructor of a grpc-js client takes. */
export interface DialResult {
  readonly target: string;
  readonly options: ChannelOptions;
}

/**
 * What to give a grpc-js client to call a service by its name, or by the URI that would be dialled:
 * `const { target, options } = dial('foo/bar/my-service'); new GreeterClient(target, credentials, options)`.
 * It escapes the name, keeps grpc-js from handing it to an HTTP proxy of the environment, which would never ask etcd,
 * and sets both places where grpc-js keeps the server's name.
 * @throws {NamingError} for a target that names no service, for a scheme or an authority that no URI can have, and for a `serverName`
 *   that is no host name or IP address.
 */
export function dial(target: string, options: DialOptions = noOptions): DialResult {
  dialInput(options);
  const { scheme = 'etcd', authority = '', serverName } = options;
  checkScheme(scheme);
  warnOfOtherGrpc();
  if (authority !== '') checkAuthorityName(authority);
  if (serverName !== undefined && !isServerName(serverName))
    throw new NamingError(`serverName is '${serverName}'; it must be a host name or an IP address`);
  return {
    target: targetUri(target, scheme, authority),
    options: {
      'grpc.enable_http_proxy': 0,
      ...(serverName === undefined
        ? {}
        : {
            'grpc.default_authority': toAuthority(serverName),
            'grpc.ssl_target_name_override': withoutRootDot(serverName),
          }),
    },
  };
}

/** @throws {NamingError} for a target that names no service, or another authority than the options do. */
function targetUri(target: string, scheme: string, authority: string): string {
  const uri = typeof target === 'string' ? readUri(target, ['etcd', scheme.toLowerCase()]) : undefined;
  if (!uri) return toUri(scheme, authority, checkService(target));
  const { authority: named, path } = splitTarget(uri);
  if (named === '' || named === authority) return toUri(scheme, authority, serviceOf(uri, true));
  if (authority !== '')
    throw new NamingError(`authority is '${authority}', and '${target}' has the authority '${named}'`);
  const service = serviceOf(uri, clientOfAuthority(scheme, named) !== undefined);
  // A client may be registered under it by the time that the channel is made: the resolver decides.
  const isOpen = path !== '' && isAuthorityName(named);
  return isOpen ? toUri(scheme, named, serviceOf(uri, true)) : toUri(scheme, '', service);
}
