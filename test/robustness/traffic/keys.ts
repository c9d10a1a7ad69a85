/** All keys of the traffic begin with it, so that one watch sees everything. */
export const prefix = 'k/';
/** The first key behind all that begin with the prefix. */
export const prefixEnd = 'k0';

export const keys: readonly string[] = Array.from({ length: 10 }, (_, i) => `${prefix}${i}`);

/** Written last, when all faults are healed: the validators need a last operation that succeeds. */
export const lastKey = `${prefix}last`;
