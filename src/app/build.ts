/** What was built: scripts/build.ts defines the constants, a checkout runs without them. */
import packageFile from '../../package.json' with { type: 'json' };

export const version =
  typeof OPSFORGE_VERSION === 'string' ? OPSFORGE_VERSION : packageFile.version;
export const commit = typeof OPSFORGE_COMMIT === 'string' ? OPSFORGE_COMMIT : 'checkout';
