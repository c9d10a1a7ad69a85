import { freePorts } from '#src/testing/ports.js';

/** A port of this machine that nobody listens on. */
export async function deadEndpoint(): Promise<string> {
  const [port] = await freePorts(1);
  return `127.0.0.1:${port}`;
}
