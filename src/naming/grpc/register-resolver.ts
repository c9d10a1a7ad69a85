import { type ChannelOptions, experimental } from '@grpc/grpc-js';
import { EtcdError } from '../../errors/index.js';
import {
  anything,
  type Check,
  callback,
  duration,
  formatValue,
  noOptions,
  optionsChecker,
  text,
  wholeNumber,
  wrongTypeError,
} from '../../model/index.js';
import { type BalanceOptions, balanceInput } from '../balance/index.js';
import { ServiceDirectory } from '../directory/index.js';
import type { EndpointRecord } from '../endpoint.js';
import { NamingError } from '../errors.js';
import { checkClient, type NamingClient } from '../ports.js';
import {
  checkAuthorityName,
  registerAuthorities,
  serviceOf,
  splitTarget,
  type TargetUri,
} from '../target/index.js';
import { registerBalancer } from './balancer.js';
import { warnOfEarlyChannels, warnOfOtherGrpc } from './channel-warnings.js';
import { EtcdResolver, policyOf, type ResolvedTarget } from './resolver.js';
import { checkScheme, defaultAuthority } from './scheme.js';
import type { SelectionOptions } from './select-addresses.js';
import {
  type ServiceConfigOptions,
  ServiceConfigSource,
  serviceConfigInput,
} from './service-config-source.js';

export interface ResolverOptions {
  /** The URI scheme to serve; none of gRPC's own, such as `dns`. Default `etcd`. */
  readonly scheme?: string;
  /** Clients of further clusters, by the authority that names them: `etcd://<name>/<service>`. */
  readonly authorities?: Readonly<Record<string, NamingClient | ServiceDirectory>>;
  /** Says of a record whether to use it. Default: all are used. */
  readonly filter?: (record: EndpointRecord) => boolean;
  /**
   * Connect to only so many endpoints of each service, for services so large that a connection to each would be too
   * many. Each process uses others, and stays with them as far as they stay. `seed` sets it apart; default: by processSeed.
   */
  readonly subset?: { readonly size: number; readonly seed?: string };
  /** Says of a socket file, in a record as `unix:/path`, whether it may be dialled. Default: none. */
  readonly allowUnix?: (path: string) => boolean;
  /**
   * How long a server may take to accept a connection and send its first byte, in milliseconds; then the attempt fails,
   * and is repeated after grpc-js's backoff. Default 10,000, half of what gRPC suggests: a healthy server takes far
   * less, and meanwhile calls wait. grpc-js itself sets no bound (grpc-node#2785).
   */
  readonly connectTimeoutMs?: number;
  /**
   * Spread calls by what the records' metadata says, `{"weight": 3, "zone": "a", "status": "draining"}`: by weight;
   * to the caller's own `zone` while that can carry them; not to those that drain while there are others; to newcomers
   * slowly at first (`slowStartMs`, default 0: at once); from the first call on, which waits for its endpoint
   * (`firstCallWaitMs`, default 500). It also makes updates of large services cheap: connections
   * are kept. `{}` for weights alone. Default: round_robin, each endpoint alike.
   */
  readonly balance?: BalanceOptions;
  /**
   * Take the services' configs (timeouts, retries and policy by method, as gRPC documents them) from etcd, and follow
   * them. A channel's own `grpc.service_config` goes before; one without a policy gets that of `balance`. Default: none.
   */
  readonly serviceConfig?: ServiceConfigOptions;
}

const subsetMembers = optionsChecker<NonNullable<ResolverOptions['subset']>>({
  size: wholeNumber({ min: 1 }),
  seed: text,
});

const subsetInput: Check = (subset, name) => {
  subsetMembers(subset, name);
  wholeNumber({ min: 1 })((subset as NonNullable<ResolverOptions['subset']>).size, `${name}.size`);
};

const authoritiesInput: Check = (authorities, name) => {
  if (typeof authorities !== 'object' || authorities === null)
    throw wrongTypeError(name, authorities, 'an object');
};

const resolverInput = optionsChecker<ResolverOptions>({
  scheme: anything,
  authorities: authoritiesInput,
  filter: callback,
  subset: subsetInput,
  allowUnix: callback,
  connectTimeoutMs: duration({ min: 1 }),
  balance: balanceInput,
  serviceConfig: (value, name) => {
    if (typeof value !== 'string') serviceConfigInput(value, name); // a text has an error of its own
  },
});

/**
 * Teaches this process's grpc-js the scheme: a `GreeterClient` opened with what `dial('foo/bar/my-service')` gives then
 * follows the service in etcd, over one watch however many channels there are. Without a service config of the channel's own,
 * calls go round all endpoints. The last registration of a scheme serves new channels.
 *
 * Disposing it, or closing its client, turns the scheme's channels into a clean UNAVAILABLE; grpc-js itself has no
 * way to take a scheme back.
 * Register before clients are made, and in the copy of grpc-js that makes them: channels made earlier, and those of other
 * copies, are given to DNS. A process warning (`ETCD_NAMING_EARLY_CHANNEL`, `ETCD_NAMING_GRPC_COPY`) names such a one
 * where it can be seen.
 * @param source An etcd client; or a directory, where loss protection or snapshots on disk are to be set.
 * @throws {NamingError} `invalid etcd client`; or for an option, which it names.
 */
