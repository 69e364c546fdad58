/**
 * Reads the JUnit report of `bun test`: totals of the whole run and the seconds of each test file.
 * Only the opening tags of the suites are read, so a report of any number of tests is cheap.
 */
export type Report = {
  passed: number;
  failed: number;
  skipped: number;
  /** Test file as given to bun test → seconds. A file that did not load is not in it. */
  files: Map<string, number>;
};

/** A missing report (the runner died before writing it) reads as one without any test. */
export async function readJunit(path: string): Promise<Report> {
  const file = Bun.file(path);
  return parseJunit((await file.exists()) ? await file.text() : '');
}

/** Never throws: what is not there counts as 0, and the caller compares with the disk. */
export function parseJunit(xml: string): Report {
  const totals = readAttributes(/<testsuites\b([^>]*)>/.exec(xml)?.[1] ?? '');
  const number = (name: string) => Number(totals.get(name) ?? 0);
  const failed = number('failures') + number('errors');
  const skipped = number('skipped');
  const files = new Map<string, number>();
  for (const match of xml.matchAll(/<testsuite\b([^>]*)>/g)) {
    const suite = readAttributes(match[1] ?? '');
    const file = suite.get('file');
    const tests = Number(suite.get('tests') ?? 0);
    // A `describe` is a suite too, with its own name; the one of the file bears the file's.
    if (file === undefined || suite.get('name') !== file || tests === 0) continue;
    files.set(file, (files.get(file) ?? 0) + Number(suite.get('time') ?? 0));
  }
  return { passed: number('tests') - failed - skipped, failed, skipped, files };
}

function readAttributes(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, name, value] of text.matchAll(/([\w-]+)="([^"]*)"/g)) {
    if (name !== undefined && value !== undefined) found.set(name, value);
  }
  return found;
}
