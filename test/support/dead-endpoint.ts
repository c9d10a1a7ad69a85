import { freePorts } from '#src/testing/ports.js';

/** An address on this machine without a listener. */
export async function deadEndpoint(): Promise<string> {
  const [port] = await freePorts(1);
  return `127.0.0.1:${port}`;
}
