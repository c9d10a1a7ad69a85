import { factsOf } from '../history.js';
import { type Check, Findings } from './check-result.js';

/** M7: no key and no lease is left behind. M8: no process ends by itself. */
export const nothingIsLeft: Check = (history) => {
  const found = new Findings();
  const systems = new Set(factsOf(history, 'request').map(({ system }) => system));
  for (const system of systems) found.count(system, 'M7 ends');
  for (const { system, what, id } of factsOf(history, 'leftover'))
    found.report(system, 'M7', `the ${what} ${id} is left behind`);
  const incarnations = new Map(factsOf(history, 'request').map((one) => [one.incarnation, one.system]));
  for (const system of incarnations.values()) found.count(system, 'M8 processes');
  for (const { system, incarnation, text } of factsOf(history, 'crashed'))
    found.report(system, 'M8', `${incarnation} ended by itself: ${text.trim().slice(0, 400)}`);
  for (const { revision, members } of history.stored.filter((fact) => fact.kind === 'conflict'))
    found.report('ours', 'T', `${members.join(' and ')} report different events for revision ${revision}`);
  return found;
};
