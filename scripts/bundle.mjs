#!/usr/bin/env node
// Writes dist/, the JavaScript that the package contains: one file for each entry and the chunks that they share, and the
// files of the page that `etcd-naming ui` serves. `tsc -b src src/cli/ui/browser` must have run.
//
// An import then opens a few files instead of some 300. Entries that share chunks share the package's classes and
// registries. Nothing is minified: stack traces name the functions, so no source maps are needed.
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
const compiled = join(root, 'build/src');
const output = join(root, 'dist');

const entries = {
  index: 'index.js',
  testing: 'testing/index.js',
  codecs: 'codecs/index.js',
  cli: 'cli/main.js',
};

const { peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const installed = Object.keys(peerDependencies);

// @bufbuild/protobuf becomes part of the bundle: its 30 files take longer to load than all of this package.
const chunks = [{ name: 'main', test: /\/build\/src\/(?!cli\/|testing\/|codecs\/)|\/@bufbuild\// }];

rmSync(output, { recursive: true, force: true });
await write(entries, chunks);
await write({ proto: 'raw/index.js' }, []);
// An application imports it before grpc-js, which OpenTelemetry's instrumentation patches: it shares no chunk.
await write({ otel: 'otel/index.js' }, []);
await writePage();

async function write(files, groups) {
  const bundle = await rolldown({
    input: Object.fromEntries(Object.entries(files).map(([name, file]) => [name, join(compiled, file)])),
    platform: 'node',
    external: [/^node:/, ...installed.map((name) => new RegExp(`^${name}(/|$)`))],
    plugins: [
      { name: 'licences', transform: { filter: { id: /\/node_modules\// }, handler: keepLicence } },
      { name: 'built-ins', transform: { filter: { id: /\/build\/src\// }, handler: withoutFacades } },
      { name: 'ascii', generateBundle: toAscii },
      { name: 'import.meta', generateBundle: checkImportMeta },
    ],
    onLog(_level, log) {
      throw new Error(log.message);
    },
  });
  await bundle.write({
    dir: output,
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name].js',
    codeSplitting: { groups },
    comments: { legal: true, annotation: true, jsdoc: false },
  });
  await bundle.close();
}

/** The page's code is minified: it is downloaded, and read with the browser's tools only by those who build it. */
async function writePage() {
  const bundle = await rolldown({
    input: join(root, 'build/ui/browser/main.js'),
    platform: 'browser',
    plugins: [{ name: 'ascii', generateBundle: toAscii }],
  });
  await bundle.write({ file: join(output, 'ui/app.js'), minify: true, comments: { legal: true } });
  await bundle.close();
  const source = join(root, 'src/cli/ui/browser');
  cpSync(join(source, 'index.html'), join(output, 'ui/index.html'));
  // base.css comes first; no other depends on its place.
  const styles = readdirSync(join(source, 'styles')).sort();
  writeFileSync(
    join(output, 'ui/app.css'),
    styles.map((file) => readFileSync(join(source, 'styles', file), 'utf8')).join('\n'),
  );
}

/** Its authors' notice is in line comments, which the bundler drops. */
function keepLicence(code) {
  return code.replace(/^(\/\/.*\n)+/, (lines) => `/*!\n${lines.replace(/^\/\/ ?/gm, ' * ')} */\n`);
}

/**
 * Gets the built-in modules of Node without `import`, which evaluates all of a module's getters: 5 ms for those that the
 * main entry needs. `node:tls`, for example, then parses each root certificate.
 */
function withoutFacades(code) {
  return code.replace(
    /^import (?:(\w+)|\{([^}]*)\}) from '(node:[^']+)';$/gm,
    (_, all, names, module) =>
      `const ${all ?? `{${names.replaceAll(' as ', ': ')}}`} = /* @__PURE__ */ process.getBuiltinModule('${module}');`,
  );
}

/** V8 decodes a file with any other character slowly, and keeps two bytes for each of its characters. */
function toAscii(_options, files) {
  for (const file of Object.values(files)) file.code = file.code.replace(/[\u0080-\uffff]/g, escaped);
}

function escaped(char) {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Jest compiles the entries to CommonJS, where it is a syntax error. The command is not imported. */
function checkImportMeta(_options, files) {
  for (const { fileName, code } of Object.values(files))
    if (!/^(?:cli|chunks\/run)\.js$/.test(fileName) && code.includes('import.meta'))
      throw new Error(`${fileName} contains import.meta`);
}
