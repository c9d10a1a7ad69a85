import { WriteStream } from 'node:tty';

/** The number of bits of a terminal that has no colours, as Node counts them. */
const withoutColor = 1;

/**
 * Whether to write colours, by the rules of Node's own output: on a terminal unless `NO_COLOR`, `NODE_DISABLE_COLORS` or
 * `TERM=dumb` is set, or `CI` of a service whose log Node does not know to have colours. `FORCE_COLOR` takes precedence over these, and applies to pipes too; `FORCE_COLOR=0` is off.
 */
export function usesColor(
  { isTTY }: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  if (!isTTY && env['FORCE_COLOR'] === undefined) return false;
  return WriteStream.prototype.getColorDepth.call(undefined, { ...env }) > withoutColor;
}
