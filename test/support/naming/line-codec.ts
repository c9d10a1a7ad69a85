import { type Endpoint, type EndpointCodec, EndpointDecodeError, NamingError } from '#src/naming/index.js';

/**
 * A codec as a user writes one: `/lines/<service>/<id>` has `host:port` or `host:port zone`. It stores no other metadata,
 * and no status.
 */
export const lineCodec: EndpointCodec = {
  name: 'lines',
  keyPrefix: (service) => `/lines/${service}/`,
  decode({ value }): Endpoint {
    const [line = '', addr = '', zone] = /^(\S+:\d+)(?: (\w+))?$/.exec(value.toString()) ?? [];
    if (line === '') throw new EndpointDecodeError('the value is not a line');
    return zone === undefined ? { addr } : { addr, metadata: { zone } };
  },
  encode({ addr, metadata }) {
    const { zone, ...rest } = (metadata ?? {}) as Record<string, unknown>;
    if (Object.keys(rest).length > 0) throw new NamingError(`a line has no place for ${Object.keys(rest)}`);
    return zone === undefined ? addr : `${addr} ${String(zone)}`;
  },
  defaultId: (addr) => addr.replaceAll(/\W/g, '-'),
  canDrain: false,
};
