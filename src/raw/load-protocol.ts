import type { loadPackageDefinition } from '@grpc/grpc-js';

/** The argument of `loadPackageDefinition` of `@grpc/grpc-js`. */
export type ProtocolDefinition = Parameters<typeof loadPackageDefinition>[0];

/**
 * Loads the protocol through `@grpc/proto-loader`, without generated code, for applications that load their other
 * services that way. Pass the result to `loadPackageDefinition` of your own copy of `@grpc/grpc-js`:
 *
 * ```ts
 * const { etcdserverpb } = loadPackageDefinition(await loadProtocol());
 * ```
 *
 * Messages look as in etcd's documentation: field names are kept (`range_end`, not `rangeEnd`), enum values are their
 * names, 64-bit numbers are decimal strings because a JavaScript number would round revisions and lease ids, and bytes
 * are `Buffer`s. Unset fields have their default (a message is `null`), and each oneof has a property with the name of
 * the member that is set. The generated codecs of this entry point use `camelCase` and `bigint` instead.
 *
 * @throws Error if `@grpc/proto-loader`, an optional peer dependency, is not installed.
 */
export async function loadProtocol(): Promise<ProtocolDefinition> {
  const { loadFileDescriptorSetFromBuffer } = await importProtoLoader();
  // Compiled into the code, because a bundle of an application does not contain the .proto files.
  const { descriptorSet } = await import('../gen/descriptor-set.js');
  return loadFileDescriptorSetFromBuffer(Buffer.from(descriptorSet, 'base64'), {
    keepCase: true,
    longs: String,
    enums: String,
    defaults: true,
    oneofs: true,
  });
}

async function importProtoLoader() {
  try {
    return await import('@grpc/proto-loader');
  } catch (cause) {
    if (!isNotInstalled(cause)) throw cause;
    throw new Error('loadProtocol() needs the package @grpc/proto-loader: npm install @grpc/proto-loader', {
      cause,
    });
  }
}

/** `@grpc/proto-loader` is CommonJS: if one of its own dependencies is missing, the error has a different code. */
function isNotInstalled(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';
}
