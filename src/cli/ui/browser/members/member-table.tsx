import type { MemberRow } from '../../protocol/index.js';
import { sizeText, visible } from '../text/index.js';

interface MemberTableProps {
  readonly members: readonly MemberRow[];
}

/** On a narrow screen each row is a block, whose cells have the names of their columns. */
export function MemberTable({ members }: MemberTableProps) {
  return (
    <table class="member-table">
      <caption class="hidden">Members of the cluster</caption>
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">State</th>
          <th scope="col">Version</th>
          <th scope="col">Database (in use)</th>
          <th scope="col">Raft index</th>
          <th scope="col">Raft term</th>
          <th scope="col">Answered in</th>
        </tr>
      </thead>
      <tbody>
        {members.map((member) => (
          <Row key={member.id} member={member} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ member }: { readonly member: MemberRow }) {
  return (
    <tr>
      <th scope="row">
        <bdi>{member.name === '' ? 'not started' : visible(member.name, 80)}</bdi>
        <span class="hint mono">{visible(member.id, 20)}</span>
        <span class="hint">{visible(member.clientUrls.join(', '))}</span>
      </th>
      <td data-name="State">
        <State member={member} />
      </td>
      <td data-name="Version">{visible(member.version ?? '–', 40)}</td>
      <td data-name="Database (in use)">{databaseText(member)}</td>
      <td data-name="Raft index">{visible(member.raftIndex ?? '–', 20)}</td>
      <td data-name="Raft term">{visible(member.raftTerm ?? '–', 20)}</td>
      <td data-name="Answered in">
        {member.latencyMs === undefined ? '–' : `${member.latencyMs.toFixed(1)} ms`}
      </td>
    </tr>
  );
}

function State({ member: { healthy, isLeader, isLearner, error } }: { readonly member: MemberRow }) {
  return (
    <>
      <span class={healthy ? 'badge good' : 'badge bad'}>{healthy ? '✓ healthy' : '✕ not healthy'}</span>{' '}
      {isLeader && <span class="badge">leader</span>} {isLearner && <span class="badge">learner</span>}
      {error !== undefined && <span class="why">{visible(error, 500)}</span>}
    </>
  );
}

function databaseText({ dbSize, dbSizeInUse }: MemberRow): string {
  if (dbSize === undefined) return '–';
  return dbSizeInUse === undefined ? sizeText(dbSize) : `${sizeText(dbSize)} (${sizeText(dbSizeInUse)})`;
}
