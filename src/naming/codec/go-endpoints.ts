import type { EndpointCodec } from './endpoint-codec.js';
import { decodeEndpoint, encodeEndpoint } from './go-codec.js';

/**
 * The format of Go's `endpoints`, which is the default: `<service>/<id>`, with a value such as
 * `{"Op":0,"Addr":"10.0.0.7:50051","Metadata":null}`. Needed only in a list of codecs.
 */
export const goEndpoints: EndpointCodec = {
  name: 'endpoints',
  keyPrefix: (service) => `${service}/`,
  decode: ({ value }) => decodeEndpoint(value),
  encode: encodeEndpoint,
};
