// Files carried in the binary: text is inlined, `type: 'file'` becomes a path that Bun can open.
declare module '*.sql' {
  const text: string;
  export default text;
}
declare module '*.txt' {
  const text: string;
  export default text;
}
declare module '*.tar.zst' {
  const path: string;
  export default path;
}
declare module '*.css' {
  const path: string;
  export default path;
}
declare module '*.svg' {
  const path: string;
  export default path;
}
declare module '*.woff2' {
  const path: string;
  export default path;
}
// What scripts/build-assets.ts makes for browsers.
declare module '*/generated/app.js' {
  const path: string;
  export default path;
}
declare module '*/generated/theme.js' {
  const path: string;
  export default path;
}

// Set by scripts/build.ts. From source they are not defined at all: ask with `typeof … ===
// 'string'`.
declare const OPSFORGE_VERSION: string | undefined;
declare const OPSFORGE_COMMIT: string | undefined;
