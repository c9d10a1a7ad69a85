import { useState } from 'preact/hooks';
import { type MembersReply, paths } from '../../protocol/index.js';
import { call } from '../api/index.js';
import { Age, failureText, usePoll } from '../elements/index.js';
import { serverNow } from '../state/index.js';
import { visible } from '../text/index.js';
import { Alarms } from './alarms.js';
import { MemberTable } from './member-table.js';

const intervalMs = 5_000;

interface Answer {
  readonly reply: MembersReply;
  readonly at: number;
}

/** The members of etcd's cluster, asked for every 5 s. */
export function MembersView() {
  const [answer, setAnswer] = useState<Answer | undefined>(undefined);
  const [error, setError] = useState<string | undefined>(undefined);
  usePoll('members', intervalMs, async (signal) => {
    const next = await readMembers(signal);
    if (signal.aborted) return;
    if (next.reply) setAnswer({ reply: next.reply, at: serverNow() });
    setError(next.error);
  });
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it
    <section class="members" aria-label="Members" tabIndex={0}>
      {error !== undefined && (
        <p class="error" role="alert">
          <strong>The members could not be read:</strong> {error}
        </p>
      )}
      {answer ? (
        <Members {...answer} stale={error !== undefined} />
      ) : (
        error === undefined && <p>Asking etcd …</p>
      )}
    </section>
  );
}

/** An answer without members is a failure: those that were read before stay visible, marked as not current. */
async function readMembers(
  signal: AbortSignal,
): Promise<{ readonly reply?: MembersReply; readonly error?: string }> {
  try {
    const reply = await call(paths.members, {}, signal);
    return reply.members.length > 0 ? { reply } : { error: visible(reply.error ?? 'etcd lists none', 500) };
  } catch (error) {
    return { error: failureText(error) };
  }
}

function Members({ reply, at, stale }: Answer & { readonly stale: boolean }) {
  return (
    <div class={stale ? 'stale' : ''}>
      <Alarms members={reply.members} />
      {reply.error !== undefined && <p class="warning">{visible(reply.error, 500)}</p>}
      <p class="hint">
        As of <Age at={at} />. The state is asked for every 5 s.
      </p>
      <MemberTable members={reply.members} />
    </div>
  );
}
