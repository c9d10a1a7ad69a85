#!/usr/bin/env node
// npm run api: writes the API report of each entry to api/, and fails where a name has no docstring. With --check it
// also fails where a report is not up to date.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor';

const root = join(fileURLToPath(import.meta.url), '../..');
const isCheck = process.argv.includes('--check');

/** Each entry of the package and the declarations that it begins with. */
const entries = {
  index: 'dist/index.d.ts',
  testing: 'dist/testing/index.d.ts',
  proto: 'dist/raw/index.d.ts',
};

/** Its names are those of etcd's protocol, and their comments those of the .proto files. */
const generated = ['proto'];

const temporary = join(root, 'build', 'api');
mkdirSync(temporary, { recursive: true });
mkdirSync(join(root, 'api'), { recursive: true });
let failures = 0;
for (const [name, file] of Object.entries(entries)) report(name, file);
process.exitCode = failures > 0 ? 1 : 0;

function report(name, file) {
  const messages = [];
  const result = Extractor.invoke(configOf(name, file), {
    localBuild: !isCheck,
    messageCallback: (message) => {
      message.handled = true;
      if (message.logLevel === 'error' || message.logLevel === 'warning') messages.push(message.text);
    },
  });
  if (result.apiReportChanged && isCheck) {
    failures++;
    console.error(`api/${name}.api.md is not up to date: run 'npm run api' and commit what it wrote`);
  }
  for (const text of messages) console.error(`${name}: ${text}`);
  const text = readFileSync(join(root, 'api', `${name}.api.md`), 'utf8');
  const undocumented = text.split('(undocumented)').length - 1;
  console.log(
    `api/${name}.api.md: ${text.split('\n').length} lines, ${undocumented} names without a docstring`,
  );
  if (undocumented > 0 && !generated.includes(name)) failures++;
}

function configOf(name, file) {
  return ExtractorConfig.prepare({
    packageJsonFullPath: join(root, 'package.json'),
    configObjectFullPath: undefined,
    configObject: {
      projectFolder: root,
      newlineKind: 'lf',
      mainEntryPointFilePath: join(root, file),
      compiler: { overrideTsconfig: tsconfig(file) },
      apiReport: {
        enabled: true,
        reportFileName: `${name}.api.md`,
        reportFolder: join(root, 'api'),
        reportTempFolder: temporary,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        extractorMessageReporting: { default: { logLevel: 'none' } },
        tsdocMessageReporting: { default: { logLevel: 'none' } },
      },
    },
  });
}

/** The declarations are the input: the extractor has a TypeScript of its own, older than the one that made them. */
function tsconfig(file) {
  return {
    compilerOptions: {
      target: 'ES2022',
      lib: ['ES2022', 'ESNext.Disposable', 'DOM'],
      module: 'NodeNext',
      moduleResolution: 'NodeNext',
      types: ['node'],
      skipLibCheck: true,
    },
    files: [join(root, file)],
  };
}