export function registerEtcdResolver(
  source: NamingClient | ServiceDirectory,
  options: ResolverOptions = noOptions,
): Disposable {
  resolverInput(options);
  const scheme = checkScheme(options.scheme ?? 'etcd');
  const registration = new ResolverRegistration(scheme, directoryOf(source), options);
  warnOfOtherGrpc();
  warnOfEarlyChannels(scheme);
  registerBalancer(); // also for those who name it in a service config of their own
  experimental.registerResolver(scheme, registration.resolverClass());
  return registration;
}

class ResolverRegistration implements Disposable {
  readonly #directory: ServiceDirectory;
  readonly #authorities = new Map<string, ServiceDirectory>();
  readonly #inUse = new Set<EtcdResolver>();
  readonly #selection: SelectionOptions;
  readonly #connectTimeoutMs: number;
  readonly #balance: BalanceOptions | undefined;
  readonly #serviceConfigSource: ServiceConfigSource | undefined;
  readonly #releaseAuthorities: () => void;
  readonly #releaseClose: () => void;
  #revokedReason: string | undefined;

  constructor(scheme: string, directory: ServiceDirectory, options: ResolverOptions) {
    this.#directory = directory;
    this.#selection = toSelectionOptions(options);
    this.#connectTimeoutMs = options.connectTimeoutMs ?? 10_000;
    this.#balance = options.balance;
    this.#serviceConfigSource = createServiceConfigSource(options.serviceConfig, this.#balance);
    for (const [name, other] of Object.entries(options.authorities ?? {})) {
      checkAuthorityName(name);
      this.#authorities.set(name, directoryOf(other));
    }
    this.#releaseAuthorities = registerAuthorities(scheme, clientsOf(this.#authorities));
    this.#releaseClose = directory.client.onClose(() => this.#revoke('its etcd client was closed'));
  }

  resolverClass() {
    const context = {
      resolveTarget: (target: TargetUri) => this.#resolveTarget(target),
      selection: this.#selection,
      connectTimeoutMs: this.#connectTimeoutMs,
      balance: this.#balance,
      serviceConfigSource: this.#serviceConfigSource,
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

  #resolveTarget(target: TargetUri): ResolvedTarget {
    if (this.#revokedReason) return { error: this.#revokedReason };
    const named = this.#authorities.get(splitTarget(target).authority);
    try {
      return { directory: named ?? this.#directory, service: serviceOf(target, named !== undefined) };
    } catch (error) {
      if (error instanceof EtcdError) return { error: error.message };
      throw error;
    }
  }

  #revoke(reason: string): void {
    if (this.#revokedReason) return;
    this.#revokedReason = reason;
    this.#releaseAuthorities();
    for (const resolver of [...this.#inUse]) resolver.revoke(reason);
  }
}

function clientsOf(authorities: ReadonlyMap<string, ServiceDirectory>): Map<string, NamingClient> {
  return new Map([...authorities].map(([name, { client }]) => [name, client]));
}

/** Differs from process to process. */
const processSeed = Math.random().toString(36);

function toSelectionOptions({ filter, subset, allowUnix }: ResolverOptions): SelectionOptions {
  return {
    filter,
    allowUnix,
    subset: subset && { size: subset.size, seed: subset.seed ?? processSeed },
  };
}

function createServiceConfigSource(
  options: ServiceConfigOptions | undefined,
  balance: BalanceOptions | undefined,
): ServiceConfigSource | undefined {
  if (!options) return undefined;
  if (typeof options.prefix !== 'string' || options.prefix === '')
    throw new NamingError(serviceConfigProblem(options));
  return new ServiceConfigSource(options, policyOf(balance));
}

function serviceConfigProblem(options: ServiceConfigOptions): string {
  const given: unknown = options;
  if (typeof given === 'string')
    return `serviceConfig is ${formatValue(given)} (string); write { prefix: ${formatValue(given)} }`;
  return `serviceConfig.prefix is ${formatValue(options.prefix)}; it must be a string that is not empty`;
}

const directories = new WeakMap<NamingClient, ServiceDirectory>();

/** One directory a client, so that all its channels share one watch per service. */
function directoryOf(client: NamingClient | ServiceDirectory): ServiceDirectory {
  if (client instanceof ServiceDirectory) return client;
  const known = directories.get(checkClient(client));
  if (known) return known;
  const directory = new ServiceDirectory(client);
  directories.set(client, directory);
  return directory;
}
