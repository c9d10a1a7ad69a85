import type { MemberRow } from '../../protocol/index.js';
import { visible } from '../text/index.js';

const meanings: Readonly<Record<string, string>> = {
  NOSPACE:
    'The database has reached its quota: etcd accepts no writes until space is freed and the alarm is disarmed.',
  CORRUPT: 'The data of this member differ from those of the others.',
};

/** A banner for each alarm that a member has raised. */
export function Alarms({ members }: { readonly members: readonly MemberRow[] }) {
  const raised = members.flatMap((member) => member.alarms.map((alarm) => ({ member, alarm })));
  return (
    <>
      {raised.map(({ member, alarm }) => (
        <p key={`${member.id} ${alarm}`} class="error" role="alert">
          <strong>
            Alarm {visible(alarm, 40)} of {visible(member.name || member.id, 80)}.
          </strong>{' '}
          {Object.hasOwn(meanings, alarm) && meanings[alarm]}
        </p>
      ))}
    </>
  );
}
