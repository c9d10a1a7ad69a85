import { type ChannelOptions, experimental } from '@grpc/grpc-js';
import { EtcdError } from '../../errors/index.js';
import { ServiceDirectory } from '../directory.js';
import { checkClient, type NamingClient } from '../ports.js';
import { EtcdResolver, type Source } from './resolver.js';
import { authorityOf, serviceOf, splitTarget, type TargetUri } from './target-uri.js';

export interface ResolverOptions {
  /** The URI scheme to serve. Default `etcd`. */
  readonly scheme?: string;
  /** Clients of further clusters, by the authority that names them: `etcd://<name>/<service>`. */
  readonly authorities?: Readonly<Record<string, NamingClient>>;
}

/**
 * Teaches this process's grpc-js the scheme: `new GreeterClient('etcd:///foo/bar/my-service', …)` then follows the
 * service in etcd, over one watch however many channels there are. Without a service config of the channel's own,
 * calls go round all endpoints. The last registration of a scheme serves new channels.
 *
 * Disposing it, or closing its client, turns the scheme's channels into a clean UNAVAILABLE; grpc-js itself has no
 * way to take a scheme back.
 * @throws {NamingError} `invalid etcd client`.
 */
export function registerEtcdResolver(client: NamingClient, options: ResolverOptions = {}): Disposable {
  const registration = new ResolverRegistration(checkClient(client), options);
  experimental.registerResolver(options.scheme ?? 'etcd', registration.resolverClass());
  return registration;
}

class ResolverRegistration implements Disposable {
  readonly #directory: ServiceDirectory;
  readonly #authorities = new Map<string, ServiceDirectory>();
  readonly #inUse = new Set<EtcdResolver>();
  readonly #releaseClose: () => void;
  #gone: string | undefined;

  constructor(client: NamingClient, options: ResolverOptions) {
    this.#directory = directoryOf(client);
    for (const [name, other] of Object.entries(options.authorities ?? {})) {
      this.#authorities.set(name, directoryOf(checkClient(other)));
    }
    this.#releaseClose = client.onClose(() => this.#revoke('its etcd client was closed'));
  }

  resolverClass() {
    const home = {
      locate: (target: TargetUri) => this.#locate(target),
      inUse: this.#inUse,
    };
    return class extends EtcdResolver {
      static getDefaultAuthority(target: TargetUri): string {
        return authorityOf(target);
      }

      constructor(target: TargetUri, listener: experimental.ResolverListener, options: ChannelOptions) {
        super(home, target, listener, options);
      }
    };
  }

  [Symbol.dispose](): void {
    this.#releaseClose();
    this.#revoke('the etcd resolver was disposed');
  }

  #locate(target: TargetUri): Source {
    if (this.#gone) return { error: this.#gone };
    const named = this.#authorities.get(splitTarget(target).authority);
    try {
      return { directory: named ?? this.#directory, service: serviceOf(target, named !== undefined) };
    } catch (error) {
      if (error instanceof EtcdError) return { error: error.message };
      throw error;
    }
  }

  #revoke(reason: string): void {
    if (this.#gone) return;
    this.#gone = reason;
    for (const resolver of [...this.#inUse]) resolver.revoke(reason);
  }
}

const directories = new WeakMap<NamingClient, ServiceDirectory>();

/** One directory a client, so that all its channels share one watch per service. */
function directoryOf(client: NamingClient): ServiceDirectory {
  const known = directories.get(client);
  if (known) return known;
  const directory = new ServiceDirectory(client);
  directories.set(client, directory);
  return directory;
}
