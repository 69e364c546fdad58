/** What the figures were taken on and of: without it they say nothing. */
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dir, '../..');
const gibibyte = 1024 ** 3;

function git(...args: string[]): string | null {
  const result = Bun.spawnSync(['git', ...args], { cwd: root, stderr: 'ignore' });
  return result.success ? result.stdout.toString().trim() : null;
}

/** `ee0f9b3`, with ` + changes` when the working tree differs. */
function commit(): string {
  const head = git('rev-parse', '--short', 'HEAD');
  if (head === null) return 'unknown commit';
  return git('status', '--porcelain') === '' ? head : `${head} + changes`;
}

/** One line; the load average is the machine's before the bench began. */
export function describeRun(): string {
  const [cpu] = cpus();
  return [
    `${cpu?.model.trim() ?? 'unknown processor'}, ${cpus().length} cores`,
    `${(totalmem() / gibibyte).toFixed(0)} GiB`,
    `${type()} ${release()}`,
    `Bun ${Bun.version}`,
    commit(),
    new Date().toISOString().slice(0, 10),
    `load average before ${loadavg()[0]?.toFixed(1)}`,
  ].join(' · ');
}
