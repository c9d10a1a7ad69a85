import { ClientDiagnostics } from './client-diagnostics.js';

const known = new WeakMap<object, ClientDiagnostics>();

/** Makes the diagnostics known to the parts that are made with the client, or with a namespace of it. */
export function setDiagnostics(client: object, diagnostics: ClientDiagnostics): void {
  known.set(client, diagnostics);
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
