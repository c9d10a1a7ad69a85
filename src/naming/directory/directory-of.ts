import { InvalidInputError } from '../../errors/index.js';
import type { EndpointCodec } from '../codec/endpoint-codec.js';
import { goEndpoints } from '../codec/go-endpoints.js';
import { checkClient, type NamingClient } from '../ports.js';
import { ServiceDirectory } from './directory.js';

const directories = new WeakMap<NamingClient, WeakMap<EndpointCodec, ServiceDirectory>>();

/**
 * One directory per client and codec, so that all channels and pickers with the same codec share one watch per service.
 * @throws {InvalidInputError} for a codec beside a directory, which has one of its own.
 */
export function directoryOf(
  source: NamingClient | ServiceDirectory,
  codec?: EndpointCodec,
): ServiceDirectory {
  if (source instanceof ServiceDirectory) {
    if (codec === undefined) return source;
    throw new InvalidInputError(
      'the option codec is for an etcd client; a ServiceDirectory has a codec of its own: pass codec to its constructor',
    );
  }
  const ofClient = directories.get(checkClient(source)) ?? new WeakMap<EndpointCodec, ServiceDirectory>();
  directories.set(source, ofClient);
  const key = codec ?? goEndpoints;
  const known = ofClient.get(key);
  if (known) return known;
  const directory = new ServiceDirectory(source, key === goEndpoints ? {} : { codec: key });
  ofClient.set(key, directory);
  return directory;
}
