import { Client, credentials, type MethodDefinition } from '@grpc/grpc-js';
import { unproxied } from './proxy.js';

/** Makes a call that this package has no function for. */
export function rawCall<Request, Answer>(
  client: Client,
  { path, requestSerialize, responseDeserialize }: MethodDefinition<Request, Answer>,
  request: Request,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, answer) =>
      answer === undefined ? reject(error) : resolve(answer),
    );
  });
}

/** The same, on a connection of its own. */
export async function rawCallTo<Request, Answer>(
  endpoint: string,
  method: MethodDefinition<Request, Answer>,
  request: Request,
): Promise<Answer> {
  const client = new Client(endpoint, credentials.createInsecure(), unproxied);
  try {
    return await rawCall(client, method, request);
  } finally {
    client.close();
  }
}
