/** Before every test file: hooks start servers, which takes seconds on a busy machine. */
import { setDefaultTimeout } from 'bun:test';

setDefaultTimeout(60_000);
