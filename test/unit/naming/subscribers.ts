import type { ServiceDirectory } from '#src/naming/index.js';
import { settled } from './fake-service.js';

/** A subscriber and its reports: views as their addresses, failures as their texts. */
export function subscribeTo(directory: ServiceDirectory, target = 'svc') {
  const received: string[] = [];
  const unsubscribe = directory.follow(target, {
    onView: ({ endpoints }) => received.push(`[${endpoints.map(({ addr }) => addr)}]`),
    onFailure: (error) => received.push(error.message),
  });
  return { received, unsubscribe };
}

/** A subscriber that has received what was known. */
export async function followIn(directory: ServiceDirectory, target?: string) {
  const subscriber = subscribeTo(directory, target);
  await settled();
  return subscriber;
}
