/** Name and life as in src/controllers/pages/theme.ts. */
const yearSeconds = 31_536_000;

export function keepTheme(theme: 'light' | 'dark'): void {
  const secure = location.protocol === 'https:' ? '; secure' : '';
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is not in every browser
  document.cookie = `opsforge_theme=${theme}; path=/; max-age=${yearSeconds}; samesite=lax${secure}`;
}
