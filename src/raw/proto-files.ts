import { fileURLToPath } from 'node:url';

/**
 * Absolute path of the folder of `.proto` files in this package: the include path (`-I`) for `protoc`, `buf` and the
 * like. The files import each other relative to it, for example as `etcd/kv.proto`.
 */
export const protoFolder: string = fileURLToPath(new URL('../../proto', import.meta.url));

/** The `.proto` files of the protocol, relative to {@link protoFolder}; together they are all of it. */
export const protoFiles = [
  'etcd/auth.proto',
  'etcd/kv.proto',
  'etcd/rpc.proto',
  'etcd/v3election.proto',
  'etcd/v3lock.proto',
] as const;
