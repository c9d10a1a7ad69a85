import { noOptions, optionsChecker } from '../model/index.js';
import type { EncodedRecord, EndpointCodec } from '../naming/codec/endpoint-codec.js';
import type { Endpoint } from '../naming/endpoint.js';
import { EndpointDecodeError, NamingError } from '../naming/errors.js';
import { checkStoredAddress, checkWrittenAddress } from './go-address.js';
import { metadataMembers } from './string-metadata.js';

/** It has none: what a program in JavaScript passes is misspelt, or meant for another codec. */
const checkOptions = optionsChecker<Readonly<Record<string, never>>>({});

/** Longer than any address: the name of a host has at most 253 bytes, and the path of a socket 107. */
const maxAddressBytes = 512;

const codec: EndpointCodec = Object.freeze({
  name: 'go-zero',
  keyPrefix: (service: string) => `${service}/`,
  decode,
  encode,
  canDrain: false,
});

/**
 * The format of go-zero (`core/discov`, `zrpc`): the key is `<service>/<id>`, where the service is the `Etcd.Key` of
 * go-zero's configuration, and the value is the bare address, `10.0.0.7:8080`. Checked with go-zero 1.10.3.
 *
 * Reading: go-zero passes the value to grpc-go as it is. A value that grpc-go does not dial, such as JSON, a URL, a host
 * without a port, or an address with a line break after it, is an invalid record. Keys below the service are read;
 * go-zero's `WithExactMatch()`, which reads one key, has no counterpart.
 *
 * Writing: go-zero's own id is the decimal lease id, or `Etcd.ID`. Its readers do not use the id, so the id of our
 * registration stays the same under a new lease; the default id is the address. The format has no metadata: an endpoint
 * with metadata is refused, so there is no weight, zone or status, and `drain()` deletes the record without a status
 * before.
 *
 * Specification: https://github.com/zeromicro/go-zero/blob/v1.10.3/core/discov/publisher.go#L185-L200,
 * https://github.com/zeromicro/go-zero/blob/v1.10.3/zrpc/resolver/internal/discovbuilder.go#L25-L31
 */
export function goZero(options: Readonly<Record<string, never>> = noOptions): EndpointCodec {
  checkOptions(options);
  return codec;
}

function decode({ value }: EncodedRecord): Endpoint {
  if (value.length > maxAddressBytes)
    throw new EndpointDecodeError(`the value has ${value.length} bytes, more than any address`);
  const text = value.toString('utf8');
  if (/^\s*[{"]/.test(text)) throw new EndpointDecodeError('the value is JSON, not an address');
  return { addr: checkStoredAddress(text, 'the value') };
}

function encode({ addr, metadata }: Endpoint): string {
  const members = Object.values(metadataMembers(metadata, 'go-zero'));
  if (members.some((value) => value !== undefined))
    throw new NamingError('the endpoint has metadata, which the records of go-zero cannot hold');
  return checkWrittenAddress(addr);
}
