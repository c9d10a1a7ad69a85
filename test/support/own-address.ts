import { once } from 'node:events';
import { createServer } from 'node:net';

/** Whether this machine has the address: all of 127/8 on Linux, only 127.0.0.1 on macOS. */
export async function isOwnAddress(address: string): Promise<boolean> {
  const server = createServer().listen(0, address);
  const isListening = await once(server, 'listening').then(
    () => true,
    () => false,
  );
  server.close();
  return isListening;
}
