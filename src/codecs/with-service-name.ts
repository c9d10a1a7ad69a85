import { callback, printable } from '../model/index.js';
import { checkCodec } from '../naming/codec/check-codec.js';
import { describeReturned } from '../naming/codec/codec-call.js';
import type { EncodedRecord, EndpointCodec, RecordPlace } from '../naming/codec/endpoint-codec.js';
import type { Endpoint } from '../naming/endpoint.js';
import { NamingError } from '../naming/errors.js';

/**
 * Returns a codec for services that have another name in a framework. `toName` returns that name for the name in the
 * target, always the same one; what is not a name, such as an empty text or a promise, is a NamingError of that service. The
 * result has the name of the given codec; to have both in one list, give it another one: `{ ...codec, name: 'go-zero-rpc' }`.
 * Each call returns another object, and readers with the same object share a watch: keep it. In lists of services, the
 * services have the framework's names.
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
  const nameFrom = (service: string): string => {
    const name: unknown = toName(service);
    if (typeof name === 'string' && name !== '') return name;
    throw new NamingError(
      `toName returned ${describeReturned(name)} for '${printable(service)}', not a name`,
    );
  };
  const renamed = <T extends RecordPlace>(place: T): T => ({ ...place, service: nameFrom(place.service) });
  const { name, variant, encode, defaultId, serviceOf, canDrain, root } = codec;
  return Object.freeze({
    name,
    ...(variant === undefined ? {} : { variant }),
    keyPrefix: (service: string) => codec.keyPrefix(nameFrom(service)),
    decode: (record: EncodedRecord) => codec.decode(renamed(record)),
    ...(encode && {
      encode: (endpoint: Endpoint, place: RecordPlace) => encode.call(codec, endpoint, renamed(place)),
    }),
    ...(defaultId && { defaultId: (addr: string) => defaultId.call(codec, addr) }),
    ...(serviceOf && { serviceOf: (key: string) => serviceOf.call(codec, key) }),
    ...(canDrain === undefined ? {} : { canDrain }),
    ...(root === undefined ? {} : { root }),
  });
}
