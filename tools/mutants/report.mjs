// What a run prints.

export function printSurvivors(results) {
  for (const { file, unexplained } of results) {
    for (const { at, original, replacement, tests } of unexplained) {
      const ran = tests === 0 ? 'no test runs it' : `survived ${tests} ${tests === 1 ? 'test' : 'tests'}`;
      console.log(`\n${file}:${at}: ${ran}\n  - ${original}\n  + ${replacement}`);
    }
  }
}

export function printStale(results) {
  for (const { file, stale } of results) {
    for (const { original, replacement } of stale)
      console.log(`\n${file}: accepted, but it did not survive\n  - ${original}\n  + ${replacement}`);
  }
}

/** One line per file, the total, and the number that decides. */
export function printResults(results) {
  const width = Math.max(...results.map(({ file }) => file.length), 0);
  const count = (part, of) => part.reduce((sum, result) => sum + of(result), 0);
  const row = (name, part) => {
    const [total, killed, timedOut, explained, unexplained] = [
      count(part, (result) => result.total),
      count(part, (result) => result.killed),
      count(part, (result) => result.timedOut.length),
      count(part, (result) => result.explained),
      count(part, (result) => result.unexplained.length),
    ];
    const score = total === 0 ? 'none' : `${((100 * killed) / total).toFixed(1)} %`;
    console.log(
      `${name.padEnd(width)}  ${String(total).padStart(5)} mutants, killed: ${score.padStart(7)} (${timedOut} by timeout), survivors: ${explained} explained, ${unexplained} unexplained`,
    );
  };
  console.log();
  for (const result of results) row(result.file, [result]);
  if (results.length > 1) row('total', results);
  const stale = count(results, (result) => result.stale.length);
  if (stale > 0) console.log(`to remove from tools/mutants/accepted: ${stale}`);
  console.log(`${count(results, (result) => result.unexplained.length)} unexplained survivors`);
}
