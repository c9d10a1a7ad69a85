import {
  type EndpointCodec,
  type EtcdClient,
  keyText,
  NamingError,
  type Revision,
  readTraits,
} from '../../index.js';
import { type RecordFormat, recordFormat } from '../../internal.js';

/** The number of endpoints of a service. */
export interface ServiceSummary {
  readonly service: string;
  endpoints: number;
  /** How many of the endpoints are marked as draining. */
  draining: number;
  /** How many of the endpoints have no lease. */
  permanent: number;
  /** The highest revision at which one of the endpoints was written. */
  modRevision: Revision;
}

/** The keys in which to look for services. */
export interface ServiceRange {
  readonly prefix: string;
  /** The codec of the records. Undefined: Go's format. */
  readonly codec: EndpointCodec | undefined;
}

/**
 * Lists the services whose keys have a prefix, in key order. A service has at least one key whose value has an address.
 */
export async function listServices(
  client: EtcdClient,
  { prefix, codec }: ServiceRange,
): Promise<{ services: ServiceSummary[]; revision: Revision }> {
  const services = new Map<string, ServiceSummary>();
  const formats = new ServiceFormats(codec);
  let revision: Revision = 0n;
  for await (const batch of client.kv.stream({ prefix })) {
    revision = batch.revision;
    for (const kv of batch.kvs) {
      const key = keyText(kv.key);
      const service = serviceOf(codec, key);
      const endpoint = service === undefined ? undefined : formats.get(service)?.decode(key, kv.value);
      if (service === undefined || typeof endpoint !== 'object' || endpoint.addr === '') continue;
      const summary = services.get(service) ?? newSummary(service);
      summary.endpoints++;
      if (readTraits(endpoint.metadata).draining) summary.draining++;
      if (kv.lease === 0n) summary.permanent++;
      if (kv.modRevision > summary.modRevision) summary.modRevision = kv.modRevision;
      services.set(service, summary);
    }
  }
  return { services: [...services.values()], revision };
}

function newSummary(service: string): ServiceSummary {
  return { service, endpoints: 0, draining: 0, permanent: 0, modRevision: 0n };
}

/** The service to which a key belongs; undefined for a key without one. */
export function serviceOf(codec: EndpointCodec | undefined, key: string): string | undefined {
  const service = codec?.serviceOf ? codec.serviceOf(key) : key.slice(0, Math.max(0, key.lastIndexOf('/')));
  return service === '' ? undefined : service;
}

/** The formats of services, which share a codec. */
class ServiceFormats {
  readonly #codec: EndpointCodec | undefined;
  readonly #formats = new Map<string, RecordFormat | undefined>();

  constructor(codec: EndpointCodec | undefined) {
    this.#codec = codec;
  }

  /** Undefined for a service whose name the codec does not accept. */
  get(service: string): RecordFormat | undefined {
    if (!this.#formats.has(service)) this.#formats.set(service, serviceFormat(service, this.#codec));
    return this.#formats.get(service);
  }
}

/** The format of a service's records. Undefined for a service whose name the codec does not accept. */
export function serviceFormat(service: string, codec: EndpointCodec | undefined): RecordFormat | undefined {
  try {
    return recordFormat(service, codec);
  } catch (error) {
    if (error instanceof NamingError) return undefined;
    throw error;
  }
}

/** The prefix of a service's keys. Undefined for a service whose name the codec does not accept. */
export function codecPrefix(service: string, codec: EndpointCodec | undefined): string | undefined {
  return serviceFormat(service, codec)?.prefix;
}
