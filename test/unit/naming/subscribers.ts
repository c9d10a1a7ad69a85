import type { ServiceDirectory } from '#src/naming/index.js';
import { settled } from './fake-service.js';

/** A subscriber, and what it was told: views as their addresses, troubles as their texts. */
export function subscribeTo(directory: ServiceDirectory, target = 'svc') {
  const told: string[] = [];
  const unsubscribe = directory.follow(target, {
    onView: ({ endpoints }) => told.push(`[${endpoints.map(({ addr }) => addr)}]`),
    onFailure: (error) => told.push(error.message),
  });
  return { told, unsubscribe };
}

/** A subscriber that has been told what is known already. */
export async function followIn(directory: ServiceDirectory, target?: string) {
  const subscriber = subscribeTo(directory, target);
  await settled();
  return subscriber;
}
