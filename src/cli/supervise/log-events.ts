import type { Registration } from '../../index.js';
import { toJson } from '../output/json.js';

/** Logs the events of a registration. Of an outage only the first failure is logged, not each attempt. */
export async function logRegistrationEvents(
  registration: Registration,
  log: (text: string) => void,
): Promise<void> {
  let isFailing = false;
  for await (const event of registration.events()) {
    switch (event.type) {
      case 'registered':
        isFailing = false;
        if (event.again) log(`registered again as ${registration.key}, revision ${event.revision}`);
        break;
      case 'lost':
        log(`the record was lost (${event.cause})${event.error ? `: ${event.error.message}` : ''}`);
        break;
      case 'waiting':
        log(`the key has another owner's record; waiting until it is gone: ${event.value}`);
        break;
      case 'adopted':
        log(`another process changed the record; the change is kept: ${toJson(event.endpoint)}`);
        break;
      case 'restored':
        log(`another process overwrote the record; it was restored: ${event.value}`);
        break;
      case 'failure':
        if (!isFailing) log(`cannot register; retrying: ${event.error.message}`);
        isFailing = true;
        break;
      case 'ended':
        if (event.reason !== 'closed')
          log(`the registration ended (${event.reason}); the program keeps running`);
    }
  }
}
