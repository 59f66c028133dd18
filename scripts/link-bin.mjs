// Makes node_modules/.bin/critter in a checkout, as npm does for a package that is installed.
import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";

const folder = join(import.meta.dirname, "../node_modules/.bin");
const link = join(folder, "critter");
mkdirSync(folder, { recursive: true });
rmSync(link, { force: true });
symlinkSync("../../bin/critter", link);
