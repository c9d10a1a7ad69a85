import { type ChannelOptions, experimental, type ServiceConfig } from '@grpc/grpc-js';
import { diagnosticsOf } from '../../../diagnostics/index.js';
import { EtcdError } from '../../../errors/index.js';
import {
  anything,
  type Check,
  duration,
  formatValue,
  noOptions,
  optionsChecker,
  wrongTypeError,
} from '../../../model/index.js';
import { type BalanceOptions, checkBalance } from '../../balance/index.js';
import { type CodecOption, checkCodecs } from '../../codec/codec-list.js';
import type { EndpointCodec } from '../../codec/endpoint-codec.js';
import { directoryOf, ServiceDirectory } from '../../directory/index.js';
import { NamingError } from '../../errors.js';
import type { NamingClient } from '../../ports.js';
import { type SelectionOptions, type Selector, selectionChecks, toSelector } from '../../selection/index.js';
import {
  checkAuthorityName,
  registerAuthorities,
  serviceOf,
  splitTarget,
  type TargetUri,
} from '../../target/index.js';
import { registerBalancer } from '../balancer/balancer.js';
import { warnOfEarlyChannels, warnOfOtherGrpc } from './channel-warnings.js';
import {
  checkOutlierDetection,
  type OutlierDetectionOptions,
  withOutlierDetection,
} from './outlier-detection.js';
import { EtcdResolver, type ResolvedTarget, toLoadBalancingConfig } from './resolver.js';
import { checkScheme, defaultAuthority } from './scheme.js';
import {
  checkServiceConfig,
  type ServiceConfigOptions,
  ServiceConfigSource,
} from './service-config-source.js';

/** The options of {@link registerEtcdResolver}. */
export interface ResolverOptions extends SelectionOptions {
  /** The URI scheme to register; none of gRPC's own, such as `dns`. Default `etcd`. */
  readonly scheme?: string;
  /**
   * The format of the records of all services, such as `kratos()` of `@org/etcd-naming/codecs`; also for the clients in
   * `authorities`. A channel can have another one: see {@link ChannelTargetOptions}. A ServiceDirectory has a codec of its
   * own, so this option is refused beside one. A list makes one service of the records in several formats: see {@link
   * DirectoryOptions}. Default: the format of Go's `endpoints`.
   */
  readonly codec?: EndpointCodec | readonly EndpointCodec[];
  /** The clients of other clusters, by the authority of their targets: `etcd://<name>/<service>`. Default: none. */
  readonly authorities?: Readonly<Record<string, NamingClient | ServiceDirectory>>;
  /**
   * How long a server may take to accept a connection and send its first byte, in milliseconds. Then the attempt fails
   * and is repeated after grpc-js's backoff. Default 10,000, half of gRPC's recommendation: a healthy server needs far
   * less, and calls wait meanwhile. grpc-js itself has no such limit.
   */
  readonly connectTimeoutMs?: number;
  /**
   * Balances calls by the records' metadata, `{"weight": 3, "zone": "a", "status": "draining"}`: by weight; to the
   * caller's own `zone` while its endpoints suffice; to draining endpoints only when there are no others; to new
   * endpoints slowly at first (`slowStartMs`, default 0: immediately). First calls wait for the endpoint that was drawn
   * for them (`firstCallWaitMs`, default 500). Connections are kept across updates, so updates of large services are
   * cheap. `{}` balances by weight and status alone. Default: round_robin over all endpoints.
   */
  readonly balance?: BalanceOptions;
  /**
   * Ejects servers that answer, but fail most of their calls, by gRPC's outlier detection: they get no new calls for a
   * while. Each channel observes its own calls. `{}` selects the defaults: at least 20 calls in 10 s of which more than
   * 85 % fail, with three such servers or more, ejected for 30 s. Any status but OK counts as a failure, also one that the
   * caller causes. A policy of a service config takes precedence. Default: off.
   */
  readonly outlierDetection?: OutlierDetectionOptions;
  /**
   * Reads and follows the services' configs (timeouts, retries and policy by method, in gRPC's JSON form) in etcd. A
   * channel's own `grpc.service_config` takes precedence. A config without a policy gets that of `balance`. Default: none.
   */
  readonly serviceConfig?: ServiceConfigOptions;
}

const checkAuthorities: Check = (authorities, name) => {
  if (typeof authorities !== 'object' || authorities === null)
    throw wrongTypeError(name, authorities, 'an object');
};

const checkResolver = optionsChecker<ResolverOptions>({
  scheme: anything,
  codec: checkCodecs,
  authorities: checkAuthorities,
  ...selectionChecks,
  connectTimeoutMs: duration({ min: 1 }),
  balance: checkBalance,
  outlierDetection: checkOutlierDetection,
  serviceConfig: (value, name) => {
    if (typeof value !== 'string') checkServiceConfig(value, name); // the error for a string is more specific
  },
});

/**
 * Registers the scheme with this process's grpc-js. A client that is made with the result of
 * `channelTarget('foo/bar/my-service')` then follows the service in etcd; all channels share one watch per service.
 * Channels without a service config of their own use round_robin. New channels use the last registration of a scheme.
 *
 * After the result is disposed, or its client is closed, calls on the scheme's channels fail with UNAVAILABLE: grpc-js
 * cannot unregister a scheme.
 *
 * Register before clients are made, in the copy of grpc-js that makes them: grpc-js resolves the targets of earlier
 * channels, and of channels of other copies, by DNS. Where such a channel or copy can be detected, a process warning names it
 * (`ETCD_NAMING_EARLY_CHANNEL`, `ETCD_NAMING_GRPC_COPY`).
 * @param source An etcd client, or a directory with options of its own, such as loss protection or snapshots.
 * @throws {NamingError} `invalid etcd client`, or for an invalid option, which the text names; {InvalidInputError} for a
 *   codec beside a directory.
 * @example
 * ```ts
 * registerEtcdResolver(client, { balance: { zone: 'eu-1a' } });
 * const { target, options } = channelTarget('foo/bar/my-service');
 * const channel = new Client(target, credentials.createInsecure(), options); // or a generated client
 * ```
 */
