import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { protoFolder } from '#src/raw/index.js';
import { linksOf, pageText } from '../../support/pages.js';
import { promises, proofRows, unquotedPart } from '../../support/promises.js';
import { type ProofRecord, typedCommand } from '../../support/proof.js';

type Records = Readonly<Record<string, ProofRecord>>;
type Campaigns = Readonly<Record<string, string>>;

interface Page {
  renderPage(text: string, records: Records, campaigns: Campaigns): string;
  campaignsOf(text: string, kind?: string): readonly string[];
}

const root = join(protoFolder(), '..');
const load = async <T>(file: string) =>
  (await import(pathToFileURL(join(root, 'scripts/proof', file)).href)) as T;
const { renderPage, campaignsOf } = await load<Page>('page.mjs');
const { campaigns } = await load<{ campaigns: Campaigns }>('campaigns.mjs');
const { scripts, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>;
  readonly version: string;
};

const folder = join(root, 'docs/proof');
const recorded = (existsSync(folder) ? readdirSync(folder) : []).filter((file) => file.endsWith('.json'));
const records: Records = Object.fromEntries(
  recorded.map((file) => [
    basename(file, '.json'),
    JSON.parse(readFileSync(join(folder, file), 'utf8')) as ProofRecord,
  ]),
);

const page = pageText('docs/proof.md');
const rows = proofRows();
const quotes = rows.flatMap((row) => row.quotes);
const titleOf = (text: string) => (text.length > 60 ? `${text.slice(0, 60)}…` : text);

describe('docs/proof.md', () => {
  for (const promise of promises())
    it(`quotes all of a promise of ${promise.page}: ${titleOf(promise.text)}`, () => {
      assert.equal(unquotedPart(promise, quotes), '');
    });

  it('finds promises in each part of the README and of the guarantees', () => {
    assert.ok(promises().length >= 30, `${promises().length} promises`);
    assert.ok(rows.length >= 30, `${rows.length} rows`);
  });

  it('quotes only promises', () => {
    const texts = promises().map(({ text }) => text);
    assert.deepEqual(
      quotes.filter((quote) => !texts.some((text) => text.includes(quote))),
      [],
    );
    const short = quotes.filter((quote) => quote.split(' ').length < 4 && !texts.includes(quote));
    assert.deepEqual(short, [], 'too short to tell one promise from another');
  });

  for (const {
    quotes: [first = ''],
    rule,
    tests,
    campaign,
  } of rows) {
    it(`has a rule, a test and a campaign, or says that there is none: ${titleOf(first)}`, () => {
      assert.match(rule, /\]\([\w/.-]+\.md(?:#[\w-]+)?\)/, 'a rule is a link');
      assert.match(tests, /`test\/[\w/.-]+\.test\.ts` “|`npm run |\*\*no test\*\*/);
      assert.match(campaign, /<!-- last |^no campaign|`npm run /);
    });
  }

  it('is linked from the README and the index', () => {
    for (const index of ['README.md', 'docs/README.md'])
      assert.ok(
        linksOf(index).some(({ path }) => path === 'docs/proof.md'),
        index,
      );
  });
});

describe('the figures of docs/proof.md', () => {
  it('are those of docs/proof: npm run proof writes them', () => {
    assert.equal(page, renderPage(page, records, campaigns));
  });

  it('are shown for each campaign', () => {
    assert.deepEqual(campaignsOf(page, 'figures'), Object.keys(campaigns));
    assert.deepEqual(
      Object.keys(records).filter((name) => !(name in campaigns)),
      [],
    );
  });

  it('are of campaigns that have a script', () => {
    const named = Object.values(campaigns).map((command) => command.split(' ')[0] ?? '');
    assert.deepEqual(
      named.filter((name) => !(name in scripts)),
      [],
    );
  });

  for (const [name, record] of Object.entries(records)) {
    it(`have a date, a version, a command and releases of etcd: ${name}`, () => {
      assert.match(record.date, /^20\d\d-[01]\d-[0-3]\d$/);
      assert.match(record.version, /^\d+\.\d+\.\d+/);
      for (const release of record.etcd) assert.match(release, /^\d+\.\d+\.\d+/);
      const [, script = ''] = record.command.match(/^npm run ([\w:-]+)/) ?? [];
      assert.ok(script in scripts, record.command);
      assert.doesNotMatch(JSON.stringify(record), /\/(?:root|home|tmp|work|Users)\//, 'a path of a machine');
    });
  }
});

describe('the command of a record', () => {
  it('is what a user types, without --record and the path of an etcd', () => {
    const args = ['--seconds', '40', '--etcd', '/a/path', '--record', '--seed', '7'];
    assert.equal(typedCommand('chaos', args), 'npm run chaos -- --seconds 40 --seed 7');
    assert.equal(typedCommand('chaos', ['--record', '--etcd=/a/path']), 'npm run chaos');
  });
});

describe('the rendering of figures', () => {
  const record: ProofRecord = {
    command: 'npm run soak',
    passed: true,
    etcd: ['3.7.1'],
    figures: { callsFailed: 0, calls: 12_345 },
    tables: { slopes: { columns: ['What', 'Slope'], rows: [['a|b', '1 MB/h']] } },
    date: '2026-11-30',
    version,
    environment: { node: 'v20.20.2', platform: 'linux', cores: 2 },
  };
  const render = (text: string, of: Records = { soak: record }) => renderPage(text, of, { soak: 'soak' });
  const last = '<!-- last soak: {callsFailed} of {calls} calls --><!-- /last -->';

  it('puts date, version and etcd beside each figure, and replaces what was there', () => {
    const once = render(`a ${last} b`);
    assert.equal(
      once,
      `a <!-- last soak: {callsFailed} of {calls} calls -->0 of 12,345 calls (2026-11-30, ${version}, etcd 3.7.1)<!-- /last --> b`,
    );
    assert.equal(render(once), once);
  });

  it('says that a campaign is not recorded, ran without etcd, or failed', () => {
    assert.match(render(last, {}), />not recorded yet</);
    assert.match(render(last, { soak: { ...record, etcd: [] } }), new RegExp(`\\(2026-11-30, ${version}\\)`));
    assert.match(render(last, { soak: { ...record, passed: false } }), /\*\*failed\*\*: 0 of/);
  });

  it('shows all figures and tables of a campaign, and escapes their cells', () => {
    const shown = render('<!-- figures soak --><!-- /figures -->');
    assert.match(shown, /\| Calls failed \| 0 \|/);
    assert.match(shown, /Slopes:\n\n\| What \| Slope \|\n\| --- \| --- \|\n\| a\\\|b \| 1 MB\/h \|/);
  });

  it('rejects a figure that its record lacks, and an unknown campaign', () => {
    assert.throws(() => render('<!-- last soak: {heap} --><!-- /last -->'), /'soak' has no figure 'heap'/);
    assert.throws(() => render('<!-- figures sock --><!-- /figures -->'), /no campaign 'sock'/);
  });
});
