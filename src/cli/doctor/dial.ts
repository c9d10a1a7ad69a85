import { dialTrouble } from '../address.js';
import { inParallel } from '../parallel.js';
import { type Finding, ok, problem, some, warning } from './finding.js';
import type { UsableRecord } from './records.js';

const most = 100;
const atATime = 20;
const timeoutMs = 2_000;

/** Which addresses accept a connection from here; nothing is sent over it. */
export async function checkAddresses(
  records: readonly UsableRecord[],
): Promise<{ finding: Finding; accepted: readonly string[] }> {
  const all = [...new Set(records.map(({ endpoint }) => endpoint.addr))];
  const dialled = all.slice(0, most);
  const failed: string[] = [];
  const accepted: string[] = [];
  await inParallel(dialled, atATime, async (addr) => {
    const failure = await dialTrouble(addr, timeoutMs);
    if (failure === undefined) accepted.push(addr);
    else failed.push(`${addr} (${failure})`);
  });
  return { finding: finding(dialled.length, failed, all.length > most), accepted };
}

function finding(dialled: number, failed: string[], isCut: boolean): Finding {
  const more = isCut ? `, of the first ${most}` : '';
  if (failed.length === 0) return ok('dial', `all ${dialled} accepted a connection from here${more}`);
  const message = `${failed.length} of ${dialled} did not accept a connection from here: ${some(failed.sort())}`;
  if (failed.length < dialled)
    return warning('dial', message, 'is the server up, and the address the one that callers reach?');
  return problem(
    'dial',
    message,
    'are the servers up? From another network than theirs, run this where the callers are',
  );
}
