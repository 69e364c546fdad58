/**
 * A process to be killed: holds the embedded PostgreSQL of the folder in its first argument.
 * Prints one JSON line when it is up ({"pid","adminUrl","appUrl"}) or has failed
 * ({"error","exitCode"}), and one for each log line. Stops on SIGTERM, only says so on SIGINT.
 */
import { startEmbedded } from '../../db/embedded/embedded.ts';
import { StartError } from '../../src/domain/start-error.ts';

const say = (line: Record<string, unknown>) => console.log(JSON.stringify(line));

const dataDir = process.argv[2];
if (dataDir === undefined) throw new Error('the data folder is missing');
try {
  const database = await startEmbedded({
    dataDir,
    dataDirNamed: true,
    log: (message, fields) => say({ log: message, ...fields }),
  });
  process.on('SIGINT', () => say({ signal: 'SIGINT' }));
  process.on('SIGTERM', async () => {
    await database.stop();
    process.exit(0);
  });
  say({ pid: process.pid, adminUrl: database.adminUrl, appUrl: database.appUrl });
} catch (error) {
  if (!(error instanceof StartError)) throw error;
  say({ error: error.message, exitCode: error.exitCode });
  process.exit(error.exitCode);
}
