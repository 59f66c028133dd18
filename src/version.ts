/** critter's own version, as package.json has it. */
import { readFileSync } from "node:fs";

// package.json is one folder up from src/ and from dist/ alike.
const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

export const version: string = manifest.version;
