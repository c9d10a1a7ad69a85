import type { ChannelOptions } from '@grpc/grpc-js';
import {
  anything,
  isServerName,
  noOptions,
  optionsChecker,
  toAuthority,
  withoutRootDot,
} from '../../model/index.js';
import { checkCodecs } from '../codec/codec-list.js';
import type { EndpointCodec } from '../codec/endpoint-codec.js';
import { NamingError } from '../errors.js';
import {
  checkAuthorityName,
  checkService,
  clientForAuthority,
  isAuthorityName,
  parseUri,
  serviceOf,
  splitTarget,
  toUri,
} from '../target/index.js';
import { codecOptions } from './resolver/channel-codec.js';
import { warnOfOtherGrpc } from './resolver/channel-warnings.js';
import { checkScheme } from './resolver/scheme.js';

/** The options of {@link channelTarget}. */
export interface ChannelTargetOptions {
  /** The scheme that was passed to `registerEtcdResolver`. Default `etcd`. */
  readonly scheme?: string;
  /** The name of a client in the `authorities` of `registerEtcdResolver`. Default: the registered client. */
  readonly authority?: string;
  /**
   * The name in every server's certificate: TLS requests and verifies it, and calls use it as `:authority`. TLS needs it,
   * because certificates do not contain the addresses that are stored in etcd. Default: the last part of the service name.
   */
  readonly serverName?: string;
  /**
   * The format of the service's records, such as `kratos()` of `@org/etcd-naming/codecs`. Channels with the same codec
   * object share one watch per service. A list makes one service of the records in several formats: see {@link
   * DirectoryOptions}. Calls fail if a ServiceDirectory was passed to `registerEtcdResolver`: it has a
   * codec of its own. Default: the codec of the resolver.
   */
  readonly codec?: EndpointCodec | readonly EndpointCodec[];
}

const checkOptions = optionsChecker<ChannelTargetOptions>({
  scheme: anything,
  authority: anything,
  serverName: anything,
  codec: checkCodecs,
});

/** A target of grpc-js, with the channel options that it needs: arguments for the constructor of a client. */
export interface ChannelTarget {
  /** The URI of the service, `etcd:///foo/bar/my-service`. */
  readonly target: string;
  /** The channel options; add your own to them. */
  readonly options: ChannelOptions;
}

/**
 * Returns the target and the channel options for a grpc-js client that calls a service. `target` is a service name or a
 * URI: `const { target, options } = channelTarget('foo/bar/my-service'); new GreeterClient(target, credentials, options)`.
 * Escapes the name, keeps grpc-js from passing the target to an HTTP proxy from the environment, which would not resolve
 * it by etcd, and sets both channel options that contain the server's name.
 * @throws {NamingError} for a target that names no service, for a scheme or authority that is invalid in a URI, and for a
 *   `serverName` that is not a host name or an IP address.
 * @example
 * ```ts
 * const { target, options } = channelTarget('foo/bar/my-service', { serverName: 'my-service.internal' });
 * const channel = new Client(target, credentials.createSsl(), options); // or a generated client
 * ```
 */
export function channelTarget(target: string, options: ChannelTargetOptions = noOptions): ChannelTarget {
  checkOptions(options);
  const { scheme = 'etcd', authority = '', serverName, codec } = options;
  checkScheme(scheme);
  warnOfOtherGrpc();
  if (authority !== '') checkAuthorityName(authority);
  if (serverName !== undefined && !isServerName(serverName))
    throw new NamingError(`serverName is '${serverName}'; it must be a host name or an IP address`);
  return {
    target: targetUri(target, scheme, authority),
    options: {
      'grpc.enable_http_proxy': 0,
      ...codecOptions(codec),
      ...(serverName === undefined
        ? {}
        : {
            'grpc.default_authority': toAuthority(serverName),
            'grpc.ssl_target_name_override': withoutRootDot(serverName),
          }),
    },
  };
}

/** @throws {NamingError} for a target that names no service, or another authority than the options. */
function targetUri(target: string, scheme: string, authority: string): string {
  const uri = typeof target === 'string' ? parseUri(target, ['etcd', scheme.toLowerCase()]) : undefined;
  if (!uri) return toUri(scheme, authority, checkService(target));
  const { authority: named, path } = splitTarget(uri);
  if (named === '' || named === authority) return toUri(scheme, authority, serviceOf(uri, true));
  if (authority !== '')
    throw new NamingError(`authority is '${authority}', and '${target}' has the authority '${named}'`);
  const service = serviceOf(uri, clientForAuthority(scheme, named) !== undefined);
  // A client may be registered for the authority before the channel is made, so the resolver decides.
  const mayNameClient = path !== '' && isAuthorityName(named);
  return mayNameClient ? toUri(scheme, named, serviceOf(uri, true)) : toUri(scheme, '', service);
}
