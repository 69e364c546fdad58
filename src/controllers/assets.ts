/**
 * Files of pages, served by us and by nobody else. The path holds a hash of the content, so that an
 * answer is good for ever; a file is read, hashed and gzipped once, when it is first asked for.
 */
import { Elysia } from 'elysia';
import { notFoundHere } from './problem.ts';

const hashLength = 16;
const yearSeconds = 31_536_000;

/** `path` of a file that the binary carries, or the text itself. */
export type AssetSource = { name: string; contentType: string } & (
  | { path: string }
  | { text: string }
);

type Bytes = Uint8Array<ArrayBuffer>;
/** `gzipped` is null for what is compressed already. */
type Loaded = { url: string; bytes: Bytes; gzipped: Bytes | null };

export type Assets = {
  /** `/assets/<hash>/<name>`; throws for a name that is not among them. */
  urlOf(name: string): Promise<string>;
  /** Null when there is no such file with such a content. */
  answer(request: Request, hash: string, name: string): Promise<Response | null>;
};

export function createAssets(sources: readonly AssetSource[]): Assets {
  const byName = new Map(sources.map((source) => [source.name, source]));
  const loading = new Map<string, Promise<Loaded>>();

  function load(source: AssetSource): Promise<Loaded> {
    const known = loading.get(source.name);
    if (known !== undefined) return known;
    const made = loadAsset(source);
    loading.set(source.name, made);
    return made;
  }

  return {
    async urlOf(name) {
      const source = byName.get(name);
      if (source === undefined) throw new Error(`there is no asset named ${name}`);
      return (await load(source)).url;
    },
    async answer(request, hash, name) {
      const source = byName.get(name);
      if (source === undefined) return null;
      const { url, bytes, gzipped } = await load(source);
      if (url !== assetUrl(hash, name)) return null;
      const headers = {
        'content-type': source.contentType,
        'cache-control': `public, max-age=${yearSeconds}, immutable`,
        vary: 'accept-encoding',
      };
      const takesGzip = /\bgzip\b/.test(request.headers.get('accept-encoding') ?? '');
      return takesGzip && gzipped !== null
        ? new Response(gzipped, { headers: { ...headers, 'content-encoding': 'gzip' } })
        : new Response(bytes, { headers });
    },
  };
}

/** The one route of all files. */
export function assetRoutes(assets: Assets) {
  return new Elysia().get('/assets/:hash/:name', async ({ request, params: { hash, name } }) => {
    const found = await assets.answer(request, hash, name);
    if (found === null) throw notFoundHere();
    return found;
  });
}

/** scripts/build-assets.ts writes the addresses of fonts into the style sheet by it. */
export function assetUrl(hash: string, name: string): string {
  return `/assets/${hash}/${name}`;
}

export function contentHash(bytes: Uint8Array): string {
  return Bun.SHA256.hash(bytes, 'hex').slice(0, hashLength);
}

async function loadAsset(source: AssetSource): Promise<Loaded> {
  const bytes =
    'path' in source
      ? await Bun.file(source.path).bytes()
      : new Uint8Array(new TextEncoder().encode(source.text));
  const isPacked = source.contentType.startsWith('font/');
  return {
    url: assetUrl(contentHash(bytes), source.name),
    bytes,
    gzipped: isPacked ? null : Bun.gzipSync(bytes),
  };
}
