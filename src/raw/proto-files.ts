import { dirname, join } from 'node:path';

/**
 * Returns the absolute path of this package's folder of `.proto` files: the include path (`-I`) for tools such as
 * `protoc` and `buf`. The files import each other relative to it, for example as `etcd/kv.proto`.
 *
 * @throws Error in an application that was bundled and moved away from its `node_modules`: the folder is not there.
 */
export function protoFolder(): string {
  // An imported createRequire would be replaced by webpack.
  const { createRequire } = process.getBuiltinModule('node:module');
  const require = createRequire(thisFile() ?? join(process.cwd(), 'any.js'));
  return join(dirname(require.resolve('@org/etcd-naming/package.json')), 'proto');
}

/**
 * The path or URL of the file that contains this code, from V8's stack trace API. `import.meta` is a syntax error where
 * Jest compiles the package to CommonJS, and has no URL in a CommonJS bundle.
 */
function thisFile(): string | null | undefined {
  const { prepareStackTrace, stackTraceLimit } = Error;
  try {
    Error.stackTraceLimit = 1;
    Error.prepareStackTrace = (_, [site]) => site?.getFileName();
    return new Error().stack as string | null | undefined;
  } finally {
    Object.assign(Error, { prepareStackTrace, stackTraceLimit });
  }
}

/** All `.proto` files of the protocol, relative to {@link protoFolder}. */
export const protoFiles = [
  'etcd/auth.proto',
  'etcd/kv.proto',
  'etcd/rpc.proto',
  'etcd/v3election.proto',
  'etcd/v3lock.proto',
] as const;
