// The arguments of the command.
import { parseArgs } from 'node:util';

/** A wrong argument: the command prints the message and ends with exit code 2. */
export class UsageError extends Error {}

const options = {
  rows: { type: 'string' },
  rounds: { type: 'string' },
  contestants: { type: 'string' },
  version: { type: 'string' },
  json: { type: 'string' },
  markdown: { type: 'string' },
  quick: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
};

/**
 * @param argv without node and the script
 * @param known the names of all rows and of all contestants, each in the order of the output
 */
export function parseArguments(argv, known) {
  const { rows, contestants, rounds, ...others } = parsed(argv);
  return {
    ...others,
    rows: chosen('row', rows, known.rows),
    // The reference of the ratios always runs.
    contestants: chosen('contestant', contestants && `raw,${contestants}`, known.contestants),
    rounds: rounds === undefined ? undefined : positive('--rounds', rounds),
  };
}

function parsed(argv) {
  try {
    return parseArgs({ args: argv, options }).values;
  } catch (error) {
    throw new UsageError(error.message);
  }
}

/** The known names that a comma-separated list selects. A name that ends with `*` selects all that begin with it. */
function chosen(kind, list, known) {
  if (list === undefined) return known;
  const wanted = list.split(',').map((name) => name.trim());
  for (const name of wanted) {
    if (!known.some((other) => matches(other, name)))
      throw new UsageError(`unknown ${kind} '${name}': one of ${known.join(', ')}`);
  }
  return known.filter((name) => wanted.some((pattern) => matches(name, pattern)));
}

function matches(name, pattern) {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

function positive(name, text) {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new UsageError(`${name} must be a number from 1, not '${text}'`);
  return Number(text);
}
