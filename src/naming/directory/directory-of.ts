import { checkClient, type NamingClient } from '../ports.js';
import { ServiceDirectory } from './directory.js';

const directories = new WeakMap<NamingClient, ServiceDirectory>();

/** One directory per client, so that all its channels and pickers share one watch per service. */
export function directoryOf(client: NamingClient | ServiceDirectory): ServiceDirectory {
  if (client instanceof ServiceDirectory) return client;
  const known = directories.get(checkClient(client));
  if (known) return known;
  const directory = new ServiceDirectory(client);
  directories.set(client, directory);
  return directory;
}
