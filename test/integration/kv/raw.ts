import { type Client, credentials, makeClientConstructor, type ServiceError } from '@grpc/grpc-js';
import { KVService, type TxnRequest, type TxnResponse } from '#src/gen/etcd/rpc.js';

const KvStub = makeClientConstructor(KVService, 'KV');

/** A KV client without this package's checks. Closed after the last test. */
export function useRawKv(endpoint: () => string) {
  let client: Client | undefined;
  const stub = () => {
    client ??= new KvStub(endpoint(), credentials.createInsecure());
    return client;
  };
  after(() => client?.close());
  return {
    /** Returns the response, or etcd's error text. */
    txn(request: TxnRequest): Promise<TxnResponse | string> {
      const { path, requestSerialize, responseDeserialize } = KVService.txn;
      return new Promise((resolve) => {
        const done = (error: ServiceError | null, answer?: TxnResponse) =>
          resolve(error ? error.details : (answer ?? 'nothing'));
        stub().makeUnaryRequest(path, requestSerialize, responseDeserialize, request, done);
      });
    },
  };
}
