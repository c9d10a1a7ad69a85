import { dirname, join } from 'node:path';

/**
 * Returns the absolute path of this package's folder of `.proto` files: the include path (`-I`) for tools such as
 * `protoc` and `buf`. The files import each other relative to it, for example as `etcd/kv.proto`.
 *
 * @throws Error in an application that was bundled and moved away from its `node_modules`: the folder is not there.
 */
export function protoFolder(): string {
  // An imported createRequire would be replaced by webpack, and in a CommonJS bundle `import.meta` has no URL.
  const { createRequire } = process.getBuiltinModule('node:module');
  const require = createRequire(import.meta.url ?? join(process.cwd(), 'any.js'));
  return join(dirname(require.resolve('@org/etcd-naming/package.json')), 'proto');
}

/** All `.proto` files of the protocol, relative to {@link protoFolder}. */
export const protoFiles = [
  'etcd/auth.proto',
  'etcd/kv.proto',
  'etcd/rpc.proto',
  'etcd/v3election.proto',
  'etcd/v3lock.proto',
] as const;
