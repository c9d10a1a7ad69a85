import grpc, { type Client, credentials, type ServiceError } from '@grpc/grpc-js';
import { bytesMethod } from '../../support/bytes-method.js';

/** The method that the server of this campaign has. */
export const askMethod = bytesMethod('/scale.Service/Ask');

/** A client without TLS. */
export const openChannel = (target: string, options: grpc.ChannelOptions = {}): Client =>
  new grpc.Client(target, credentials.createInsecure(), options);

/** Long: thousands of connections are made first. */
const timeoutMs = 180_000;

/** Makes one call. Rejects with grpc-js's error, also after three minutes. */
export function ask(client: Client): Promise<void> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      askMethod.path,
      askMethod.requestSerialize,
      askMethod.responseDeserialize,
      Buffer.alloc(0),
      { deadline: Date.now() + timeoutMs },
      (error: ServiceError | null) => (error ? reject(error) : resolve()),
    );
  });
}
