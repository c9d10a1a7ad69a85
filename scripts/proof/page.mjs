// Renders the records of campaigns into the page docs/proof.md. Pure.

const notRecorded = 'not recorded yet';

/**
 * The markers in the page, each followed by its rendered text and its end:
 *
 * - `<!-- runs -->`: a row for the last run of each campaign;
 * - `<!-- figures NAME -->`: all figures and tables of a campaign;
 * - `<!-- last NAME: {figure} text -->`: a text with single figures of a campaign, followed by the run's date and release.
 */
const marker = /<!-- (runs|figures|last)(?: ([\w-]+)(?:: ([^>]*?))?)? -->[\s\S]*?<!-- \/\1 -->/g;

/**
 * The page with the figures of the records, by name; the text between the markers is replaced.
 *
 * @throws if a marker names an unknown campaign, or a figure that its record lacks.
 */
export function renderPage(text, records, campaigns) {
  return text.replace(marker, (whole, kind, name, template) => {
    if (kind !== 'runs' && !(name in campaigns)) throw new Error(`there is no campaign '${name}'`);
    const begin = whole.slice(0, whole.indexOf('-->') + 3);
    return `${begin}${contentOf({ kind, name, template }, records, campaigns)}<!-- /${kind} -->`;
  });
}

/** The campaigns that the page refers to: by any marker, or by one of a kind. */
export function campaignsOf(text, only) {
  const found = [...text.matchAll(marker)].filter(([, kind]) => only === undefined || kind === only);
  return [...new Set(found.flatMap(([, , name]) => name ?? []))];
}

function contentOf({ kind, name, template }, records, campaigns) {
  switch (kind) {
    case 'runs':
      return `\n\n${runsTable(records, campaigns)}\n\n`;
    case 'figures':
      return `\n\n${figuresOf(records[name], campaigns[name])}\n\n`;
    default:
      return lastRun(name, template, records[name]);
  }
}

function runsTable(records, campaigns) {
  const rows = Object.entries(campaigns).map(([name, short]) => {
    const record = records[name];
    const campaign = `[${name}](#${name})`;
    if (record === undefined) return [campaign, `\`npm run ${short}\``, notRecorded, '', '', '', ''];
    const { command, passed, date, version, etcd, environment } = record;
    const where = `Node ${environment.node.slice(1)}, ${environment.platform}, ${environment.cores} cores`;
    return [campaign, `\`${command}\``, resultOf(passed), date, version, etcd.join(', '), where];
  });
  return tableOf(['Campaign', 'Command', 'Result', 'Date', 'Version', 'etcd', 'Where'], rows);
}

function figuresOf(record, short) {
  if (record === undefined) return `\`npm run ${short}\`: ${notRecorded}.`;
  const { command, passed, figures, tables = {} } = record;
  const parts = [`\`${command}\`: ${resultOf(passed)}; ${runOf(record)}.`];
  if (Object.keys(figures).length > 0)
    parts.push(tableOf(['Figure', ''], Object.entries(figures).map(labelled)));
  for (const [name, { columns, rows }] of Object.entries(tables))
    parts.push(`${sentence(name)}:`, tableOf(columns, rows));
  return parts.join('\n\n');
}

function lastRun(name, template, record) {
  if (record === undefined) return notRecorded;
  const text = template.replace(/\{(\w+)\}/g, (_, figure) => {
    const value = record.figures[figure];
    if (value === undefined) throw new Error(`the record of '${name}' has no figure '${figure}'`);
    return shown(value);
  });
  return `${record.passed ? '' : '**failed**: '}${text} (${runOf(record)})`;
}

function runOf({ date, version, etcd }) {
  return [date, version, ...(etcd.length > 0 ? [`etcd ${etcd.join(', ')}`] : [])].join(', ');
}

function resultOf(passed) {
  return passed ? 'passed' : '**failed**';
}

function labelled([name, value]) {
  return [sentence(name), value];
}

/** `leasesLost` as `Leases lost`. */
function sentence(name) {
  const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function tableOf(columns, rows) {
  const lines = [columns, columns.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.map(cellOf).join(' | ')} |`).join('\n');
}

function cellOf(value) {
  return shown(value).replaceAll('|', '\\|').replaceAll('\n', ' ');
}

function shown(value) {
  return typeof value === 'number' ? value.toLocaleString('en-US') : value;
}
