import { Gateway } from '#src/testing/gateway.js';
import type { EtcdClusterHandle } from '#src/testing/index.js';
import type { Resources } from '../resources.js';
import { nowMs } from './clock.js';
import type { Story } from './story.js';

const everyMs = 300;

/** Writes down each time that the members' term is seen to have risen. */
export function watchTerms({ members }: EtcdClusterHandle, story: Story, resources: Resources): void {
  const gateways = members.map(({ endpoint }) => new Gateway(endpoint));
  let highest = 0;
  let { journal } = story;
  let asking = false;
  const look = async () => {
    if (asking) return;
    asking = true;
    const terms = gateways.map((gateway) =>
      gateway.status(everyMs).then(
        ({ raftTerm }) => raftTerm,
        () => 0,
      ),
    );
    const term = Math.max(...(await Promise.all(terms)));
    asking = false;
    if (journal !== story.journal) [journal, highest] = [story.journal, 0]; // another store counts anew
    if (term <= highest) return;
    highest = term;
    story.add({ kind: 'term', term, at: nowMs() });
  };
  const timer = setInterval(() => void look(), everyMs);
  resources.defer(() => clearInterval(timer));
}
