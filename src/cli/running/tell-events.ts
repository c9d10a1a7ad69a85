import type { Registration } from '../../index.js';
import { toJson } from '../json.js';

/** Says on stderr what happens to the registration; of an outage its beginning and its end, not each attempt. */
export async function tellEvents(registration: Registration, say: (text: string) => void): Promise<void> {
  let troubled = false;
  for await (const event of registration.events()) {
    switch (event.type) {
      case 'registered':
        troubled = false;
        if (event.again) say(`registered again as ${registration.key}, revision ${event.revision}`);
        break;
      case 'lost':
        say(`the record is lost (${event.cause})${event.error ? `: ${event.error.message}` : ''}`);
        break;
      case 'waiting':
        say(`another's record has the key, and is waited out: ${event.value}`);
        break;
      case 'adopted':
        say(`somebody changed the record; it stays so: ${toJson(event.endpoint)}`);
        break;
      case 'restored':
        say(`the record was overwritten; it is stored again: ${event.value}`);
        break;
      case 'failure':
        if (!troubled) say(`cannot register, and goes on trying: ${event.error.message}`);
        troubled = true;
        break;
      case 'ended':
        if (event.reason !== 'closed')
          say(`the registration is over (${event.reason}); the program goes on without it`);
    }
  }
}
