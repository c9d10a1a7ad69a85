import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

let connected = 0;

/** The connections that this process has made, of any channel. Counts from the first import of this module. */
export const connectionsMade = (): number => connected;

subscribe('net.client.socket', (message) => {
  (message as { socket: Socket }).socket.once('connect', () => connected++);
});
