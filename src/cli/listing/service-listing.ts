import { type EtcdClient, PermissionDeniedError } from '../../index.js';
import { listServices, type ServiceRange } from '../data/services.js';
import { CliError } from '../errors.js';
import { exitCodes } from '../exit-codes.js';
import { styled, type Text } from '../output/line.js';
import { alignCells, pluralize } from '../output/text.js';
import type { Listing } from './listing.js';

const titles = ['SERVICE', 'ENDPOINTS', 'DRAINING', 'PERMANENT'];

/** Lists the services whose keys have a prefix. */
export async function listAllServices(
  client: EtcdClient,
  { prefix, codec }: ServiceRange,
  isWide: boolean,
): Promise<Listing> {
  const { services, revision } = await listServices(client, { prefix, codec }).catch(suggestPrefix);
  const below = prefix === '' ? '' : ` below '${prefix}'`;
  const rows = services.map(({ service, endpoints, draining, permanent, modRevision }): Text[] => {
    const marked = styled(`${draining}`, draining > 0 ? 'yellow' : undefined);
    const cells = [service, `${endpoints}`, marked, `${permanent}`];
    return isWide ? [...cells, `${modRevision}`] : cells;
  });
  const heads = (isWide ? [...titles, 'REVISION'] : titles).map((title) => styled(title, 'bold'));
  return {
    revision,
    heading: `${pluralize(services.length, 'service')}${below}`,
    lines: rows.length > 0 ? alignCells([heads, ...rows]) : [],
    warnings:
      rows.length > 0
        ? []
        : [
            `no key${below} contains an endpoint${codec ? ` of ${codec.name}` : '; --codec lists the services of another framework'}`,
          ],
    document: { ...(codec === undefined ? {} : { codec: codec.name }), prefix, revision, services },
  };
}

/** etcd rejects a range of which the user may read only a part. */
function suggestPrefix(error: unknown): never {
  if (!(error instanceof PermissionDeniedError)) throw error;
  const message = `${error.message}; narrow it with --prefix to what the user may read, or name a target`;
  throw new CliError(message, exitCodes.failed, error);
}
