import { type Chapter, factsOf } from '../history.js';
import { type Tenure, tenures } from './tenures.js';
import { type Check, Findings } from './verdict.js';

/** R3: who lost its lease comes back under another one and under its own key, of which it tells the truth. */
export const returnsAreNew: Check = (chapter) => {
  const found = new Findings();
  const all = tenures(chapter.truth);
  for (const { life, key } of factsOf(chapter, 'started')) {
    if (key === undefined) continue;
    const own = all.filter((tenure) => tenure.life === life);
    const others = new Set(own.map((tenure) => tenure.key).filter((one) => one !== key));
    if (others.size > 0) found.wrong('R3', `${life} wrote ${[...others].join(', ')} beside ${key}`);
    judgeLeases(life, own, found);
    judgeTold(life, chapter, found);
  }
  return found;
};

function judgeLeases(life: string, own: readonly Tenure[], found: Findings): void {
  const used = new Set<bigint>();
  for (const { leases, key } of own) {
    if (used.size > 0) found.saw('R3 returns');
    const again = [...leases].filter((lease) => used.has(lease));
    if (again.length > 0)
      found.wrong('R3', `${life} came back to ${key} under its lease ${again.join(', ')}`);
    for (const lease of leases) used.add(lease);
  }
}

function judgeTold(life: string, chapter: Chapter, found: Findings): void {
  const told = factsOf(chapter, 'registered').filter((one) => one.life === life);
  for (const [i, { lease, revision }] of told.entries()) {
    if (told.slice(0, i).some((before) => before.lease === lease))
      found.wrong('R3', `${life} was registered twice under lease ${lease}`);
    if (revision > chapter.truth.lastRevision) continue;
    const isTrue = chapter.truth
      .at(revision)
      .some((event) => event.type === 'put' && event.kv.lease === lease);
    if (!isTrue)
      found.wrong('R3', `${life} was told of a record at ${revision}, and there is none of its lease`);
  }
}
