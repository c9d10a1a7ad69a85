import { type Chapter, factsOf } from '../history.js';
import { closesAreFinalAndBounded } from './closes.js';
import { deadOwnersLoseTheirRecord } from './deaths.js';
import { holdsAreBounded } from './holds.js';
import { allIsWellAgain } from './mends.js';
import { ownersTakeTurns } from './owners.js';
import { nothingComesBack } from './resurrection.js';
import { returnsAreNew } from './returns.js';
import { tellingIsSparing } from './telling.js';
import { type Aspect, type Check, Findings, type Verdict } from './verdict.js';
import { viewsAreTrue } from './views.js';
import { wipesAreTold } from './wipes.js';

const membersAgree: Check = (chapter) => {
  const found = new Findings();
  for (const { revision, members } of factsOf(chapter, 'conflict'))
    found.wrong('T', `${members.join(' and ')} tell different things of revision ${revision}`);
  return found;
};

const checks: readonly Check[] = [
  membersAgree,
  viewsAreTrue,
  nothingComesBack,
  holdsAreBounded,
  tellingIsSparing,
  allIsWellAgain,
  wipesAreTold,
  deadOwnersLoseTheirRecord,
  returnsAreNew,
  ownersTakeTurns,
  closesAreFinalAndBounded,
];

/** All that is wrong with a run, and how often there was something to be wrong. Pure. */
export function checkNaming(chapters: readonly Chapter[]): Verdict {
  const verdicts = chapters.flatMap((chapter) => checks.map((check) => check(chapter)));
  const seen: Partial<Record<Aspect, number>> = {};
  for (const verdict of verdicts)
    for (const [aspect, times] of Object.entries(verdict.seen) as [Aspect, number][])
      seen[aspect] = (seen[aspect] ?? 0) + times;
  return { violations: verdicts.flatMap(({ violations }) => violations), seen };
}
