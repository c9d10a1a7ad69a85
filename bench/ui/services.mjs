// The services of the benchmark and their records.
import { encodeEndpoint, op } from '../../dist/index.js';

export const prefix = 'bench/';

/** The service that the pages show. */
export const bigService = `${prefix}big`;

const serviceCount = 50;
const bigShare = 0.4;

/** The name of each service with its number of endpoints: 50 services, and two fifths of the endpoints in the big one. */
export function servicesOf(endpoints) {
  const big = Math.round(endpoints * bigShare);
  const others = serviceCount - 1;
  return Array.from({ length: serviceCount }, (_, i) => {
    if (i === 0) return { name: bigService, size: big };
    const size =
      Math.floor(((endpoints - big) * i) / others) - Math.floor(((endpoints - big) * (i - 1)) / others);
    return { name: `${prefix}team-${i % 7}/service-${String(i).padStart(2, '0')}`, size };
  });
}

/**
 * The endpoint with a number that is unique among all services. `build` is the part that changes: the first of the metadata, so that a page which
 * cuts long metadata shows it.
 */
export function endpointOf(number, build) {
  const { id, addr } = placeOf(number);
  const metadata = {
    build,
    weight: 1 + (number % 5),
    zone: `zone-${'abc'[number % 3]}`,
    version: `4.${number % 3}.17`,
    host: `node-${id}.rack-${number % 40}.example.internal`,
    labels: { team: `team-${number % 7}`, tier: 'standard', commit: (number * 2_654_435_761).toString(16) },
  };
  return { id, addr, metadata };
}

/** The put of an endpoint's record. */
export function putOf({ service, number, lease }, build) {
  const { id, addr, metadata } = endpointOf(number, build);
  return op.put(`${service}/${id}`, encodeEndpoint({ addr, metadata }), { lease });
}

export function keyOf({ service, number }) {
  return `${service}/${placeOf(number).id}`;
}

export function addressOf(number) {
  return placeOf(number).addr;
}

function placeOf(number) {
  const addr = `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}:50051`;
  return { id: `e${String(number).padStart(6, '0')}`, addr };
}
