import { keyBytes, keyText } from '../model/index.js';
import { ClientDiagnostics } from './client-diagnostics.js';

const known = new WeakMap<object, ClientDiagnostics>();
const namespaces = new WeakMap<object, Buffer>();

/**
 * Makes the diagnostics known to the parts that are made with the client, or with a namespace of it.
 * @param namespace The prefix of the keys, if the object is a namespace.
 */
export function setDiagnostics(client: object, diagnostics: ClientDiagnostics, namespace?: Buffer): void {
  known.set(client, diagnostics);
  if (namespace) namespaces.set(client, namespace);
}

/** The diagnostics of a client; of its own for an object that only resembles one. */
export function diagnosticsOf(client: object): ClientDiagnostics {
  let found = known.get(client);
  if (!found) {
    found = new ClientDiagnostics({ name: 'unnamed' });
    known.set(client, found);
  }
  return found;
}

/** A key or a name as the server sees it, which diagnostics show: a namespace adds its prefix. */
export function serverName(client: object, name: string): string {
  const namespace = namespaces.get(client);
  return namespace ? keyText(Buffer.concat([namespace, keyBytes(name)])) : name;
}
