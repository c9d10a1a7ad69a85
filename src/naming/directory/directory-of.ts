import { InvalidInputError } from '../../errors/index.js';
import { type CodecOption, toCodecs } from '../codec/codec-list.js';
import type { EndpointCodec } from '../codec/endpoint-codec.js';
import { goEndpoints } from '../codec/go-endpoints.js';
import { checkClient, type NamingClient } from '../ports.js';
import { ServiceDirectory } from './directory.js';

/** The directory of a list of codecs, and those of the lists that begin with it. */
interface Node {
  directory?: ServiceDirectory;
  readonly longer: WeakMap<EndpointCodec, Node>;
}

const directories = new WeakMap<NamingClient, Node>();

/**
 * One directory per client and list of codecs, so that all channels and pickers with the same codecs share one watch per
 * service.
 * @throws {InvalidInputError} for a codec beside a directory, which has its own.
 */
export function directoryOf(source: NamingClient | ServiceDirectory, codec?: CodecOption): ServiceDirectory {
  if (source instanceof ServiceDirectory) {
    if (codec === undefined) return source;
    throw new InvalidInputError(
      'the option codec is for an etcd client; a ServiceDirectory has a codec of its own: pass codec to its constructor',
    );
  }
  let node = childOf(directories, checkClient(source));
  const codecs = toCodecs(codec);
  for (const one of codecs) node = childOf(node.longer, one);
  const isDefault = codecs.length === 1 && codecs[0] === goEndpoints;
  node.directory ??= new ServiceDirectory(source, isDefault ? {} : { codec: codecs });
  return node.directory;
}

function childOf<K extends object>(nodes: WeakMap<K, Node>, key: K): Node {
  const known = nodes.get(key);
  if (known) return known;
  const node: Node = { longer: new WeakMap() };
  nodes.set(key, node);
  return node;
}
