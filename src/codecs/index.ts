export type { EncodedRecord, EndpointCodec, RecordPlace } from '../naming/codec/endpoint-codec.js';
export type { Endpoint, JsonValue } from '../naming/endpoint.js';
export { type CoreDnsOptions, coreDns } from './core-dns.js';
export { type GoMicroOptions, goMicro } from './go-micro.js';
export { goZero } from './go-zero.js';
export { type KitexOptions, kitex } from './kitex.js';
export { type KratosOptions, kratos } from './kratos.js';
export { withServiceName } from './with-service-name.js';
