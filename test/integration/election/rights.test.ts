import assert from 'node:assert/strict';
import { PermissionDeniedError } from '#src/errors/index.js';
import { secretOf } from '../../support/canary.js';
import { addCandidate, nextTerm, seesNext } from '../../support/election.js';
import { useEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { useClients } from '../client/support.js';

describe('an election, for users with rights on one prefix', () => {
  const etcd = useEtcd({
    auth: {
      roles: {
        candidate: [{ access: 'readwrite', prefix: 'mine/' }],
        observer: [{ access: 'read', prefix: 'mine/' }],
      },
      users: {
        candidate: { password: secretOf('candidate of elections'), roles: ['candidate'] },
        observer: { password: secretOf('observer of elections'), roles: ['observer'] },
      },
    },
  });
  const { connect } = useClients();

  const electionOf = (user: string) => {
    const { endpoints, ...access } = etcd().clientOptionsOf(user);
    return connect(endpoints, access).election;
  };
  const admin = () => {
    const { endpoints, ...root } = etcd().clientOptions;
    return connect(endpoints, root);
  };

  it('lets a candidate campaign that may read and write the prefix, and refuses another name at once', async () => {
    const election = electionOf('candidate');
    const terms = election.campaign('mine', 'a');
    const term = await nextTerm(terms);
    await term.proclaim('b');
    await terms.return?.();
    await assert.rejects(election.campaign('other', 'a').next(), PermissionDeniedError);
    const { lease } = admin();
    await eventually('no lease is left', async () => (await lease.list()).length === 0);
  });

  it('lets an observer observe that may read the prefix, and refuses another name at once', async () => {
    const election = electionOf('observer');
    const observation = election.observe('mine');
    await seesNext(observation, undefined);
    const candidate = await addCandidate(admin(), 'mine', 'here');
    await seesNext(observation, 'here');
    await candidate.leave();
    await observation.return?.();
    await assert.rejects(election.observe('other').next(), PermissionDeniedError);
    await assert.rejects(election.leader('other'), PermissionDeniedError);
  });
});
