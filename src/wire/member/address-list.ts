import { experimental } from '@grpc/grpc-js';
import { splitHostPort } from '../../model/index.js';

const scheme = 'etcd-naming-addresses';

/** A target as grpc-js passes it. */
interface GrpcUri {
  readonly path: string;
}

/**
 * The target for grpc-js of one server with these addresses, each `ip:port`. grpc-js dials them as it does those of a
 * DNS name, one family beside the other. Its own schemes, `ipv4:` and `ipv6:`, have one family each.
 */
export function addressListTarget(addresses: readonly string[]): string {
  registerOnce();
  return `${scheme}:${addresses.join(',')}`;
}

let isRegistered = false;

function registerOnce(): void {
  if (isRegistered) return;
  isRegistered = true;
  experimental.registerResolver(scheme, AddressListResolver);
}

/** Gives grpc-js the addresses in the target, once per period of use. */
class AddressListResolver implements experimental.Resolver {
  readonly #endpoints: experimental.Endpoint[];
  readonly #listener: experimental.ResolverListener;
  #isEmitted = false;

  static getDefaultAuthority({ path }: GrpcUri): string {
    return path.split(',', 1)[0] ?? '';
  }

  constructor({ path }: GrpcUri, listener: experimental.ResolverListener) {
    this.#listener = listener;
    this.#endpoints = path.split(',').flatMap((address) => {
      const split = splitHostPort(address);
      return 'problem' in split || split.port === undefined
        ? []
        : [{ addresses: [{ host: split.host, port: split.port }] }];
    });
  }

  updateResolution(): void {
    if (this.#isEmitted) return;
    this.#isEmitted = true;
    setImmediate(() => {
      if (this.#isEmitted) this.#listener(experimental.statusOrFromValue(this.#endpoints), {}, null, '');
    });
  }

  destroy(): void {
    this.#isEmitted = false;
  }
}
