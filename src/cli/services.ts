import { type EtcdClient, type Revision, readTraits } from '../index.js';
import { toRecord } from './records.js';

export interface ServiceSummary {
  readonly service: string;
  endpoints: number;
  /** Of those, how many are marked. */
  draining: number;
  /** Of those, how many live by no lease. */
  permanent: number;
}

/** The services below a prefix, by the keys that hold an endpoint with an address; in key order. */
export async function listServices(
  client: EtcdClient,
  prefix: string,
): Promise<{ services: ServiceSummary[]; revision: Revision }> {
  const services = new Map<string, ServiceSummary>();
  let revision: Revision = 0n;
  for await (const batch of client.kv.stream({ prefix })) {
    revision = batch.revision;
    for (const kv of batch.kvs) {
      const { id: key, endpoint } = toRecord('', kv);
      const slash = key.lastIndexOf('/');
      if (slash < 1 || !endpoint?.addr) continue;
      const service = key.slice(0, slash);
      const summary = services.get(service) ?? { service, endpoints: 0, draining: 0, permanent: 0 };
      summary.endpoints++;
      if (readTraits(endpoint.metadata).draining) summary.draining++;
      if (kv.lease === 0n) summary.permanent++;
      services.set(service, summary);
    }
  }
  return { services: [...services.values()], revision };
}
