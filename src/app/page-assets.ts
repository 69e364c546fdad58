/** The files that pages load, all carried in the binary; scripts/build-assets.ts makes ours. */

import monoExtPath from '@fontsource-variable/geist-mono/files/geist-mono-latin-ext-wght-normal.woff2' with {
  type: 'file',
};
import monoPath from '@fontsource-variable/geist-mono/files/geist-mono-latin-wght-normal.woff2' with {
  type: 'file',
};
import interExtPath from '@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2' with {
  type: 'file',
};
import interPath from '@fontsource-variable/inter/files/inter-latin-wght-normal.woff2' with {
  type: 'file',
};
import stylesPath from '../../generated/app.css' with { type: 'file' };
import scriptPath from '../../generated/app.js' with { type: 'file' };
import themePath from '../../generated/theme.js' with { type: 'file' };
import iconPath from '../../views/icon.svg' with { type: 'file' };
import type { AssetSource } from '../controllers/assets.ts';

const script = 'text/javascript; charset=utf-8';
const font = 'font/woff2';

export const pageAssets: readonly AssetSource[] = [
  { name: 'app.css', contentType: 'text/css; charset=utf-8', path: stylesPath },
  { name: 'app.js', contentType: script, path: scriptPath },
  { name: 'theme.js', contentType: script, path: themePath },
  { name: 'icon.svg', contentType: 'image/svg+xml', path: iconPath },
  { name: 'inter-latin.woff2', contentType: font, path: interPath },
  { name: 'inter-latin-ext.woff2', contentType: font, path: interExtPath },
  { name: 'geist-mono-latin.woff2', contentType: font, path: monoPath },
  { name: 'geist-mono-latin-ext.woff2', contentType: font, path: monoExtPath },
];