export function registerEtcdResolver(
  source: NamingClient | ServiceDirectory,
  options: ResolverOptions = noOptions,
): Disposable {
  checkResolver(options);
  const scheme = checkScheme(options.scheme ?? 'etcd');
  const registration = new ResolverRegistration(scheme, source, options);
  warnOfOtherGrpc();
  warnOfEarlyChannels(scheme);
  registerBalancer(); // in any case, since a service config may name the policy
  experimental.registerResolver(scheme, registration.resolverClass());
  return registration;
}

class ResolverRegistration implements Disposable {
  readonly #source: NamingClient | ServiceDirectory;
  readonly #directory: ServiceDirectory;
  readonly #authorities = new Map<string, NamingClient | ServiceDirectory>();
  readonly #codec: CodecOption | undefined;
  readonly #inUse = new Set<EtcdResolver>();
  readonly #selection: Selector;
  readonly #connectTimeoutMs: number;
  readonly #policy: ServiceConfig['loadBalancingConfig'];
  readonly #serviceConfigSource: ServiceConfigSource | undefined;
  readonly #releaseAuthorities: () => void;
  readonly #releaseClose: () => void;
  #revokedReason: string | undefined;

  constructor(scheme: string, source: NamingClient | ServiceDirectory, options: ResolverOptions) {
    this.#source = source;
    this.#codec = options.codec;
    this.#directory = directoryOf(source, options.codec);
    this.#selection = toSelector(options);
    this.#connectTimeoutMs = options.connectTimeoutMs ?? 10_000;
    this.#policy = withOutlierDetection(toLoadBalancingConfig(options.balance), options.outlierDetection);
    this.#serviceConfigSource = createServiceConfigSource(options.serviceConfig, this.#policy);
    for (const [name, other] of Object.entries(options.authorities ?? {})) {
      checkAuthorityName(name);
      this.#directoryOf(other, undefined); // checks it
      this.#authorities.set(name, other);
    }
    this.#releaseAuthorities = registerAuthorities(scheme, clientsOf(this.#authorities));
    this.#releaseClose = this.#directory.client.onClose(() => this.#revoke('its etcd client was closed'));
  }

  resolverClass() {
    const context = {
      resolveTarget: (target: TargetUri, codec: CodecOption | undefined) =>
        this.#resolveTarget(target, codec),
      selection: this.#selection,
      connectTimeoutMs: this.#connectTimeoutMs,
      policy: this.#policy,
      serviceConfigSource: this.#serviceConfigSource,
      diagnostics: diagnosticsOf(this.#directory.client),
      inUse: this.#inUse,
    };
    return class extends EtcdResolver {
      static getDefaultAuthority(target: TargetUri): string {
        return defaultAuthority(target);
      }

      constructor(target: TargetUri, listener: experimental.ResolverListener, options: ChannelOptions) {
        super(context, target, listener, options);
      }
    };
  }

  [Symbol.dispose](): void {
    this.#releaseClose();
    this.#revoke('the etcd resolver was disposed');
  }

  #resolveTarget(target: TargetUri, codec: CodecOption | undefined): ResolvedTarget {
    if (this.#revokedReason) return { error: this.#revokedReason };
    const named = this.#authorities.get(splitTarget(target).authority);
    try {
      const service = serviceOf(target, named !== undefined);
      return { directory: this.#directoryOf(named ?? this.#source, codec), service };
    } catch (error) {
      if (error instanceof EtcdError) return { error: error.message };
      throw error;
    }
  }

  /** A directory in `authorities` keeps its own codec beside the option `codec`. */
  #directoryOf(source: NamingClient | ServiceDirectory, codec: CodecOption | undefined): ServiceDirectory {
    return directoryOf(source, codec ?? (source instanceof ServiceDirectory ? undefined : this.#codec));
  }

  #revoke(reason: string): void {
    if (this.#revokedReason) return;
    this.#revokedReason = reason;
    this.#releaseAuthorities();
    for (const resolver of [...this.#inUse]) resolver.revoke(reason);
  }
}

function clientsOf(
  authorities: ReadonlyMap<string, NamingClient | ServiceDirectory>,
): Map<string, NamingClient> {
  const clientOf = (source: NamingClient | ServiceDirectory) =>
    source instanceof ServiceDirectory ? source.client : source;
  return new Map([...authorities].map(([name, source]) => [name, clientOf(source)]));
}

function createServiceConfigSource(
  options: ServiceConfigOptions | undefined,
  policy: ServiceConfig['loadBalancingConfig'],
): ServiceConfigSource | undefined {
  if (options === undefined) return undefined;
  if (typeof options.prefix !== 'string' || options.prefix === '')
    throw new NamingError(serviceConfigProblem(options));
  return new ServiceConfigSource(options, policy);
}

function serviceConfigProblem(options: ServiceConfigOptions): string {
  const given: unknown = options;
  if (typeof given === 'string')
    return `serviceConfig is ${formatValue(given)} (string); write { prefix: ${formatValue(given)} }`;
  return `serviceConfig.prefix is ${formatValue(options.prefix)}; it must be a string that is not empty`;
}
