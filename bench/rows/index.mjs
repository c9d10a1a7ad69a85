// All rows, in the order of the output.
//
// A row has: name, title, metrics; settings, `full` and `quick`, each with the number of rounds; optionally the
// contestants that take part, and options of theirs. `prepare` fills the store, before the contestants start.
// `calibrate` derives parameters of the measurements from a first one. `start` runs in the contestant's process and
// returns `measure`, which a round calls, and optionally `close`. `clientOptions` are options of this package's
// client. A `fresh` row gets a process for each measurement. A
// row `withoutClient` does not connect the contestant.
//
// The files are loaded for their names before the peers are installed, so they import peers only when a row runs.
const files = [
  'unary',
  'open-loop',
  'range',
  'watch',
  'watchers',
  'import',
  'leases',
  'registrations',
  'balancer',
  'outlier-detection',
  'directory',
];

/** Every row, with the name of its file. */
export async function loadRows() {
  const found = await Promise.all(files.map((file) => rowsIn(file)));
  return found.flat();
}

/** The rows of a file. A contestant's process loads no other file: what it loads would count as its own. */
export async function rowsIn(file) {
  const { rows } = await import(`./${file}.mjs`);
  return rows.map((row) => ({ ...row, file }));
}
