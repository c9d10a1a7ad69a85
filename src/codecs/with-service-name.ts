import { callback } from '../model/index.js';
import { checkCodec } from '../naming/codec/check-codec.js';
import type { EndpointCodec, RecordPlace } from '../naming/codec/endpoint-codec.js';

/**
 * Returns a codec for services that have another name in a framework. `toName` returns that name for the name in the
 * target, always the same one. The result has the name of the given codec; to have both in one list, give it another
 * one: `{ ...codec, name: 'go-zero-rpc' }`. In lists of services, the services have the framework's names.
 * @throws {InvalidInputError} for a value that is not a codec, and for a `toName` that is not a function.
 * @example
 * ```ts
 * // The service `user` has records of its own in Go's format, and those of `user.rpc` in go-zero's.
 * const codec = [goEndpoints, withServiceName(goZero(), (service) => `${service}.rpc`)];
 * registerEtcdResolver(client, { codec });
 * ```
 */
export function withServiceName(codec: EndpointCodec, toName: (service: string) => string): EndpointCodec {
  checkCodec(codec, 'codec');
  callback(toName, 'toName');
  const renamed = <T extends RecordPlace>(place: T): T => ({ ...place, service: toName(place.service) });
  const { name, encode, defaultId, serviceOf, canDrain, root } = codec;
  return {
    name,
    keyPrefix: (service) => codec.keyPrefix(toName(service)),
    decode: (record) => codec.decode(renamed(record)),
    ...(encode && { encode: (endpoint, place) => encode.call(codec, endpoint, renamed(place)) }),
    ...(defaultId && { defaultId: (addr) => defaultId.call(codec, addr) }),
    ...(serviceOf && { serviceOf: (key) => serviceOf.call(codec, key) }),
    ...(canDrain === undefined ? {} : { canDrain }),
    ...(root === undefined ? {} : { root }),
  };
}
