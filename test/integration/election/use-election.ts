import type { EtcdClient } from '#src/client/index.js';
import type { CampaignOptions } from '#src/election/index.js';
import { isAbsent } from '../../support/election.js';
import { useEtcd } from '../../support/etcd.js';
import { folderOf, useClients } from '../client/support.js';

/** What the iteration of a stream that has ended yields. */
export const ended = { done: true, value: undefined };

/** An etcd, and for each test a client and an election that no other test uses. Registers mocha hooks. */
export function useElection() {
  const etcd = useEtcd();
  const { connect } = useClients();
  let client: EtcdClient;
  let name: string;

  beforeEach(() => {
    client = connect(etcd().endpoints);
    name = `${folderOf(etcd())}jobs`;
  });

  /** The keys of the candidates, the leader's first. */
  const keys = async () => {
    const sort = { by: 'create', order: 'ascend' } as const;
    return (await client.kv.range({ prefix: `${name}/` }, { sort })).kvs;
  };
  const isEmpty = () => isAbsent(client, name);
  const campaign = (value: string, options: CampaignOptions = {}) =>
    client.election.campaign(name, value, options);

  return { etcd, connect, client: () => client, name: () => name, keys, isEmpty, campaign };
}
