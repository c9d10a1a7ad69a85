import { etcdserverpb, LeaseService } from '#src/raw/index.js';
import { rawCallTo } from './raw-call.js';

/** Grants a lease with any id, as other clients may; ours grants only positive ids. */
export async function grantRawLease(endpoint: string, id: bigint, ttlSeconds: bigint): Promise<void> {
  const request = etcdserverpb.LeaseGrantRequest.create({ TTL: ttlSeconds, ID: id });
  await rawCallTo(endpoint.replace(/^\w+:\/\//, ''), LeaseService.leaseGrant, request);
}
