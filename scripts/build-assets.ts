/**
 * Makes what pages load, generated/app.css, app.js and theme.js, of views/, by Tailwind's CLI and
 * Bun's bundler, so that nothing is built or fetched when opsforge runs. Does nothing when the
 * stamp says that the views, this file and the installed packages are those of last time. Fonts
 * stay where their packages put them; their addresses go into the style sheet.
 */
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { assetUrl, contentHash } from '../src/controllers/assets.ts';

const root = join(import.meta.dir, '..');
const generated = join(root, 'generated');
const stampPath = join(generated, 'assets.stamp');
const outputs = ['app.css', 'app.js', 'theme.js'];

/** Name in views/styles/fonts.css, also in src/app/page-assets.ts → file of the package. */
const fonts = {
  'inter-latin.woff2': 'inter/files/inter-latin-wght-normal.woff2',
  'inter-latin-ext.woff2': 'inter/files/inter-latin-ext-wght-normal.woff2',
  'geist-mono-latin.woff2': 'geist-mono/files/geist-mono-latin-wght-normal.woff2',
  'geist-mono-latin-ext.woff2': 'geist-mono/files/geist-mono-latin-ext-wght-normal.woff2',
};

/** Everything that, when it changes, may change what is made. */
async function hashInputs(): Promise<string> {
  const views = await Array.fromAsync(new Bun.Glob('views/**/*.{ts,tsx,css}').scan({ cwd: root }));
  const hasher = new Bun.CryptoHasher('sha256');
  for (const path of [...views.sort(), 'scripts/build-assets.ts', 'package-lock.json']) {
    hasher.update(`${path}\0`).update(await Bun.file(join(root, path)).bytes());
  }
  return hasher.digest('hex');
}

async function isCurrent(inputs: string): Promise<boolean> {
  const stamp = Bun.file(stampPath);
  if (!(await stamp.exists()) || (await stamp.text()) !== inputs) return false;
  const made = await Promise.all(outputs.map((name) => Bun.file(join(generated, name)).exists()));
  return made.every(Boolean);
}

async function buildStyles(): Promise<string> {
  const cli = join(root, 'node_modules/@tailwindcss/cli/dist/index.mjs');
  const draft = join(generated, `app.css.${process.pid}.draft`);
  try {
    const command = ['--bun', cli, '-i', 'views/styles/app.css', '-o', draft, '--minify'];
    const child = Bun.spawn([process.execPath, ...command], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said = await child.stderr.text();
    if ((await child.exited) !== 0) throw new Error(`Tailwind failed:\n${said}`);
    return await addressFonts(await Bun.file(draft).text());
  } finally {
    await rm(draft, { force: true });
  }
}

async function addressFonts(css: string): Promise<string> {
  let addressed = css;
  for (const [name, file] of Object.entries(fonts)) {
    const bytes = await Bun.file(join(root, 'node_modules/@fontsource-variable', file)).bytes();
    const found = new RegExp(`url\\(["']?${RegExp.escape(name)}["']?\\)`);
    if (!found.test(addressed)) throw new Error(`views/styles/fonts.css does not name ${name}`);
    addressed = addressed.replace(found, `url(${assetUrl(contentHash(bytes), name)})`);
  }
  return addressed;
}

async function buildScript(entry: string): Promise<string> {
  const result = await Bun.build({
    entrypoints: [join(root, 'views/client', entry)],
    target: 'browser',
    format: 'iife',
    minify: true,
  });
  const [output] = result.outputs;
  if (output === undefined) throw new Error(`views/client/${entry} came to nothing`);
  return output.text();
}

/** A reader never sees half a file, and the stamp never precedes what it describes. */
async function writeAtomically(name: string, text: string): Promise<void> {
  const path = join(generated, name);
  const draft = `${path}.${process.pid}.draft`;
  await Bun.write(draft, text);
  await rename(draft, path);
}

const inputs = await hashInputs();
if (!(await isCurrent(inputs))) {
  const startedMs = performance.now();
  await mkdir(generated, { recursive: true });
  const [css, app, theme] = await Promise.all([
    buildStyles(),
    buildScript('main.ts'),
    buildScript('theme.ts'),
  ]);
  await writeAtomically('app.css', css);
  await writeAtomically('app.js', app);
  await writeAtomically('theme.js', theme);
  await writeAtomically('assets.stamp', inputs);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  const kilobytes = (text: string) => `${(Bun.gzipSync(text).length / 1024).toFixed(1)} KiB`;
  console.error(`pages built: css ${kilobytes(css)}, js ${kilobytes(app)} gzipped, ${seconds} s`);
}
