/**
 * What script adds to pages that work without it. Everything listens on the document, so that parts
 * that htmx puts in later need no start of their own.
 */
import 'htmx.org';
import { tickAges } from './ages.ts';
import { copyOnClick } from './copy.ts';
import { openDialogs } from './dialogs.ts';
import { dragSpans } from './drag-span.ts';
import { keepFocusInParts } from './keep-focus.ts';
import { listenToKeys } from './keys.ts';
import { startKeysDialog } from './keys-dialog.ts';
import { watchLive } from './live.ts';
import { startPalette } from './palette.ts';
import { switchTheme } from './theme-switch.ts';
import { expireToasts, showToastsOfAnswers } from './toasts.ts';

document.documentElement.classList.add('scripted');
copyOnClick();
openDialogs();
switchTheme();
listenToKeys();
startPalette();
startKeysDialog();
dragSpans();
watchLive();
keepFocusInParts();
tickAges();
expireToasts();
showToastsOfAnswers();
