import { setTimeout as sleep } from 'node:timers/promises';
import { EtcdError, type Term } from '#src/index.js';
import { Random } from '../../sim/random.js';
import { nowMs } from '../naming/clock.js';
import type { Program } from './locker.js';
import { logValue } from './log-keys.js';
import { describeError, giveUp, type Owner, own, ownUntil } from './owner.js';

/** Campaigns, leads for a while, proclaims new values and resigns, again and again. */
export async function runCandidate(program: Program, loop: number): Promise<void> {
  const { config, control } = program;
  const random = new Random(config.seed * 31 + loop);
  while (!control.draining) {
    const name = program.waiting.pick(config.names, true, random);
    await campaign(program, name, random);
    await sleep(random.between(0, 100));
  }
}

/** One or several terms, each of which is a request. Leaving the loop resigns. */
async function campaign(program: Program, name: string, random: Random): Promise<void> {
  const { client, config, control } = program;
  const ending = new AbortController();
  const timer = random.chance(0.2) ? setTimeout(() => ending.abort(), random.between(5, 3_000)) : undefined;
  const options = { ttlSeconds: config.ttlSeconds, signal: ending.signal };
  let request = program.nextRequest();
  const value = logValue(config.incarnation, request, 0);
  const wait = () => {
    program.waiting.begin(request, name, true);
    control.report({ type: 'waiting', request, name, at: nowMs() });
  };
  wait();
  try {
    let left = random.between(1, 3);
    for await (const term of client.election.campaign(name, value, options)) {
      clearTimeout(timer);
      program.waiting.end(request);
      await lead(term, { ...program, ...config, random, name, request });
      if (--left === 0 || control.draining) break;
      request = program.nextRequest();
      wait();
    }
  } catch (error) {
    if (!(error instanceof EtcdError) && error !== ending.signal.reason) throw error;
    if (program.waiting.end(request))
      control.report({ type: 'failed', request, at: nowMs(), error: describeError(error as Error) });
  } finally {
    clearTimeout(timer);
  }
}

/** Leads for a while, and proclaims. A proclamation changes the mod revision, which must break neither guard nor resignation. */
async function lead(term: Term, owner: Owner): Promise<void> {
  const { control, random } = owner;
  const until = ownUntil(random, 50, 500);
  const proclaiming = proclaimUntil(term, until, owner);
  const isHeld = await own(term, owner, until, () => control.settling);
  await proclaiming;
  if (isHeld) await giveUp(term, isHeld, owner, () => term.resign());
}

async function proclaimUntil(
  term: Term,
  until: number,
  { random, incarnation, request }: Owner,
): Promise<void> {
  for (let turn = 1; term.held && nowMs() < until; turn++) {
    await sleep(random.between(20, 400));
    // A failure needs no handling: it changes nothing that is checked.
    if (term.held) await term.proclaim(logValue(incarnation, request, turn)).catch(ignoreEtcdError);
  }
}

function ignoreEtcdError(error: unknown): void {
  if (!(error instanceof EtcdError)) throw error;
}
