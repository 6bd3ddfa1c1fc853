// What a script adds to pages that work without one; keys.js comes by itself, before all this.
import { countSelection, takeSelectedWords } from "./selection.js";
import { bePresent, watchQueue } from "./presence.js";
import { copyAndOpen } from "./answer.js";
import { completeQueries } from "./complete.js";
import { brushCharts } from "./brush.js";
import { awaitTries } from "./live.js";
import { openPalette } from "./palette.js";
import { announce, closeMenus, copyLinks, keepDrafts, sendOnChange, tellZone, waitForFirst } from "./page.js";

tellZone();
countSelection();
takeSelectedWords();
sendOnChange();
closeMenus();
keepDrafts();
copyAndOpen();
completeQueries();
openPalette();
awaitTries();
brushCharts();
copyLinks();
announce();
waitForFirst();
bePresent();
watchQueue();
