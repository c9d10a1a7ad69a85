import { Client, credentials } from '@grpc/grpc-js';
import { etcdserverpb, LeaseService } from '#src/raw/index.js';
import { unproxied } from './proxy.js';

/** Grants a lease with any id, as other clients may; ours grants only positive ids. */
export async function grantRawLease(endpoint: string, id: bigint, ttlSeconds: bigint): Promise<void> {
  const client = new Client(endpoint.replace(/^\w+:\/\//, ''), credentials.createInsecure(), unproxied);
  const { path, requestSerialize, responseDeserialize } = LeaseService.leaseGrant;
  const request = etcdserverpb.LeaseGrantRequest.create({ TTL: ttlSeconds, ID: id });
  try {
    await new Promise<void>((resolve, reject) => {
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error) =>
        error ? reject(error) : resolve(),
      );
    });
  } finally {
    client.close();
  }
}
