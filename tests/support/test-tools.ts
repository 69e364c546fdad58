/**
 * Programs that only tests want, where this machine has them: scripts/prepare/test-tools.mjs wrote
 * their paths. A test without its program is skipped, and says in its title which one it needs.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

type Tool = 'promtool' | 'postgresBinDir' | 'openssl' | 'chromium';

const file = join(import.meta.dir, '../../generated/test-tools.json');

export function findTestTool(name: Tool): string | null {
  if (!existsSync(file)) return null;
  const path: unknown = JSON.parse(readFileSync(file, 'utf8'))[name];
  return typeof path === 'string' && existsSync(path) ? path : null;
}
