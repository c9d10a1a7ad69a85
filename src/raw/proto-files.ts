import { fileURLToPath } from 'node:url';

/**
 * The absolute path of this package's folder of `.proto` files: the include path (`-I`) for tools such as `protoc` and
 * `buf`. The files import each other relative to it, for example as `etcd/kv.proto`.
 */
export const protoFolder: string = fileURLToPath(new URL('../../proto', import.meta.url));

/** All `.proto` files of the protocol, relative to {@link protoFolder}. */
export const protoFiles = [
  'etcd/auth.proto',
  'etcd/kv.proto',
  'etcd/rpc.proto',
  'etcd/v3election.proto',
  'etcd/v3lock.proto',
] as const;
