import { addressOf, type Planned } from './store.js';

export const services = 1_000;
export const endpointsEach = 5;

/** The services of the rows with many targets. Each endpoint has an address of its own. */
export function planServices(
  count: number,
  port: number,
): readonly { readonly target: string; readonly endpoints: Planned[] }[] {
  return Array.from({ length: count }, (_, i) => {
    const target = `scale/targets/${i}`;
    const endpoints = Array.from({ length: endpointsEach }, (_, e) => ({
      target,
      id: `${e}`,
      addr: addressOf(i * endpointsEach + e, port),
    }));
    return { target, endpoints };
  });
}
