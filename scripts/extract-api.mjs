// Runs API Extractor on the declarations of one entry of the package.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor';

export const root = join(fileURLToPath(import.meta.url), '../..');

/** Each entry of the package and the declarations that tsc emits for it. */
export const entries = {
  index: 'build/src/index.d.ts',
  testing: 'build/src/testing/index.d.ts',
  codecs: 'build/src/codecs/index.d.ts',
  otel: 'build/src/otel/index.d.ts',
  proto: 'build/src/raw/index.d.ts',
};

/** Its names are those of etcd's protocol, and their comments those of the .proto files. */
export const generated = ['proto'];

/**
 * Extracts what `outputs`, a part of an API Extractor configuration, asks for. Returns the extractor's result and the
 * texts of its warnings and errors. A type that an entry uses and does not export causes one, because a reader of the
 * declarations sees it and cannot name it. Generated code has such types.
 */
export function extract(entry, file, outputs, localBuild = true, paths = {}) {
  const texts = [];
  const result = Extractor.invoke(configOf(entry, file, outputs, paths), {
    localBuild,
    messageCallback: (message) => {
      message.handled = true;
      const isProblem = message.logLevel === 'error' || message.logLevel === 'warning';
      if (isProblem && message.category !== 'console') texts.push(message.text);
    },
  });
  return { result, texts };
}

/** Compares an entry's declarations with its report in api/, which `localBuild` replaces if it differs. */
export function extractReport(entry, file, localBuild) {
  const temporary = join(root, 'build', 'api');
  mkdirSync(temporary, { recursive: true });
  const apiReport = {
    enabled: true,
    reportFileName: `${entry}.api.md`,
    reportFolder: join(root, 'api'),
    reportTempFolder: temporary,
  };
  return extract(entry, file, { apiReport }, localBuild);
}

function configOf(entry, file, outputs, paths) {
  const off = { logLevel: 'none' };
  return ExtractorConfig.prepare({
    packageJsonFullPath: join(root, 'package.json'),
    configObjectFullPath: undefined,
    configObject: {
      projectFolder: root,
      newlineKind: 'lf',
      mainEntryPointFilePath: file,
      compiler: { overrideTsconfig: tsconfig(file, paths) },
      apiReport: { enabled: false },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        extractorMessageReporting: {
          default: off,
          'ae-forgotten-export': generated.includes(entry) ? off : { logLevel: 'error' },
        },
        tsdocMessageReporting: { default: off },
      },
      ...outputs,
    },
  });
}

/** The declarations are the input: the extractor has a TypeScript of its own, older than the one that made them. */
function tsconfig(file, paths) {
  return {
    compilerOptions: {
      target: 'ES2022',
      lib: ['ES2022', 'ESNext.Disposable', 'DOM'],
      module: 'NodeNext',
      moduleResolution: 'NodeNext',
      types: ['node'],
      skipLibCheck: true,
      paths,
    },
    files: [file],
  };
}
