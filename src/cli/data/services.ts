import { type EtcdClient, type Revision, readTraits } from '../../index.js';
import { parseRecord } from './records.js';

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

/** Lists the services below a prefix, in key order. A service has at least one key whose value has an address. */
export async function listServices(
  client: EtcdClient,
  prefix: string,
): Promise<{ services: ServiceSummary[]; revision: Revision }> {
  const services = new Map<string, ServiceSummary>();
  let revision: Revision = 0n;
  for await (const batch of client.kv.stream({ prefix })) {
    revision = batch.revision;
    for (const kv of batch.kvs) {
      const { id: key, endpoint } = parseRecord('', kv);
      const slash = key.lastIndexOf('/');
      if (slash < 1 || !endpoint?.addr) continue;
      const service = key.slice(0, slash);
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
