/** What a daemon under test loads first, by `--import`: from then on its steps are points. */
import { watchDatabase } from "./database.ts";
import { watchFileSystem } from "./file-system.ts";
import { watchMessages } from "./messages.ts";
import { watchSystemCalls } from "./system-calls.ts";

watchFileSystem();
watchSystemCalls();
watchDatabase();
watchMessages();
