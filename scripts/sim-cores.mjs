// The simulated cores, and how their mutants are made.
import { mutants as leaseMutants } from './sim-mutants-lease.mjs';
import { mutants as lockMutants } from './sim-mutants-lock.mjs';
import { mutants as registerMutants } from './sim-mutants-register.mjs';
import { mutants as watchMutants } from './sim-mutants-watch.mjs';

/**
 * For each core: its compiled folder, its dependencies, the simulation that must detect its mutants, and the mutants.
 */
export const cores = {
  watch: { folder: 'build/src/watch/core', main: 'build/test/sim/watch/main.js', mutants: watchMutants },
  lease: { folder: 'build/src/lease/core', main: 'build/test/sim/lease/main.js', mutants: leaseMutants },
  lock: {
    folder: 'build/src/lock/core',
    needs: ['build/src/lock', 'build/src/lease'],
    main: 'build/test/sim/lock/main.js',
    mutants: lockMutants,
  },
  register: {
    folder: 'build/src/naming/register/core',
    needs: ['build/src/naming'],
    main: 'build/test/sim/register/main.js',
    mutants: registerMutants,
  },
};

/**
 * The files of a mutant that differ from the core's, by name. @param read returns a file of the core. @throws if a text
 * to replace does not occur exactly once: the core has changed, and the mutant has not.
 */
export function patchedFiles({ patches }, read) {
  const files = new Map();
  for (const { file, from, to } of patches) {
    const source = files.get(file) ?? read(file);
    const places = source.split(from).length - 1;
    if (places !== 1) throw new Error(`its text occurs ${places} times in ${file} instead of once:\n${from}`);
    files.set(
      file,
      source.replace(from, () => to),
    );
  }
  return files;
}
