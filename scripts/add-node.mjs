// Puts the checkout's Node.js into the package that npm is about to pack: who installs it needs no registry then, and no
// install scripts, which npm may refuse to run.
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const folder = join(root, "libexec");
mkdirSync(folder, { recursive: true });
copyFileSync(join(root, "node_modules/node/bin/node"), join(folder, "node"));
